"""The statements in this package's tests and data that the gate admits."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.support.gate import is_admitted

TESTS = Path(__file__).resolve().parent.parent
_BEGINS = re.compile(r"\s*(select|with|values|insert|update|delete|merge|create|explain)\s", re.IGNORECASE)


def admitted_statements() -> list[str]:
    """Each once. What stands in the braces of an f-string is replaced by a name."""
    files = [file for file in TESTS.rglob("*.py") if file.parent.name != "grammar"]
    texts = {text for file in files for text in _texts(file)}
    return sorted(text for text in texts if _BEGINS.match(text) and is_admitted(text))


def _texts(file: Path) -> list[str]:
    tree = ast.parse(file.read_text())
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "x" for part in node.values]
            found.append("".join(map(str, parts)))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "value":
            # An example of tests/dialect: an expression and its value.
            found += [f"select {a.value}" for a in node.args[:1] if isinstance(a, ast.Constant)]
    return found
