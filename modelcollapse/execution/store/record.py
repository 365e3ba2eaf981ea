"""What is known of one chain: its rows so far, and the state to go on from. One Parquet file each.

A file is a table: the columns of a row, and beside them what the next generation needs (`new_labels`, and `predictions`
in the furthest generation). The file carries a hash of itself, so that damage never passes for a result, and the
version of its columns, so that a whole file of another version never passes for damage.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from modelcollapse.simulation.chain import ChainState, GenerationResult
from modelcollapse.simulation.rows import ADDED, SCHEMA_VERSION, Row, axes_of, column_types
from modelcollapse.simulation.spec import ChainSpec

_POLARS_TYPES: dict[type, pl.DataType] = {int: pl.Int64(), float: pl.Float64(), str: pl.String()}

#: Columns and dtypes of every table of rows, in order.
SCHEMA: dict[str, pl.DataType] = {name: _POLARS_TYPES[kind] for name, kind in column_types().items()}

_FILE_SCHEMA = {**SCHEMA, "new_labels": pl.Binary(), "predictions": pl.Binary()}
_VERSION_KEY = "modelcollapse.schema"  # among the file's metadata; version 1 has none
_TAIL = 8  # a Parquet file ends with the length of its footer (4 bytes, little-endian) and "PAR1"
_HASH = hashlib.sha256
_HASH_SIZE = _HASH().digest_size


class DamagedRecordError(Exception):
    """A stored chain is truncated or altered."""


class OtherVersionError(Exception):
    """A stored chain is whole, but not of a version that is known here."""


@dataclass
class ChainRecord:
    """One chain's generations, by the documents they have seen.

    `n_seen` names a generation even where sweeps of different final sizes share the chain: then a short last generation
    of one of them stands beside the generations on the schedule.

    Attributes
    ----------
    rows : dict of int to Row
    new_labels : dict of int to bytes
        Label bytes of the next increment on the schedule; missing where the chain has not gone on.
    predictions : tuple of int and bytes, or None
        The furthest generation on the schedule, and its predictions on the test set.
    """

    rows: dict[int, Row] = field(default_factory=dict)
    new_labels: dict[int, bytes] = field(default_factory=dict)
    predictions: tuple[int, bytes] | None = None

    def add(self, result: GenerationResult, spec: ChainSpec) -> bool:
        """Take in a generation; return whether it is new. A known row is never replaced, only gone on from."""
        size = result.row.n_seen
        is_new = size not in self.rows
        self.rows.setdefault(size, result.row)
        if size in spec.scheduled_sizes():
            if len(result.new_labels):
                self.new_labels.setdefault(size, result.new_labels.tobytes())
            if self.predictions is None or size >= self.predictions[0]:
                self.predictions = (size, result.predictions.tobytes())
        return is_new

    def filled(self, spec: ChainSpec) -> ChainRecord:
        """Return the record with what older versions did not write down of the chain."""
        axes = {name: value for name, value in axes_of(spec).items() if name in ADDED}
        rows = {size: replace(row, **axes) for size, row in self.rows.items()}
        return replace(self, rows=rows)

    def n_done(self, spec: ChainSpec) -> int:
        """Return how many of the generations that this spec asks for are there."""
        return sum(size in self.rows for size in spec.sizes())

    def is_complete(self, spec: ChainSpec) -> bool:
        """Return whether every generation that this spec asks for is there."""
        return self.n_done(spec) == len(spec.sizes())

    def state(self, spec: ChainSpec) -> ChainState | None:
        """Return the state to go on from; None where the chain has to begin."""
        done = []
        for size in spec.scheduled_sizes():
            if size not in self.rows:
                break
            done.append(size)
        if not done:
            return None
        labels = b"".join(self.new_labels.get(size, b"") for size in done)
        predictions = None
        if self.predictions is not None and self.predictions[0] == done[-1]:
            predictions = np.frombuffer(self.predictions[1], dtype=np.uint8)
        return ChainState(len(done), np.frombuffer(labels, dtype=np.uint8), predictions)

    def to_bytes(self) -> bytes:
        """Return the record as a Parquet file."""
        furthest, predictions = self.predictions or (None, None)
        table = [
            {
                **asdict(self.rows[size]),
                "new_labels": self.new_labels.get(size),
                "predictions": predictions if size == furthest else None,
            }
            for size in sorted(self.rows)
        ]
        frame = pl.DataFrame(table, schema=_FILE_SCHEMA, orient="row")
        buffer = io.BytesIO()
        frame.write_parquet(buffer, metadata={_VERSION_KEY: str(SCHEMA_VERSION)})
        return _seal(buffer.getvalue())

    @classmethod
    def from_bytes(cls, content: bytes) -> ChainRecord:
        """Read a record, of this version or an earlier one: columns that were added later are null.

        Raises
        ------
        DamagedRecordError
            If it is not exactly what was written.
        OtherVersionError
            If it is, but this version does not know what it means.
        """
        _check_seal(content)
        try:
            version = pl.read_parquet_metadata(io.BytesIO(content)).get(_VERSION_KEY, "1")
            frame = pl.read_parquet(io.BytesIO(content))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise OtherVersionError("it is whole, but no Parquet file that can be read here") from error
        _check_columns(version, frame)
        record = cls()
        for values in frame.iter_rows(named=True):
            new_labels, predictions = values.pop("new_labels"), values.pop("predictions")
            row = Row(**values)
            record.rows[row.n_seen] = row
            if new_labels is not None:
                record.new_labels[row.n_seen] = new_labels
            if predictions is not None:
                record.predictions = (row.n_seen, predictions)
        return record


def _check_columns(version: str, frame: pl.DataFrame) -> None:
    """Raise OtherVersionError unless a file has the columns of a version that is known."""
    if version not in map(str, range(1, SCHEMA_VERSION + 1)):
        raise OtherVersionError(f"it has version {version} of the columns, the newest known here is {SCHEMA_VERSION}")
    if unknown := [name for name in frame.columns if name not in _FILE_SCHEMA]:
        raise OtherVersionError(f"it has the column '{unknown[0]}', which is not known here")
    if frame.schema != {name: kind for name, kind in _FILE_SCHEMA.items() if ADDED.get(name, 1) <= int(version)}:
        raise OtherVersionError(f"its columns are not those of version {version}")


def rows_frame(rows: list[dict[str, Any]], **extra: pl.DataType) -> pl.DataFrame:
    """Return rows, with extra columns, as a frame of the one schema (also when there are none)."""
    return pl.DataFrame(rows, schema={**SCHEMA, **extra}, orient="row")


def _seal(parquet: bytes) -> bytes:
    """Put a hash of a Parquet file between its data and its footer, where readers do not look."""
    footer = _footer_start(parquet)
    return parquet[:footer] + _HASH(parquet).digest() + parquet[footer:]


def _check_seal(content: bytes) -> None:
    """Raise DamagedRecordError unless a file is exactly what was sealed: damage must not reach a decoder."""
    footer = _footer_start(content)
    sealed = content[footer - _HASH_SIZE : footer] if footer >= _HASH_SIZE else b""
    if _HASH(content[: footer - _HASH_SIZE] + content[footer:]).digest() != sealed:
        raise DamagedRecordError("its content does not match its hash")


def _footer_start(parquet: bytes) -> int:
    return len(parquet) - _TAIL - int.from_bytes(parquet[-_TAIL:-4], "little")
