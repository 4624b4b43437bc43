"""A file's bytes to its lines: unpacked, decoded, and with the line of what is not text."""

from __future__ import annotations

import codecs
import gzip
import io
import itertools
import zlib
from collections.abc import Iterator

from airbyte_engine.worker.files.errors import UnreadableLineError

_CHUNK = 64 * 1024
_MARK = "\ufeff"
_REPAIR = "repair the file, or set the stream's encoding"


class _FlawError(Exception):
    """What is wrong with the bytes after those that were given."""


def lines_of(raw: io.BufferedReader, name: str, encoding: str) -> Iterator[str]:
    r"""The file's lines with their ends as they are: \n, \r or \r\n.

    A file whose name ends in .gz is unpacked, and a byte-order mark at the beginning is left out.

    Raises:
        UnreadableLineError: the bytes are not gzip, or not text in this encoding.
    """
    given = 0
    held: list[str] = []
    packed = name.endswith(".gz")
    chunks = _unpacked(raw) if packed else _stored(raw)
    try:
        for text in _text(chunks, encoding):
            if "\n" not in text and "\r" not in text and not _ends_in_return(held):
                held.append(text)
                continue
            lines = list(io.StringIO("".join([*held, text]), newline=""))
            # After \r a \n of the same line may follow.
            held = [] if lines[-1].endswith("\n") else [lines.pop()]
            for line in lines:
                given += 1
                yield line
    except _FlawError as flaw:
        cause = (_damage(chunks) if packed else None) or flaw
        raise UnreadableLineError(given + 1 + _ends_in_return(held), str(cause)) from flaw
    if rest := "".join(held):
        yield rest


def _ends_in_return(held: list[str]) -> bool:
    return bool(held) and held[-1].endswith("\r")


def _damage(chunks: Iterator[bytes]) -> _FlawError | None:
    """What is wrong behind the place where the text went wrong: its cause, if the archive is damaged."""
    try:
        for _ in chunks:
            pass
    except _FlawError as damage:
        return damage
    return None


def _stored(raw: io.BufferedReader) -> Iterator[bytes]:
    while chunk := raw.read(_CHUNK):
        yield chunk


def _unpacked(raw: io.BufferedReader) -> Iterator[bytes]:
    if not raw.peek(1):
        raise _FlawError("the gzip file is empty: upload it again")
    unpacked = gzip.GzipFile(fileobj=raw)
    try:
        while chunk := unpacked.read1(_CHUNK):
            yield chunk
    except EOFError as error:
        raise _FlawError("the gzip file is cut off: upload it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _FlawError(f"the file is not gzip, or is damaged: {error}") from error


def _text(chunks: Iterator[bytes], encoding: str) -> Iterator[str]:
    """What can be read of the chunks, up to the first flaw."""
    begun = False
    for text in _decoded(chunks, encoding):
        whole = text if begun else text.removeprefix(_MARK)
        begun = begun or bool(text)
        before, nul, _ = whole.partition("\0")
        yield before
        if nul:
            raise _FlawError(f"a NUL character, as in a damaged file or in UTF-16; {_REPAIR}")


def _decoded(chunks: Iterator[bytes], encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    for chunk in itertools.chain(chunks, [b""]):
        state = decoder.getstate()
        try:
            text = decoder.decode(chunk, final=not chunk)
            # Some encodings let through what is not a character.
            text.encode()
        except UnicodeEncodeError as error:
            yield text[: error.start]
            raise _FlawError(f"{text[error.start]!r} is not a character; {_REPAIR}") from error
        except UnicodeError as error:
            decoder.setstate(state)
            yield _readable(decoder, chunk)
            raise _FlawError(f"{_reason(error)}; {_REPAIR}") from error
        yield text


def _readable(decoder: codecs.IncrementalDecoder, chunk: bytes) -> str:
    """The text before the flaw, whatever the codec tells of it."""
    text: list[str] = []
    for place in range(len(chunk)):
        try:
            text.append(decoder.decode(chunk[place : place + 1]))
        except UnicodeError:
            break
    return "".join(text)


def _reason(error: UnicodeError) -> str:
    """Without the position, which counts from the beginning of a chunk."""
    if not isinstance(error, UnicodeDecodeError):
        return f"{error}"
    byte = error.object[error.start]
    return f"'{error.encoding}' codec can't decode byte 0x{byte:02x}: {error.reason}"
