"""bin/prometheus: what is fetched, what is refused, what is said; and what is made of the configuration."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from embedded.prometheus.service import OBSERVE, addressed
from embedded.settings import ROOT, Settings
from embedded.stack.service import PreparationError

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="no dpkg-deb: not a Debian machine")

APT = """\
#!/bin/sh
# apt-get with the packages of a folder: `update`, and `download name` or `download name=version`.
for word in "$@"; do last=$word; done
case "$*" in *update*)
    test -e {mirror}/reachable || {{ echo 'E: Failed to fetch the lists' >&2; exit 100; }}
    exit 0;;
esac
name=${{last%%=*}}
version=${{last#"$name"}}; version=${{version#=}}
set -- {mirror}/"$name"_${{version:-*}}_all.deb
test -e "$1" || {{ echo "E: Version '$version' for '$name' was not found" >&2; exit 100; }}
cp "$1" .
"""


class Mirror:
    """A folder of packages, and the script with a folder and a lock of its own."""

    def __init__(self, folder: Path, script: ModuleType) -> None:
        self.folder, self.script = folder, script

    def publish(self, name: str, version: str, *programs: str, content: str = "#!/bin/sh\n") -> str:
        """Its SHA-256. Alertmanager's program holds the path of its templates."""
        tree = self.folder / f"{name}-{version}"
        for program in programs:
            (tree / "usr" / "bin").mkdir(parents=True, exist_ok=True)
            (tree / "usr" / "bin" / program).write_text(content)
        templates = tree / "usr/share/prometheus/alertmanager"
        templates.mkdir(parents=True)
        (templates / "default.tmpl").write_text("a template")
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN" / "control").write_text(
            f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n"
        )
        package = self.folder / f"{name}_{version}_all.deb"
        subprocess.run(["dpkg-deb", "-b", tree, package], check=True, stdout=subprocess.DEVNULL)
        return hashlib.sha256(package.read_bytes()).hexdigest()

    def lock(self, *lines: str) -> None:
        self.script.LOCK.write_text("# a comment\n" + "\n".join(lines) + "\n")

    def has_all(self) -> bool:
        programs = self.script.FOLDER / "usr" / "bin"
        return all((programs / name).exists() for name in self.script.PROGRAMS)


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    loader = SourceFileLoader("prometheus_packages", str(ROOT / "bin" / "prometheus"))
    spec = importlib.util.spec_from_loader("prometheus_packages", loader)
    assert spec
    script = importlib.util.module_from_spec(spec)
    loader.exec_module(script)
    monkeypatch.setattr(script, "FOLDER", tmp_path / "fetched")
    monkeypatch.setattr(script, "LOCK", tmp_path / "packages.lock")
    found = Mirror(tmp_path / "mirror", script)
    tools = tmp_path / "tools"
    for folder in (found.folder, tools):
        folder.mkdir()
    (tools / "apt-get").write_text(APT.format(mirror=found.folder))
    (tools / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    (found.folder / "reachable").touch()
    return found


def architecture() -> str:
    return subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    ).stdout.strip()


def published(mirror: Mirror, version: str) -> tuple[str, str]:
    path = "xx/usr/share/prometheus/alertmanager/ui yy/usr/share/prometheus/alertmanager3552 zz"
    return (
        mirror.publish("prometheus", version, "prometheus", "promtool"),
        mirror.publish("prometheus-alertmanager", version, "prometheus-alertmanager", content=path),
    )


def test_the_locked_packages_are_fetched_once(mirror: Mirror, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = published(mirror, "2.42")
    mirror.lock(
        f"prometheus 2.42 {architecture()} {first}", f"prometheus-alertmanager 2.42 {architecture()} {second}"
    )
    mirror.script.main()
    assert mirror.has_all()
    assert "signatures alone" not in capsys.readouterr().out
    (mirror.folder / "reachable").unlink()
    mirror.script.main()
    assert capsys.readouterr().out == "", "a run with nothing to do asks nobody"
    assert (
        sorted(entry.name for entry in mirror.script.FOLDER.iterdir() if entry.name.startswith(".fetch"))
        == []
    )


def test_alertmanager_reads_its_templates_from_the_fetched_folder(mirror: Mirror) -> None:
    first, second = published(mirror, "2.42")
    mirror.lock(
        f"prometheus 2.42 {architecture()} {first}", f"prometheus-alertmanager 2.42 {architecture()} {second}"
    )
    mirror.script.main()
    program = (mirror.script.FOLDER / "usr/bin/prometheus-alertmanager").read_text()
    here = ".local/prometheus".ljust(len("/usr/share/prometheus/alertmanager"), "/")
    assert program == f"xx/usr/share/prometheus/alertmanager/ui yy{here}3552 zz"
    assert (mirror.script.FOLDER / "default.tmpl").read_text() == "a template"


def test_a_version_that_a_point_release_has_replaced_is_replaced_here_and_said(
    mirror: Mirror, capsys: pytest.CaptureFixture[str]
) -> None:
    published(mirror, "2.43")
    mirror.lock(
        f"prometheus 2.42 {architecture()} {'0' * 64}",
        f"prometheus-alertmanager 2.42 {architecture()} {'0' * 64}",
    )
    mirror.script.main()
    assert mirror.has_all()
    said = capsys.readouterr().out
    assert "2.42 is gone" in said
    assert "prometheus_2.43_all.deb" in said


def test_another_architecture_takes_what_its_mirror_has(
    mirror: Mirror, capsys: pytest.CaptureFixture[str]
) -> None:
    published(mirror, "2.42")
    mirror.lock("prometheus 2.42 m68k 00", "prometheus-alertmanager 2.42 m68k 00")
    mirror.script.main()
    assert mirror.has_all()
    assert "none for this architecture" in capsys.readouterr().out


def test_a_package_that_is_another_than_the_lock_s_is_not_kept(mirror: Mirror) -> None:
    published(mirror, "2.42")
    mirror.lock(
        f"prometheus 2.42 {architecture()} {'0' * 64}",
        f"prometheus-alertmanager 2.42 {architecture()} {'0' * 64}",
    )
    with pytest.raises(SystemExit, match="not the SHA-256"):
        mirror.script.main()
    assert not mirror.has_all()


def test_without_a_mirror_it_says_what_to_look_at(mirror: Mirror) -> None:
    published(mirror, "2.42")
    mirror.lock(f"prometheus 2.42 {architecture()} {'0' * 64}")
    (mirror.folder / "reachable").unlink()
    with pytest.raises(SystemExit, match=r"Failed to fetch the lists.*mirror reachable"):
        mirror.script.main()


def test_an_alertmanager_that_reads_its_templates_elsewhere_is_refused(mirror: Mirror) -> None:
    first = mirror.publish("prometheus", "2.42", "prometheus", "promtool")
    second = mirror.publish(
        "prometheus-alertmanager", "2.42", "prometheus-alertmanager", content="another path"
    )
    mirror.lock(
        f"prometheus 2.42 {architecture()} {first}", f"prometheus-alertmanager 2.42 {architecture()} {second}"
    )
    with pytest.raises(SystemExit, match="does not read"):
        mirror.script.main()
    assert not mirror.has_all()


@pytest.mark.parametrize("name", ["prometheus.yml", "alertmanager.yml"])
def test_production_s_configuration_with_addresses_of_here(name: str) -> None:
    settings = Settings.from_environ({"LAKEHOUSE_PORT_OFFSET": "500"})
    text = addressed((OBSERVE / name).read_text(), settings)
    assert "127.0.0.1:9687" in text, "the observer's port of this platform"
    assert yaml.safe_load(text).keys() == yaml.safe_load((OBSERVE / name).read_text()).keys()
    for service in ("observer:", "prometheus:9", "alertmanager:9"):
        assert service not in "\n".join(
            line.split("#")[0] for line in text.splitlines() if "receiver:" not in line
        )


def test_a_configuration_that_names_no_known_address_is_refused() -> None:
    with pytest.raises(PreparationError, match="observer:9187"):
        addressed("scrape_configs: []", Settings.from_environ({}))
