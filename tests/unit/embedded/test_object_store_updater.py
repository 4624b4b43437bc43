"""When Swift's updater sweeps: only while a listing is owed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from swift.obj.updater import ObjectUpdater

from embedded.object_store.updater import UpdaterOnDemand


@pytest.fixture
def swept(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The devices of every sweep that was made."""
    sweeps: list[Any] = []
    monkeypatch.setattr(ObjectUpdater, "_process_devices", lambda self, devices: sweeps.append(devices))
    return sweeps


@pytest.fixture
def updater(tmp_path: Path) -> UpdaterOnDemand:
    (tmp_path / "devices" / "disk" / "objects").mkdir(parents=True)
    # What Swift leaves behind when all has been repaired.
    (tmp_path / "devices" / "disk" / "async_pending" / "089").mkdir(parents=True)
    return UpdaterOnDemand(
        {"devices": str(tmp_path / "devices"), "mount_check": "false", "recon_cache_path": str(tmp_path)}
    )


def test_nothing_is_swept_while_no_listing_is_owed(updater: UpdaterOnDemand, swept: list[Any]) -> None:
    assert updater.run_once() == 0.0
    assert swept == []


@pytest.mark.parametrize("folder", ["async_pending", "async_pending-1"])
def test_a_listing_that_is_owed_is_swept_for_whatever_the_storage_policy(
    updater: UpdaterOnDemand, swept: list[Any], folder: str
) -> None:
    pending = Path(updater.devices) / "disk" / folder / "2c3"
    pending.mkdir(parents=True)
    (pending / "128277c3d93bd394e9a2d17f8f5c1089-1795891209.07597").touch()
    updater.run_once()
    assert swept == [["disk"]]
