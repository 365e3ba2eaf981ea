"""Rows of CSV and TSV files, and how to tell their dialect."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeAlias

from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.reading.archives import DataStream
from modelcollapse.corpora.reading.batches import SourceRow
from modelcollapse.corpora.reading.columns import ORIGINAL_FORM, Columns, find_columns, numbered_columns
from modelcollapse.corpora.reading.decoding import LONGEST, decoded_lines
from modelcollapse.corpora.reading.read_report import ReadReport
from modelcollapse.errors import CorpusError

if TYPE_CHECKING:
    from _csv import Reader

_DELIMITERS = (",", "\t", ";", "|")
_NAMES = {",": "commas", ";": "semicolons", "|": "bars"}
_SAMPLE_ROWS, _WIDE_SAMPLE_ROWS = 50, 20
_UNCLOSED = "unexpected end"  # what the csv module says of a quote that is never closed
_MOSTLY = 0.9
_PENALTY = 0.25
_LONGEST_ROW = 5_000

#: Rows, each with the line it begins at.
Rows: TypeAlias = Iterator[tuple[int, list[str]]]


@dataclass(frozen=True)
class Dialect:
    """How fields are told apart; in some tab-separated files double quotes never enclose them."""

    delimiter: str
    quoted: bool = True

    def reader(self, lines: Iterator[str]) -> Reader:
        """Return a strict csv reader: what it cannot make sense of is an error, never silently something else."""
        if self.quoted:
            return csv.reader(lines, delimiter=self.delimiter, strict=True)
        return csv.reader(lines, delimiter=self.delimiter, quoting=csv.QUOTE_NONE, strict=True)


def delimited_rows(data: DataStream, options: CorpusOptions, report: ReadReport) -> Iterator[SourceRow]:
    """Yield the rows of a CSV or TSV file; raise CorpusError if it is no such table."""
    dialect, first_rows, rows = open_table(data, options.encoding, report)
    columns, has_header, unescape = _layout(first_rows, options, data.name)
    form = "CSV" if dialect.delimiter == "," else f"table separated by {_NAMES.get(dialect.delimiter, 'tabs')}"
    report.describe(data.name, form, columns, first_rows[0] if has_header else None)
    if has_header:
        next(rows, None)
    for line, row in rows:
        report.read += 1
        text = columns.text_of(row)
        text = text.replace("\\n", "\n") if unescape else text
        yield SourceRow(line, text, row[columns.label], columns.ratings)


def _layout(rows: list[list[str]], options: CorpusOptions, file: str) -> tuple[Columns, bool, bool]:
    """Columns, whether there is a header, and whether line breaks are written as backslash n."""
    if numbered_columns(options):
        return find_columns([str(i + 1) for i in range(len(rows[0]))], options, file), False, False
    named = options.text_column or options.label_column or options.rating_column
    original = [len(row) == 3 and row[0] in ("1", "2") for row in rows]
    if not named and original[0] and sum(original) >= _MOSTLY * len(rows):
        return ORIGINAL_FORM, False, True
    return find_columns(rows[0], options, file), True, False


def open_table(data: DataStream, encoding: str, report: ReadReport) -> tuple[Dialect, list[list[str]], Rows]:
    """Return a table's dialect, its first rows, and all its rows: see `_numbered_rows`.

    The dialect is that in which the first rows agree best on a number of fields above one. Raise CorpusError if there
    are none.
    """
    sample = data.head.decode(encoding, "replace").removeprefix("\ufeff")
    candidates = [Dialect(delimiter) for delimiter in _DELIMITERS] + [Dialect("\t", quoted=False)]
    scored = [(dialect, *_sample_rows(dialect, sample, data.whole)) for dialect in candidates]
    dialect, rows, _ = max(scored, key=lambda entry: _score(entry[1], entry[2]))
    if not rows:
        raise CorpusError(f"{data.name} holds no rows.")
    numbered = _numbered_rows(dialect, data, encoding, report)
    if len(rows) < 2:  # so wide a table that the first may be cut
        whole = list(islice(numbered, _WIDE_SAMPLE_ROWS))
        rows, numbered = [row for _, row in whole] or rows, chain(whole, numbered)
    return dialect, rows, numbered


def _score(rows: list[list[str]], broken: bool) -> tuple[float, int, int]:
    width = len(rows[0]) if rows else 0
    share = sum(len(row) == width for row in rows) / len(rows) if width > 1 else -1.0
    return share - _PENALTY * broken, width, len(rows)


def _sample_rows(dialect: Dialect, sample: str, whole: bool) -> tuple[list[list[str]], bool]:
    """Rows at the beginning, without the last one if it may be cut; and whether a quote is out of place."""
    rows: list[list[str]] = []
    try:
        for row in dialect.reader(iter(io.StringIO(sample, newline=""))):
            if row:
                rows.append(row)
            if len(rows) > _SAMPLE_ROWS:
                return rows[:-1], False
    except csv.Error as error:
        return rows, whole or _UNCLOSED not in str(error)
    return rows if whole or len(rows) < 2 else rows[:-1], False


def _numbered_rows(dialect: Dialect, data: DataStream, encoding: str, report: ReadReport) -> Rows:
    """Yield each row with the line it begins at.

    Those with stray quotes, or another number of fields than the first, are entered in the report. Raise CorpusError
    if a quote is never closed.
    """
    csv.field_size_limit(LONGEST)
    reader = dialect.reader(decoded_lines(data, encoding))
    width = 0
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "limit" in str(error):
                raise CorpusError(
                    f"{data.name}, line {line}: a field is longer than {LONGEST // 1_000_000} MB. Perhaps a quote is "
                    "opened here and not closed: double the quotes inside fields."
                ) from error
            if reader.line_num - line > _LONGEST_ROW or _UNCLOSED in str(error):
                raise CorpusError(
                    f"{data.name}, line {line}: a quote is opened here and not closed. Double the quotes inside fields."
                ) from error
            report.read += 1
            report.reject(data.name, line, "stray quote", str(error))
            continue
        width = width or len(row)
        if row and len(row) == width:
            yield line, row
        elif row:
            report.read += 1
            report.reject(data.name, line, "wrong number of fields", f"{len(row)} instead of {width}: {' '.join(row)}")
