"""JSON texts as Dremio's own reader takes them (BaseJsonProcessor of dremio-oss)."""

import json
from typing import Any

import pytest

from dremio_engine.sql.json_text import strict_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{a:1}", {"a": 1}),
        ('{a: 1, "b c": {d_1 : [true, null]}, $e:"x"}', {"a": 1, "b c": {"d_1": [True, None]}, "$e": "x"}),
        ('{"a": "b:1, c: 2"}', {"a": "b:1, c: 2"}),
        ('{"a": "say \\"b:\\" // no comment"}', {"a": 'say "b:" // no comment'}),
        ("/* one */ {a: /* two:2 */ 1} // three", {"a": 1}),
        ("[1,2,3]", [1, 2, 3]),
        ('"a:1"', "a:1"),
    ],
)
def test_names_may_be_bare_and_comments_are_passed_over(text: str, value: Any) -> None:
    assert json.loads(strict_json(text)) == value


@pytest.mark.parametrize("text", ["{a 1}", "{a:b}", "{'a':1}", "a:1", "{a:1", "", "{1a:1}", "/* {}"])
def test_what_is_no_json_even_so_is_refused(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(strict_json(text))
