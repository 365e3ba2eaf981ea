"""Labelled reviews from files of any supported form, recognised by content."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.reading.archives import DataStream, open_data
from modelcollapse.corpora.reading.batches import BATCH_CHARACTERS, BATCH_ROWS, RowBatch, SourceRow
from modelcollapse.corpora.reading.delimited import delimited_rows
from modelcollapse.corpora.reading.parquet import PARQUET_MAGIC, parquet_rows
from modelcollapse.corpora.reading.read_report import ReadReport
from modelcollapse.corpora.reading.records import FASTTEXT_PREFIX, fasttext_rows, json_rows
from modelcollapse.errors import CorpusError


def read_files(
    paths: list[Path], options: CorpusOptions, report: ReadReport, advance: Callable[[float], None] = lambda _: None
) -> Iterator[RowBatch]:
    """Yield the usable rows of files in any form, one file after the other; raise CorpusError if one cannot be read.

    `advance` is told the bytes (of the files as they are on disk) dealt with so far.
    """
    done = 0
    for path in paths:
        for data in open_data(path, options.member):
            for batch in _batches(data.name, _rows(path, data, options, report), report):
                yield batch
                advance(done + data.position())
        done += path.stat().st_size
        advance(done)


def _rows(path: Path, data: DataStream, options: CorpusOptions, report: ReadReport) -> Iterator[SourceRow]:
    """Rows of a file in the form its beginning shows."""
    if data.head.startswith(PARQUET_MAGIC):
        return parquet_rows(path, data, options, report)
    beginning = data.beginning(options.encoding)
    if "\0" in beginning:
        raise CorpusError(
            f"{data.name} is not text in {options.encoding.upper()}, nor Parquet. "
            "Expected Parquet, CSV, TSV, JSON Lines or fastText; say --encoding utf-16 if that is what it is."
        )
    if beginning.startswith(FASTTEXT_PREFIX):
        return fasttext_rows(data, options, report)
    if beginning.startswith("{"):
        return json_rows(data, options, report)
    if beginning.startswith("[") and beginning[1:].lstrip().startswith("{"):
        raise CorpusError(f"{data.name} is one JSON array. Expected JSON Lines: one object a line.")
    return delimited_rows(data, options, report)


def _batches(file: str, rows: Iterator[SourceRow], report: ReadReport) -> Iterator[RowBatch]:
    batch = RowBatch(file)
    for line, text, label, ratings in rows:
        if not text or text.isspace():
            report.reject(file, line, "empty text", "")
            continue
        batch.add(text, label, line)
        batch.ratings = ratings
        if len(batch) == BATCH_ROWS or batch.n_characters >= BATCH_CHARACTERS:
            yield batch
            batch = RowBatch(file)
    if len(batch):
        yield batch
