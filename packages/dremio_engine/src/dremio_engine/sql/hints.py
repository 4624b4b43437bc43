"""What a query says about reflections (docs.dremio.com, Use Reflection Hints)."""

from dataclasses import dataclass

from sqlglot import exp

HINTS = ("no_reflections", "consider_reflections", "choose_reflections")


@dataclass(frozen=True)
class Hints:
    """Ids of reflections; an empty list says nothing."""

    none: bool = False
    consider: tuple[str, ...] = ()
    choose: tuple[str, ...] = ()


def hints_in(tree: exp.Expr) -> Hints:
    """The hints behind the first SELECT of a query."""
    select = tree.find(exp.Select)
    hint = select.args.get("hint") if select is not None else None
    found: dict[str, tuple[str, ...]] = {}
    for word in hint.expressions if hint is not None else ():
        name = word.name.lower()
        if name in HINTS:
            found[name] = tuple(a.name for a in word.args.get("expressions") or ())
    return Hints(
        "no_reflections" in found, found.get("consider_reflections", ()), found.get("choose_reflections", ())
    )
