"""All files of a business but the shared ones. They depend on the blueprint alone: each can be made again."""

from __future__ import annotations

from lakehouse.onboarding.adding.render.connections import render_connections
from lakehouse.onboarding.adding.render.contracts import render_contracts
from lakehouse.onboarding.adding.render.models import render_models
from lakehouse.onboarding.writing.blueprint import Blueprint


def files_of(blueprint: Blueprint) -> dict[str, str]:
    """Texts by path below the repository's root."""
    return {
        path: text
        for render in (render_connections, render_contracts, render_models)
        for path, text in render(blueprint)
    }
