"""What is known of one chain: its rows so far, and the state to go on from. One Parquet file each.

A file is a table: the columns of a row, and beside them what the next generation needs (`new_labels`, and `predictions`
in the furthest generation). A hash of the content is kept in the file, so that damage never passes for a result.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import polars as pl

from modelcollapse.simulation.chain import ChainState, GenerationResult
from modelcollapse.simulation.rows import Row, column_types
from modelcollapse.simulation.spec import ChainSpec

_POLARS_TYPES: dict[type, pl.DataType] = {int: pl.Int64(), float: pl.Float64(), str: pl.String()}

#: Columns and dtypes of every table of rows, in order.
SCHEMA: dict[str, pl.DataType] = {name: _POLARS_TYPES[kind] for name, kind in column_types().items()}

_FILE_SCHEMA = {**SCHEMA, "new_labels": pl.Binary(), "predictions": pl.Binary()}
_DIGEST = "modelcollapse.sha256"


class DamagedRecordError(Exception):
    """A stored chain is truncated or altered."""


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
        frame.write_parquet(buffer, metadata={_DIGEST: _digest(frame)})
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> ChainRecord:
        """Read a record.

        Raises
        ------
        DamagedRecordError
            If it is not exactly what was written.
        """
        try:
            digest = pl.read_parquet_metadata(io.BytesIO(content)).get(_DIGEST)
            frame = pl.read_parquet(io.BytesIO(content), use_statistics=False)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, MemoryError) as error:
            raise DamagedRecordError(str(error)) from None
        if digest is None or frame.schema != _FILE_SCHEMA or digest != _digest(frame):
            raise DamagedRecordError("its content does not match its hash")
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


def rows_frame(rows: list[dict[str, Any]], **extra: pl.DataType) -> pl.DataFrame:
    """Return rows, with extra columns, as a frame of the one schema (also when there are none)."""
    return pl.DataFrame(rows, schema={**SCHEMA, **extra}, orient="row")


def _digest(frame: pl.DataFrame) -> str:
    """Hash values, not their encoding: Python's text of a float is exact and does not change."""
    return hashlib.sha256(repr(frame.rows()).encode()).hexdigest()
