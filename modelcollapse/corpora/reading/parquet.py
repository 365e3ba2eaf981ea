"""Rows of Parquet files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from typing import IO

import polars as pl

from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.reading.archives import DataStream, decompression_errors
from modelcollapse.corpora.reading.batches import SourceRow
from modelcollapse.corpora.reading.columns import find_columns
from modelcollapse.corpora.reading.read_report import ReadReport
from modelcollapse.errors import CorpusError
from modelcollapse.names import first_line

PARQUET_MAGIC = b"PAR1"

#: What Polars does with a damaged file; a panic is no `Exception`.
DAMAGE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)

_MOST_ROWS_AT_ONCE, _BYTES_AT_ONCE = 200_000, 100_000_000


@contextmanager
def open_parquet(path: Path, data: DataStream) -> Iterator[IO[bytes]]:
    """Open a Parquet file, unpacked where it is packed; raise CorpusError if it, or what is read of it, is damaged.

    Polars gets no path, which may have characters that mean something to it.
    """
    try:
        with path.open("rb") if data.plain else tempfile.TemporaryFile() as file:
            if not data.plain:
                with decompression_errors(data.name):
                    copyfileobj(data.stream, file)
                file.seek(0)
            yield file
    except DAMAGE as error:
        raise CorpusError(f"cannot read {data.name}: {first_line(error)}. The file may be damaged.") from error


def parquet_rows(path: Path, data: DataStream, options: CorpusOptions, report: ReadReport) -> Iterator[SourceRow]:
    """Yield the rows of a Parquet file, read in slices; raise CorpusError if it is damaged or lacks a column."""
    with open_parquet(path, data) as file:
        table = pl.scan_parquet(file)
        header = table.collect_schema().names()
        n_rows = table.select(pl.len()).collect().item()
        columns = find_columns(header, options, data.name)
        report.describe(data.name, "Parquet", columns, header)
        texts = [_text(header[i]) for i in columns.texts]
        text = pl.concat_str(texts, separator=columns.separator, ignore_nulls=True).alias("text")
        label = pl.col(header[columns.label]).cast(pl.String).fill_null("").alias("label")
        n_read, n_bytes = 0, path.stat().st_size
        data.position = lambda: round(n_read / n_rows * n_bytes)
        at_once = max(1, min(_MOST_ROWS_AT_ONCE, n_rows * _BYTES_AT_ONCE // os.fstat(file.fileno()).st_size))
        for first in range(0, n_rows, at_once):
            try:
                frame = table.slice(first, at_once).select(text, label).collect()
            except DAMAGE as error:
                raise CorpusError(f"cannot read {data.name}: {first_line(error)}.") from error
            report.read += len(frame)
            n_read = first + len(frame)
            for row, (words, value) in enumerate(zip(frame["text"], frame["label"], strict=True), start=first + 1):
                yield SourceRow(row, words, value, columns.ratings)


def _text(column: str) -> pl.Expr:
    """Make blank texts of a column null, so that they are left out when columns are joined."""
    text = pl.col(column).cast(pl.String)
    return pl.when(text.str.strip_chars() != "").then(text)
