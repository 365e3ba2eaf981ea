"""Reads labelled reviews from files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from modelcollapse.corpora.ledger import Ledger
from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.rows import BATCH_ROWS, RowBatch
from modelcollapse.errors import CorpusError


def read_file(path: Path, options: CorpusOptions, ledger: Ledger) -> Iterator[RowBatch]:
    """Yield the usable rows of a file, batch by batch."""
    text, label = (options.text_columns or ("text",))[0], options.label_column or "label"
    with path.open("rb") as file:
        parquet = file.read(4) == b"PAR1"
    if parquet:
        frame = pl.read_parquet(path, columns=[text, label])
        rows = zip(range(1, len(frame) + 1), frame[text], frame[label].cast(pl.String), strict=True)
    else:
        rows = _csv_rows(path, text, label)
    batch = RowBatch(path.name)
    for line, content, value in rows:
        ledger.read += 1
        if not content or content.isspace():
            ledger.reject(path.name, line, "empty text", "")
            continue
        batch.add(content, value or "", line)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = RowBatch(path.name)
    yield batch


def _csv_rows(path: Path, text: str, label: str) -> Iterator[tuple[int, str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        if text not in header or label not in header:
            raise CorpusError(f"{path.name}: no column")
        a, b = header.index(text), header.index(label)
        for row in reader:
            yield reader.line_num, row[a], row[b]
