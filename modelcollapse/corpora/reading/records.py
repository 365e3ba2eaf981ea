"""Rows of JSON Lines and fastText files: one record a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.reading.archives import DataStream
from modelcollapse.corpora.reading.batches import SourceRow
from modelcollapse.corpora.reading.columns import Columns, find_columns
from modelcollapse.corpora.reading.decoding import decoded_lines
from modelcollapse.corpora.reading.read_report import ReadReport

FASTTEXT_PREFIX = "__label__"


def fasttext_rows(data: DataStream, options: CorpusOptions, report: ReadReport) -> Iterator[SourceRow]:
    """Yield the rows of lines ``__label__X text``."""
    report.describe(data.name, "fastText")
    for number, line in enumerate(decoded_lines(data, options.encoding), start=1):
        if line.isspace():
            continue
        report.read += 1
        label, *rest = line.split(maxsplit=1)
        text = rest[0] if rest else ""
        if not label.startswith(FASTTEXT_PREFIX):
            report.reject(data.name, number, f"no {FASTTEXT_PREFIX} at its beginning", line)
        elif text.startswith(FASTTEXT_PREFIX):
            report.reject(data.name, number, "more than one label", line)
        else:
            yield SourceRow(number, text, label.removeprefix(FASTTEXT_PREFIX), False)


def json_objects(data: DataStream, options: CorpusOptions, report: ReadReport) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a JSON Lines file with their lines; other lines are entered in the report."""
    for number, line in enumerate(decoded_lines(data, options.encoding), start=1):
        if line.isspace():
            continue
        report.read += 1
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            yield number, record
        else:
            report.reject(data.name, number, "not a JSON object", line)


def json_rows(data: DataStream, options: CorpusOptions, report: ReadReport) -> Iterator[SourceRow]:
    """Yield the objects of a JSON Lines file."""
    columns: Columns | None = None
    names: list[str] = []
    for number, record in json_objects(data, options, report):
        if columns is None:
            names = list(record)
            columns = find_columns(names, options, data.name)
            report.describe(data.name, "JSON Lines", columns, names)
            needed = {names[i] for i in (*columns.texts, columns.label)}
        if not needed <= record.keys():
            report.reject(data.name, number, "missing field", ", ".join(sorted(needed - record.keys())))
            continue
        row = [_written(record.get(name)) for name in names]
        yield SourceRow(number, columns.text_of(row), row[columns.label], columns.ratings)


def _written(value: Any) -> str:
    """Write a JSON value as it would stand in a CSV file."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)
