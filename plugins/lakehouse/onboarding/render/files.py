"""All files of a business but the shared ones. They depend on the blueprint alone: each can be made again."""

from __future__ import annotations

from lakehouse.onboarding.blueprint import Blueprint
from lakehouse.onboarding.render.connections import render_connections
from lakehouse.onboarding.render.contracts import render_contracts
from lakehouse.onboarding.render.models import render_models


def files_of(blueprint: Blueprint) -> dict[str, str]:
    """Texts by path below the repository's root."""
    return {
        path: text
        for render in (render_connections, render_contracts, render_models)
        for path, text in render(blueprint)
    }
