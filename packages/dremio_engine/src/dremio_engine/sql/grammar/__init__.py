"""The grammar of Dremio's queries and changes: the first word that has no place in it.

It follows Apache Calcite's reference (calcite.apache.org/docs/reference.html) with what Dremio documents
beside it (docs.dremio.com, SQL reference). What Calcite has and the engine does not (MATCH_RECOGNIZE,
multisets, periods, JSON_VALUE and its like) is left out. `tests/grammar` compares it with Calcite's own
parser.

Each module has functions that read one thing from a `Cursor`. They call each other in circles, as the things
hold each other: a query holds expressions, and an expression may be a query.
"""

from dremio_engine.sql.grammar import changes, queries
from dremio_engine.sql.grammar.cursor import END, Cursor, Stopped
from dremio_engine.sql.refusals.faults import Fault
from dremio_engine.sql.refusals.words import Words

_CHANGES = {
    "INSERT": changes.insert,
    "DELETE": changes.delete,
    "UPDATE": changes.update,
    "MERGE": changes.merge,
}


def grammar_fault(words: Words, sql: str) -> Fault | None:
    """What is wrong with a query or a change, if anything."""
    cursor = Cursor(words)
    try:
        _CHANGES.get(cursor.word, queries.query)(cursor)
        if cursor.word != END:
            cursor.stop()
    except Stopped as stopped:
        if stopped.at >= len(words):
            return Fault(len(sql.rstrip()), "<EOF>", stopped.reason)
        word = words[stopped.at]
        return Fault(word.start, word.written, stopped.reason, stopped.elsewhere)
    return None
