"""Tables of numbers and vectors: CSV, TSV, JSON Lines and Parquet as frames, and `.npy` files."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.reading.archives import DataStream, open_data
from modelcollapse.corpora.reading.columns import LABELS, find_column, find_label, names_text, numbered_columns
from modelcollapse.corpora.reading.delimited import open_table
from modelcollapse.corpora.reading.labels import number_in
from modelcollapse.corpora.reading.parquet import DAMAGE, PARQUET_MAGIC, open_parquet
from modelcollapse.corpora.reading.read_report import ReadReport
from modelcollapse.corpora.reading.records import json_objects
from modelcollapse.errors import CorpusError
from modelcollapse.names import first_line

NPY_MAGIC = b"\x93NUMPY"

#: All columns with numbers.
ALL = "*"

#: How a value that is missing is written.
_MISSING = ("", "na", "n/a", "nan", "null", "none", "?")

#: Names of columns that number rows: a file that is sorted by class would give the class away.
_ROW_NUMBERS = ("", "unnamed: 0")

#: A column of strings is text if they have so many words on average.
_WORDS = 3
_SAMPLE, _WIDE_SAMPLE = 200, 20


@dataclass(frozen=True)
class Found:
    """Labelled numbers of one file."""

    features: npt.NDArray[np.float32]  # shape (n_rows, n_columns)
    columns: list[str]
    labels: list[str]  # as written
    are_ratings: bool


def holds_numbers(path: Path, options: CorpusOptions) -> bool:
    """Return whether a file is to be read as numbers: they were asked for, or it has labels and numbers but no text."""
    if options.feature_columns or options.labels_file:
        return True
    if options.text_column or not path.is_file():
        return False
    try:
        opened = open_data(path, options.member)  # files are closed when it goes
        data = next(opened)
        if data.head.startswith(NPY_MAGIC):
            return True
        frame = _sample(path, data, options)
        if frame is None or names_text(frame.columns):
            return False
        label, _ = find_label(frame.columns, options, data.name)
    except (CorpusError, ValueError, RecursionError, *DAMAGE):  # reading it as text says what is wrong
        return False
    numbers = _with_numbers(frame)
    others = (frame[name] for name in frame.columns if name not in numbers)
    return bool(_usable(frame, label, numbers)) and not any(map(_is_text, others))


def read_numbers(path: Path, options: CorpusOptions, report: ReadReport) -> list[Found]:
    """Read the data files at a path; raise CorpusError if one has no numbers, or infinite ones."""
    found = []
    for data in open_data(path, options.member):
        if data.head.startswith(NPY_MAGIC):
            found.append(_vectors(path, data, options, report))
        else:
            found.append(_table(_frame(path, data, options, report), data, options, report))
    return found


def _sample(path: Path, data: DataStream, options: CorpusOptions) -> pl.DataFrame | None:
    """Return the first rows of a file; None if it is none that has columns."""
    if data.head.startswith(PARQUET_MAGIC):
        with path.open("rb") as file:
            return pl.scan_parquet(file).head(_SAMPLE).collect() if data.plain else None
    beginning = data.beginning(options.encoding)
    if "\0" in beginning or beginning.startswith(("__label__", "[")):
        return None
    if beginning.startswith("{"):
        lines = data.head.decode(options.encoding, "replace").splitlines()
        records = [json.loads(line) for line in lines[: _SAMPLE if data.whole else -1] if line.strip()]
        if not records:  # so wide a table that the beginning has not even its first one
            records = [record for _, record in islice(json_objects(data, options, ReadReport()), _WIDE_SAMPLE)]
        return _of_records(records, data.name)
    _, rows, _ = open_table(data, options.encoding, ReadReport())
    return _of_strings(rows, options)


def _frame(path: Path, data: DataStream, options: CorpusOptions, report: ReadReport) -> pl.DataFrame:
    """Return a whole file as a frame: of strings where the format has no types."""
    if data.head.startswith(PARQUET_MAGIC):
        with open_parquet(path, data) as file:
            frame = pl.read_parquet(file)
        report.read += frame.height
        return frame
    beginning = data.beginning(options.encoding)
    if "\0" in beginning:
        raise CorpusError(f"{data.name} is no table: expected Parquet, CSV, TSV, JSON Lines or .npy.")
    if beginning.startswith("{"):
        return _of_records([record for _, record in json_objects(data, options, report)], data.name)
    *_, numbered = open_table(data, options.encoding, report)
    rows = [row for _, row in numbered]
    if not rows:
        report.check(options.keep_going)
        raise CorpusError(f"{data.name} holds no rows.")
    frame = _of_strings(rows, options)
    report.read += frame.height
    return frame


def _of_strings(rows: Sequence[Sequence[str]], options: CorpusOptions) -> pl.DataFrame:
    """Return rows of a text file as columns of strings; without a header they have numbers for names."""
    has_header = not numbered_columns(options)
    width = len(rows[0])
    names = [name.strip() for name in rows[0]] if has_header else [str(i + 1) for i in range(width)]
    kept = [row for row in rows[has_header:] if len(row) == width]
    columns: dict[str, Sequence[str]] = {}
    values = list(zip(*kept, strict=True)) or [()] * width
    for place, (name, column) in enumerate(zip(names, values, strict=True)):
        while name in columns:
            name = f"{name} ({place + 1})"
        columns[name] = column
    return pl.DataFrame(columns, dict.fromkeys(columns, pl.String))


def _of_records(records: list[Any], file: str) -> pl.DataFrame:
    if not records:
        raise CorpusError(f"{file} holds no rows.")
    try:
        return pl.DataFrame(records, infer_schema_length=None)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise CorpusError(f"records differ in their fields: {first_line(error)}.") from error


def _table(frame: pl.DataFrame, data: DataStream, options: CorpusOptions, report: ReadReport) -> Found:
    """Return what models see of a frame, and labels."""
    label, are_ratings = find_label(frame.columns, options, data.name)
    names = _chosen(frame, label, options, data.name)
    if not names:
        raise CorpusError(f"{data.name} has no column with numbers beside the label {frame.columns[label]!r}.")
    kinds = frame.schema
    vectors = [name for name in names if kinds[name].is_nested()]
    if vectors and len(names) > 1:
        raise CorpusError(
            f"{data.name}: found vectors in {vectors[0]!r} beside other columns ({len(names):,} in all), expected one "
            f"column with vectors, or columns with numbers: --feature-columns {vectors[0]}"
        )
    if vectors:
        features = _vectors_of(frame[names[0]], data.name)
        columns = [f"{names[0]}[{i}]" for i in range(features.shape[1])]
    else:
        features, columns = _numbers(frame.select(names)), names
    idle = [name for name in frame.columns if name not in (*names, frame.columns[label])]
    entry = {
        "file": data.name,
        "form": "Parquet" if data.head.startswith(PARQUET_MAGIC) else "table",
        "features": f"{features.shape[1]:,}: {_listed(columns)}",
        "rating" if are_ratings else "label": frame.columns[label],
    }
    report.files.append(entry | ({"not used": _listed(idle)} if idle else {}))
    labels = frame[frame.columns[label]].cast(pl.String).fill_null("").to_list()
    return Found(finite(features, columns, data.name), columns, labels, are_ratings)


def _chosen(frame: pl.DataFrame, label: int, options: CorpusOptions, file: str) -> list[str]:
    """Return the columns that were asked for; by default all with numbers, or the only one with vectors."""
    asked = [name for given in options.feature_columns for name in _split(given, frame.columns)]
    numbers = _with_numbers(frame)
    usable = _usable(frame, label, numbers)
    if asked and asked != [ALL]:
        names = list(dict.fromkeys(frame.columns[find_column(name, frame.columns, file)] for name in asked))
        for name in names:
            if name == frame.columns[label]:
                raise CorpusError(f"{file}: {name!r} is the label, which no model may see. Leave it out.")
            if name not in numbers and not frame[name].dtype.is_nested():
                value = next((v for v in frame[name] if v is not None and number_in(str(v)) is None), None)
                raise CorpusError(f"{file}: the column {name!r} has {str(value)[:30]!r}, expected numbers.")
        return names
    kinds = frame.schema
    vectors = [name for name in usable if kinds[name].is_nested()]
    return vectors if len(vectors) == 1 else usable


def _split(given: str, header: Sequence[str]) -> list[str]:
    """Return the names that a word stands for: one that has a comma, or several."""
    return [given] if given in header else [name.strip() for name in given.split(",")]


def _is_text(column: pl.Series) -> bool:
    """Return whether a column without numbers has sentences: such a table is not read as numbers unless asked to."""
    if column.dtype != pl.String or column.is_empty():
        return False
    return float(np.mean(column.fill_null("").str.split(" ").list.len().to_numpy())) >= _WORDS


def _usable(frame: pl.DataFrame, label: int, numbers: Collection[str]) -> list[str]:
    """Return all columns with numbers but the label, and those that number rows."""
    return [
        name
        for i, name in enumerate(frame.columns)
        if i != label and name.strip().lower() not in _ROW_NUMBERS and name in numbers
    ]


def _with_numbers(frame: pl.DataFrame) -> set[str]:
    """Return the columns that have numbers, or vectors of them, and nothing else."""
    words = pl.col(pl.String).str.strip_chars()
    is_there = words.is_not_null() & ~words.str.to_lowercase().is_in(_MISSING)
    is_number = words.cast(pl.Float64, strict=False).is_not_null()
    of_words = frame.select(is_there.any() & (is_number | ~is_there).all())
    return {
        *(name for name, kind in frame.schema.items() if kind.is_numeric() or kind == pl.Boolean),
        *(
            name
            for name, kind in frame.schema.items()
            if isinstance(kind, pl.List | pl.Array) and kind.inner.is_numeric()
        ),
        *(column.name for column in of_words if column.item()),
    }


def _numbers(frame: pl.DataFrame) -> npt.NDArray[np.float64]:
    """Return the numbers of columns; what is missing is NaN."""
    numbers = frame.with_columns(pl.col(pl.String).str.strip_chars()).cast(pl.Float64, strict=False)
    return np.ascontiguousarray(numbers.fill_null(np.nan).to_numpy())


def _vectors_of(column: pl.Series, file: str) -> npt.NDArray[np.float64]:
    """Return the vectors of a column, all of one length."""
    if isinstance(column.dtype, pl.Array):
        column = column.arr.to_list()
    widths = column.list.len()
    usual = widths.drop_nulls().mode().sort().first()
    other = (widths != usual).fill_null(True).arg_max() if len(column) else None
    if not usual or (widths != usual).fill_null(True).any():
        found = "nothing" if other is None or widths[other] is None else f"{widths[other]} numbers"
        raise CorpusError(
            f"{file}: the column {column.name!r} has {found} in row {(other or 0) + 1:,}, expected vectors of one "
            f"length{f', as the {usual!r} numbers of most rows' if usual else ''}."
        )
    return column.explode().cast(pl.Float64).fill_null(np.nan).to_numpy().reshape(len(column), -1)


def _vectors(path: Path, data: DataStream, options: CorpusOptions, report: ReadReport) -> Found:
    """Return the vectors of a `.npy` file and their labels."""
    if not data.plain:
        raise CorpusError(f"{data.name}: expected a .npy file as it is, neither compressed nor in an archive.")
    features = _load(path, data.name)
    if features.ndim != 2 or features.dtype.kind not in "fiub" or features.shape[1] == 0:
        raise CorpusError(
            f"{data.name} holds an array of {features.dtype} of shape {features.shape}, expected a row of numbers for "
            "every document."
        )
    if options.labels_file is None:
        raise CorpusError(f"{data.name} has no labels: say --labels-file FILE, a .npy or a text with one a line.")
    file = Path(options.labels_file)
    labels = _read_labels(file, options, len(features))
    if len(labels) != len(features):
        raise CorpusError(
            f"{file.name} has {len(labels):,} labels, expected one for each of {len(features):,} vectors."
        )
    report.read += len(features)
    columns = [str(i) for i in range(features.shape[1])]
    report.files.append(
        {"file": data.name, "form": f"vectors of {features.dtype}", "features": f"{len(columns):,}", "label": file.name}
    )
    return Found(finite(features, columns, data.name), columns, labels, options.rating_column is not None)


def _read_labels(file: Path, options: CorpusOptions, n_vectors: int) -> list[str]:
    """Return labels: of a `.npy` file, or the lines of a text; a first one that is the name of a column is none."""
    try:
        with file.open("rb") as opened:
            is_npy = opened.read(len(NPY_MAGIC)) == NPY_MAGIC
        if is_npy:
            labels = _load(file, file.name)
            if labels.ndim == 1 and labels.dtype.kind in "iubUSf":
                return [str(label) for label in (labels.astype(str) if labels.dtype.kind == "S" else labels).tolist()]
            raise CorpusError(
                f"{file.name} holds {labels.dtype} of shape {labels.shape}, expected a label for each vector."
            )
        lines = file.read_text(encoding=options.encoding).removeprefix("\ufeff").removesuffix("\n").split("\n")
    except OSError as error:
        raise CorpusError(f"cannot read the labels {file}: {error.strerror}.") from error
    except UnicodeError as error:
        raise CorpusError(f"{file.name} is not text in {options.encoding.upper()}, nor a .npy file.") from error
    if len(lines) == n_vectors + 1 and (lines[0].strip().lower() in LABELS or lines[0] not in lines[1:]):
        lines = lines[1:]
    return lines


def _load(path: Path, name: str) -> npt.NDArray[Any]:
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise CorpusError(f"cannot read {name}: {first_line(error)}.") from error
    return array


def finite(features: npt.NDArray[Any], columns: Sequence[str], name: str) -> npt.NDArray[np.float32]:
    """Return numbers as float32; raise CorpusError if one is infinite, or too large to be one."""
    with np.errstate(over="ignore"):
        numbers = np.ascontiguousarray(features, np.float32)
    is_infinite = np.isinf(numbers)
    if is_infinite.any():
        row, column = np.unravel_index(int(is_infinite.argmax()), numbers.shape)
        raise CorpusError(
            f"{name}: {columns[int(column)]!r} is {features[row, column]:g} in row {row + 1:,} ({is_infinite.sum():,} "
            "such values in all), expected finite numbers up to 3e38; what is missing may be empty or NaN."
        )
    return numbers


def _listed(names: Sequence[str]) -> str:
    shown = [name[:30] for name in names[:8]]
    return ", ".join(shown) + (", …" if len(names) > 8 else "")
