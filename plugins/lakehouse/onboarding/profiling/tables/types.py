"""From PostgreSQL's types to a contract's, as Airbyte delivers each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_CONTRACT_TYPES: Final = {
    "int2": "int", "int4": "int", "int8": "bigint",
    "float4": "double", "float8": "double",
    "bool": "boolean", "oid": "bigint",
    "date": "date", "timestamp": "timestamp", "timestamptz": "timestamp",
}  # fmt: skip
"""By pg_type.typname. Everything else is varchar."""
_NOTES: Final = {
    "timestamptz": "in UTC",
    "json": "as JSON text",
    "jsonb": "as JSON text",
    "time": "as text, e.g. 23:59:00",
    "timetz": "as text",
    "interval": "as text, e.g. 1 day 02:00:00",
    "xml": "as text",
}
_WIDEST_DECIMAL: Final = 38
_MODIFIER_OFFSET: Final = 4
_SCALE_MASK: Final = 0x7FF


@dataclass(frozen=True)
class PostgresType:
    """A column's type, a domain already replaced by what it stands for."""

    name: str
    """pg_type.typname of the base type, e.g. `numeric`; of an array that of its elements."""
    shown: str
    """As PostgreSQL shows it (format_type), e.g. `numeric(12,2)`."""
    kind: str = "b"
    """pg_type.typtype of the base type: b base, e enum, c composite, r range, m multirange."""
    modifier: int = -1
    """pg_attribute.atttypmod, or the domain's (pg_type.typtypmod)."""
    is_array: bool = False
    is_domain: bool = False


@dataclass(frozen=True)
class ContractType:
    """What a contract says of a column of some type."""

    name: str
    note: str = ""
    unsupported: str = ""


def contract_type(found: PostgresType) -> ContractType:
    """The contract's type of a column, with what a reader should know of it."""
    if found.is_array:
        return ContractType("varchar", "as JSON text, e.g. [1,2]")
    if found.kind == "c":
        return ContractType("varchar", "as PostgreSQL's text of a composite value, e.g. (1,2)")
    if found.kind in "rm":
        return ContractType("varchar", "as PostgreSQL's text of a range, e.g. [1,10)")
    if found.kind == "e":
        return ContractType("varchar")
    if found.name == "bytea":
        return ContractType(
            "varchar",
            unsupported="bytes are not text: leave the column out, or make a view with "
            "encode(<column>, 'base64')",
        )
    if found.name == "money" and found.is_domain:
        return ContractType(
            "varchar",
            "as text in the server's currency format, as Airbyte delivers a domain's values as text: make a "
            "view that casts it to numeric(19,2)",
        )
    if found.name in ("numeric", "money"):
        return _numeric(found.modifier)
    if found.name == "bool" and found.is_domain:
        return ContractType("varchar", "as text, t or f: Airbyte delivers a domain's values as text")
    return ContractType(_CONTRACT_TYPES.get(found.name, "varchar"), _NOTES.get(found.name, ""))


def _numeric(modifier: int) -> ContractType:
    if modifier < _MODIFIER_OFFSET:
        return ContractType(
            "varchar", "as text, so that no digit is lost: a numeric without a precision may have any number"
        )
    packed = modifier - _MODIFIER_OFFSET
    precision, scale = packed >> 16, packed & _SCALE_MASK
    if precision <= _WIDEST_DECIMAL and scale <= precision:
        return ContractType(f"decimal({precision},{scale})")
    return ContractType("varchar", f"as text: a decimal has at most {_WIDEST_DECIMAL} digits")
