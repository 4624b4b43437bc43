"""A stream's columns at the source against those of its contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lakehouse.bronze.contract import NewColumns
from lakehouse.onboarding.checking.declared import DeclaredStream
from lakehouse.onboarding.checking.finding import Finding, differs, note
from lakehouse.onboarding.profiling.fitting import is_number, type_holds
from lakehouse.onboarding.profiling.profile import ColumnProfile


def compare_columns(
    declared: DeclaredStream, found: Sequence[ColumnProfile], guessed: bool
) -> Iterator[Finding]:
    """What differs; nothing if all fits.

    Args:
        declared: the stream with its contract.
        found: the columns that the source has now.
        guessed: were their types guessed from a sample?
    """
    now = {column.name: column for column in found if not column.unsupported}
    absent = [name for name in declared.types if name not in now and name not in declared.gone]
    new = [name for name in now if name not in declared.types]
    yield from _renamed(declared, absent, new, now)
    for name, wanted in declared.types.items():
        if name in now and not holds(wanted, now[name], guessed):
            yield differs(
                declared.lake_name,
                f"{name} is {now[name].source_type} now, and the contract says {wanted}",
                f"bin/source add {declared.connection.business} gives it the type {now[name].contract_type} "
                "in the contract and the models, and says what to run",
            )
    yield from _new_values(declared, now)


def _renamed(
    declared: DeclaredStream, absent: Sequence[str], new: Sequence[str], now: Mapping[str, ColumnProfile]
) -> Iterator[Finding]:
    add = f"bin/source add {declared.connection.business}"
    if absent:
        words = f"{', '.join(absent)} {_are(absent)} absent"
        remedy = f"{add} proposes what to write"
        if new:
            words += f"; {', '.join(new)} {_are(new)} new"
            likeliest = _likeliest(declared, absent[0], new, now)
            renamed = f"{declared.stream.name}.{absent[0]}={likeliest}"
            remedy = f"{add} --rename {renamed}, if that is its new name"
        yield differs(declared.lake_name, words, remedy)
    elif new:
        words = f"{', '.join(new)} {_are(new)} new at the source"
        if declared.contract.new_columns is NewColumns.REFUSE:
            yield differs(declared.lake_name, f"{words}, which the contract refuses", add)
        else:
            yield note(declared.lake_name, f"{words} and not brought in", f"{add} brings them in")


def _likeliest(
    declared: DeclaredStream, absent: str, new: Sequence[str], now: Mapping[str, ColumnProfile]
) -> str:
    """The new column that may be the absent one: of its type, and first among those."""
    alike = [name for name in new if now[name].contract_type == declared.types[absent]]
    return (alike or list(new))[0]


def _new_values(declared: DeclaredStream, now: Mapping[str, ColumnProfile]) -> Iterator[Finding]:
    for column in declared.contract.columns:
        seen = now.get(column.name)
        if seen is None or column.one_of is None:
            continue
        if unknown := [value for value in seen.one_of if value not in column.one_of]:
            yield differs(
                declared.lake_name,
                f"{column.name} may be {', '.join(unknown)} now, and rows with it would go to quarantine",
                f"bin/source add {declared.connection.business} adds it to the contract",
            )


def holds(wanted: str, found: ColumnProfile, guessed: bool) -> bool:
    """Does the contract's type take every value of the source's column?"""
    seen = found.contract_type
    if guessed and "varchar" not in (wanted, seen):
        # A sample says little: 12 may stand for 12.50, and midnight for a day.
        return is_number(wanted) == is_number(seen)
    return type_holds(wanted, seen, found.source_type)


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
