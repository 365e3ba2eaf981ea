"""Lines of a text file in any encoding, with the line number where it goes wrong."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from modelcollapse.corpora.reading.archives import DataStream, decompression_errors
from modelcollapse.errors import CorpusError

_AT_ONCE = 1 << 20

#: Characters of the longest line, and of the longest field of a table.
LONGEST = 10_000_000


def decoded_lines(data: DataStream, encoding: str) -> Iterator[str]:
    r"""Yield lines with their ``\n``; no other character ends a line. A byte order mark is left out.

    Raise CorpusError, with the line, if the file is damaged, not in this encoding, or has a line of more than 10 MB.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    rest = ""
    n_lines = 0
    while True:
        with decompression_errors(data.name):
            chunk = data.stream.read(_AT_ONCE)
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            before = rest + error.object[: error.start].decode(encoding, "ignore")
            line = n_lines + before.count("\n") + 1
            raise CorpusError(
                f"{data.name}, line {line}: byte 0x{error.object[error.start]:02x} is not {encoding.upper()}. "
                "Say which encoding the file has, for example --encoding latin-1 or --encoding utf-16."
            ) from error
        except UnicodeError as error:  # no byte order mark in UTF-16
            raise CorpusError(f"{data.name} is not {encoding.upper()}: {error}.") from error
        if n_lines == 0 and not rest:
            text = text.removeprefix("\ufeff")
        lines = (rest + text).split("\n")
        rest = lines.pop()
        for line_text in lines:
            n_lines += 1
            yield line_text + "\n"
        if len(rest) > LONGEST:  # what is read of it so far: the rest may be endless
            raise CorpusError(
                f"{data.name}, line {n_lines + 1}: the line is longer than {LONGEST // 1_000_000} MB. "
                "Expected one document a line or row; split or remove it."
            )
        if not chunk:
            if rest:
                yield rest
            return
