"""How the engine is put together: from constructors alone, and with one way for every command."""

import ast
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.engine_with_reflections import ReflectedEngine

import dremio_engine
from dremio_engine.sql.statements import commands as c
from dremio_engine.tables.handlers import merged

SOURCES = sorted(Path(dremio_engine.__file__).parent.rglob("*.py"))
# sqlglot's trees are data that a translator rewrites in place; these are what they let a rewriter note.
TREE_NOTES = {"meta", "_meta"}


def changes_of_others(tree: ast.Module) -> Iterator[str]:
    """Every place that sets or deletes an attribute, or a part of one, of an object other than self."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.Delete):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr":
            yield f"line {node.lineno}: {ast.unparse(node)}"
            continue
        else:
            continue
        if any(_is_of_another(leaf) for target in targets for leaf in _leaves(target)):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def _leaves(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _leaves(element)
    elif isinstance(target, ast.Starred):
        yield from _leaves(target.value)
    else:
        yield target


def _is_of_another(target: ast.expr) -> bool:
    while isinstance(target, ast.Subscript):
        target = target.value
    if not isinstance(target, ast.Attribute) or target.attr in TREE_NOTES:
        return False
    return not (isinstance(target.value, ast.Name) and target.value.id in ("self", "cls"))


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_nothing_changes_an_attribute_of_another_object(file: Path) -> None:
    assert list(changes_of_others(ast.parse(file.read_text()))) == []


@pytest.mark.parametrize(
    "line",
    [
        "catalog.system_table = tables.relation",
        "executor.authorize, executor.record = check, note",
        "executor.handlers[Query] = run",
        "self.catalog.is_member = roles.has",
        "job.count += 1",
        "del engine.jobs",
        "setattr(engine, 'jobs', jobs)",
    ],
)
def test_the_check_of_the_wiring_sees_a_late_assignment(line: str) -> None:
    assert list(changes_of_others(ast.parse(line)))
    assert not list(changes_of_others(ast.parse("self.jobs = jobs; rows[0] = 1; self._kept[1] = 2")))


def test_every_command_has_one_way_through_the_engine(tmp_path: Path) -> None:
    engine = ReflectedEngine(tmp_path)
    try:
        handled = set(engine.engine.handlers)
    finally:
        engine.close()
    read_by_the_chain = {c.Query, c.Explain, c.Show}
    assert handled | read_by_the_chain == set(typing.get_args(c.Command))
    assert not handled & read_by_the_chain


def test_two_handlers_of_one_command_are_refused_when_the_engine_is_put_together() -> None:
    def run(*_: object) -> typing.Any:
        raise AssertionError("never run")

    with pytest.raises(ValueError, match="two parts run Drop"):
        merged({c.Drop: run}, {c.Truncate: run, c.Drop: run})
