"""Are the environments of this checkout built from the locks that it has now?"""

from __future__ import annotations

import importlib.machinery
import importlib.util
from collections.abc import Iterator
from typing import Any

from lakehouse.observe.doctor.finding import Finding, NotConfiguredError, warn
from lakehouse.observe.doctor.surroundings import Surroundings


def environments_look(around: Surroundings) -> Iterator[Finding]:
    """Environments that are there and whose stamp is not that of their lock; asks bin/bootstrap itself."""
    script = around.checkout / "bin" / "bootstrap"
    if not script.exists() or not (around.checkout / ".local" / "envs").is_dir():
        raise NotConfiguredError("this is not a checkout with environments of its own")
    # It has no suffix: the loader is named.
    loader = importlib.machinery.SourceFileLoader("lakehouse_bootstrap", str(script))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    if spec is None:
        raise NotConfiguredError(f"{script} cannot be loaded")
    bootstrap: Any = importlib.util.module_from_spec(spec)
    loader.exec_module(bootstrap)
    for name in bootstrap.LOCKS:
        folder = bootstrap.ENVS / name
        if folder.is_dir() and not bootstrap.is_built(name):
            stamp = folder / bootstrap.STAMP
            seen = f"{stamp.name} of .local/envs/{name} is not that of its lock"
            if not stamp.exists():
                seen = f".local/envs/{name} was never finished: it has no {stamp.name}"
            yield warn(f"the environment {name} is stale", seen, f"bin/bootstrap {name}")
