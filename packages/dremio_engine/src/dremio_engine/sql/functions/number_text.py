"""TO_CHAR of numbers: java.text.DecimalFormat as templates of DuckDB's SQL."""

from collections.abc import Sequence

from sqlglot import exp

from dremio_engine.errors import Unsupported
from dremio_engine.sql.data_types.type_rules import decimal_of
from dremio_engine.sql.formats import NumberFormat, is_number_format, number_format
from dremio_engine.sql.functions.signature import build

_MOST_DIGITS = 38


def number_text(wanted: NumberFormat) -> str:
    """A DOUBLE, rounded half to even, zeros the format does not ask for cut off."""
    value = "CAST({0} AS DOUBLE)" + (" * 100" if wanted.tail else "")
    rounded = f"round_even({value}, {wanted.most})"
    comma = "," if wanted.grouped else ""
    if wanted.whole > 1 and not wanted.grouped:
        width = wanted.whole + (wanted.most + 1 if wanted.most else 0)
        text = f"format('{{{{:0{width}.{wanted.most}f}}}}', abs({rounded}))"
    else:
        _check(wanted)
        text = f"format('{{{{:{comma}.{wanted.most}f}}}}', abs({rounded}))"
    return _shown(wanted, text, f"{rounded} < 0", wanted.most)


def exact_number_text(arguments: Sequence[exp.Expr], kinds: Sequence[str | None]) -> exp.Expr | None:
    """TO_CHAR of a DECIMAL or a whole number, digit by digit; nothing for another call.

    The arguments are translated already, their types are DuckDB's names of what they were before.
    """
    size = decimal_of(kinds[0]) if len(arguments) == 2 else None
    pattern = arguments[-1]
    if size is None or not (isinstance(pattern, exp.Literal) and is_number_format(pattern.name)):
        return None
    wanted = number_format(pattern.name)
    _check(wanted)
    scale = size[1]
    digits = "CAST(replace(CAST({0} AS VARCHAR), '.', '') AS HUGEINT)" if scale else "CAST({0} AS HUGEINT)"
    if wanted.tail:
        # A hundred times as much: the point moves.
        digits, scale = (digits, scale - 2) if scale >= 2 else (f"{digits} * {10 ** (2 - scale)}", 0)
    part = min(wanted.most, scale)
    rounded = _half_to_even(digits, scale - part) if scale > part else digits
    whole = f"abs({rounded}) // {_power(part)}" if part else f"abs({rounded})"
    text = f"format('{{{{:,}}}}', {whole})" if wanted.grouped else f"CAST({whole} AS VARCHAR)"
    if wanted.whole > 1:
        text = f"lpad({text}, CAST(greatest({wanted.whole}, length({text})) AS INTEGER), '0')"
    if wanted.most:
        shown = f"lpad(CAST(abs({rounded}) % {_power(part)} AS VARCHAR), {part}, '0')" if part else "''"
        text = f"{text} || '.' || rpad({shown}, {wanted.most}, '0')"
    return build(_shown(wanted, f"({text})", f"{rounded} < 0", wanted.most), arguments[:1])


def _half_to_even(digits: str, places: int) -> str:
    """A whole number without its last digits."""
    unit = _power(places)
    quotient, rest = f"abs({digits}) // {unit}", f"abs({digits}) % {unit}"
    up = f"{rest} > {unit} - {rest} OR ({rest} = {unit} - {rest} AND ({quotient}) % 2 = 1)"
    sign = f"CASE WHEN {digits} < 0 THEN -1 ELSE 1 END"
    return f"({sign} * ({quotient} + CASE WHEN {up} THEN 1 ELSE 0 END))"


def _power(places: int) -> str:
    return f"CAST(1{'0' * min(places, _MOST_DIGITS)} AS HUGEINT)"


def _shown(wanted: NumberFormat, text: str, negative: str, places: int) -> str:
    """What stands around the digits, and no zeros that the format does not ask for."""
    if places and not wanted.least:
        text = f"regexp_replace({text}, '\\.?0+$', '')"
    elif places > wanted.least:
        text = f"regexp_replace({text}, '(\\.\\d{{{{{wanted.least}}}}}\\d*?)0+$', '\\1')"
    if wanted.whole == 0:
        text = f"regexp_replace({text}, '^0\\.', '.')"
    return f"CASE WHEN {negative} THEN '-' ELSE '' END || '{wanted.head}' || {text} || '{wanted.tail}'"


def _check(wanted: NumberFormat) -> None:
    if wanted.whole > 1 and wanted.grouped:
        raise Unsupported("Number formats with both grouping and leading zeros are not supported.")
