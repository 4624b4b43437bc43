"""Which HTTP answers are worth a retry."""

from __future__ import annotations

import pytest

from lakehouse.platform.http_answers import Answer, kind_of


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, Answer.OK),
        (204, Answer.OK),
        (302, Answer.OK),
        (400, Answer.REFUSED),
        (401, Answer.UNAUTHORIZED),
        (403, Answer.FORBIDDEN),
        (404, Answer.NOT_FOUND),
        (405, Answer.REFUSED),
        (408, Answer.AWAY),
        (409, Answer.BUSY),
        (422, Answer.REFUSED),
        (425, Answer.AWAY),
        (429, Answer.AWAY),
        (499, Answer.REFUSED),
        (500, Answer.AWAY),
        (502, Answer.AWAY),
        (503, Answer.AWAY),
        (504, Answer.AWAY),
        (599, Answer.AWAY),
    ],
)
def test_an_answer_has_one_kind(status: int, kind: Answer) -> None:
    assert kind_of(status) is kind
