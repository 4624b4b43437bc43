"""The window frames that Dremio plans; it parses every other (dremio-oss, UnsupportedOperatorsVisitor)."""

from sqlglot import exp

_UNBOUNDED, _CURRENT_ROW = "UNBOUNDED", "CURRENT ROW"
PRECEDING, FOLLOWING = "PRECEDING", "FOLLOWING"

# UNBOUNDED, CURRENT ROW or the number of rows, and PRECEDING or FOLLOWING.
Bound = tuple[str | exp.Expr, str]
_FIRST, _HERE, _LAST = (_UNBOUNDED, PRECEDING), (_CURRENT_ROW, ""), (_UNBOUNDED, FOLLOWING)


def frame_fault(window: exp.Window) -> str | None:
    """Why Dremio does not plan a window's frame, if it has one that Dremio does not plan."""
    spec = window.args.get("spec")
    kind = str(spec.args.get("kind")).upper() if spec is not None else ""
    if kind not in ("ROWS", "RANGE"):
        return None
    # A window that names another takes its order from there.
    ordered = window.args.get("order") is not None or window.args.get("alias") is not None
    rows = kind == "ROWS"
    lower, upper = _bound(spec, "start"), _bound(spec, "end")
    if (lower, upper) in _plain_frames(rows, ordered):
        return None
    if (
        not (rows and ordered and lower is not None and upper is not None)
        or lower == _LAST
        or upper == _FIRST
    ):
        return "Dremio has no such window frame"
    first, last = _distance(lower), _distance(upper)
    if first is None or last is None:
        return "the bounds of a frame are numbers of rows"
    return "a frame ends before it begins" if first > last else None


def _plain_frames(rows: bool, ordered: bool) -> list[tuple[Bound | None, Bound | None]]:
    """Those without a number of rows."""
    found: list[tuple[Bound | None, Bound | None]] = [(_HERE, _LAST)]
    if rows or ordered:
        found += [(_FIRST, None), (_FIRST, _HERE)]
    if not rows:
        found.append((_HERE, _HERE))
    return [*found, (_FIRST, _LAST)]


def _bound(spec: exp.WindowSpec, end: str) -> Bound | None:
    value, side = spec.args.get(end), spec.args.get(f"{end}_side")
    if value is None:
        return None
    return value.upper() if isinstance(value, str) else value, str(side or "").upper()


def _distance(bound: Bound) -> float | None:
    """Rows from the current one, those before it below zero."""
    value, side = bound
    if value == _CURRENT_ROW:
        return 0
    if value == _UNBOUNDED:
        return float("-inf") if side == PRECEDING else float("inf")
    if not isinstance(value, exp.Literal) or not value.name.isdecimal():
        return None
    return -int(value.name) if side == PRECEDING else int(value.name)
