"""Names and texts as DuckDB's SQL writes them."""


def quoted(name: str) -> str:
    """An identifier for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def unquoted(identifier: str) -> str:
    """The name that an identifier of DuckDB stands for."""
    if not identifier.startswith('"'):
        return identifier
    return identifier[1:-1].replace('""', '"')


def literal(text: str) -> str:
    """A string literal for DuckDB."""
    return "'" + text.replace("'", "''") + "'"
