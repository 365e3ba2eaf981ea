"""Rows of Parquet files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import polars as pl

from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.reading.batches import SourceRow
from modelcollapse.corpora.reading.columns import find_columns
from modelcollapse.corpora.reading.read_report import ReadReport
from modelcollapse.errors import CorpusError
from modelcollapse.names import first_line

PARQUET_MAGIC = b"PAR1"

#: What Polars does with a damaged file; a panic is no `Exception`.
DAMAGE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)

_MOST_ROWS_AT_ONCE, _BYTES_AT_ONCE = 200_000, 100_000_000


def parquet_rows(
    path: Path, name: str, options: CorpusOptions, report: ReadReport, advance: Callable[[float], None]
) -> Iterator[SourceRow]:
    """Yield the rows of a Parquet file; tell the fraction that is read.

    Raise CorpusError if the file is damaged or lacks a column.
    """
    try:
        opened = path.open("rb")  # a path may have characters that mean something to Polars
    except OSError as error:
        raise CorpusError(f"cannot read {name}: {error.strerror}.") from error
    with opened:
        yield from _rows(opened, path.stat().st_size, name, options, report, advance)


def _rows(
    file: BinaryIO,
    n_bytes: int,
    name: str,
    options: CorpusOptions,
    report: ReadReport,
    advance: Callable[[float], None],
) -> Iterator[SourceRow]:
    """Read slices of an open file, which Polars does not read as a whole."""
    try:
        table = pl.scan_parquet(file)
        header = table.collect_schema().names()
        n_rows = table.select(pl.len()).collect().item()
    except DAMAGE as error:
        raise CorpusError(f"cannot read {name}: {first_line(error)}. The file may be damaged.") from error
    columns = find_columns(header, options, name)
    report.describe(name, "Parquet", columns, header)
    at_once = max(1, min(_MOST_ROWS_AT_ONCE, n_rows * _BYTES_AT_ONCE // n_bytes))
    for first in range(0, n_rows, at_once):
        try:
            frame = (
                table.slice(first, at_once)
                .select(
                    pl.concat_str(
                        [_text(header[i]) for i in columns.texts], separator=columns.separator, ignore_nulls=True
                    ).alias("text"),
                    pl.col(header[columns.label]).cast(pl.String).fill_null("").alias("label"),
                )
                .collect()
            )
        except DAMAGE as error:
            raise CorpusError(f"cannot read {name}: {first_line(error)}.") from error
        report.read += len(frame)
        advance((first + len(frame)) / n_rows)
        for row, (text, label) in enumerate(zip(frame["text"], frame["label"], strict=True), start=first + 1):
            yield SourceRow(row, text, label, columns.ratings)


def _text(column: str) -> pl.Expr:
    """Make blank texts of a column null, so that they are left out when columns are joined."""
    text = pl.col(column).cast(pl.String)
    return pl.when(text.str.strip_chars() != "").then(text)
