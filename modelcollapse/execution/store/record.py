"""What is known of one chain: its rows so far, and the state to go on from. One Parquet file each.

A file is a table: the columns of a row, and beside them what the next generation needs (``new_labels``: its slots; and
``predictions``: what is remembered, in the furthest generation). The file carries a hash of itself, so that damage
never passes for a result, and the version of its columns, so that a whole file of another version never passes for
damage.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from modelcollapse.domains.catalogue import DOMAINS
from modelcollapse.simulation.chain import ChainState, GenerationResult
from modelcollapse.simulation.rows import CommonRow, Row, axes_of, column_types
from modelcollapse.simulation.spec import ChainSpec

_POLARS_TYPES: dict[type, pl.DataType] = {int: pl.Int64(), float: pl.Float64(), str: pl.String()}


def schema_of(row: type[CommonRow]) -> dict[str, pl.DataType]:
    """Return columns and dtypes of a domain's rows, in order."""
    return {name: _POLARS_TYPES[kind] for name, kind in column_types(row).items()}


#: Of rows of classification.
SCHEMA = schema_of(Row)

#: What the next generation needs: new slots, and what is remembered (in every domain by these names).
_STATE: dict[str, pl.DataType] = {"new_labels": pl.Binary(), "predictions": pl.Binary()}

# among the file's metadata: version 1 has none, classification is not named
_VERSION_KEY, _DOMAIN_KEY = "modelcollapse.schema", "modelcollapse.domain"
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
    """

    rows: dict[int, Any] = field(default_factory=dict)  # of the domain's class of rows
    #: Slots of the next increment on the schedule; missing where the chain has not gone on.
    new_slots: dict[int, bytes] = field(default_factory=dict)
    #: The furthest generation on the schedule, and what is remembered of it.
    memory: tuple[int, bytes] | None = None

    def add(self, result: GenerationResult, spec: ChainSpec) -> bool:
        """Take in a generation; return whether it is new. A known row is never replaced, only gone on from."""
        size = result.row.n_seen
        is_new = size not in self.rows
        self.rows.setdefault(size, result.row)
        if size in spec.scheduled_sizes():
            if len(result.new_slots):
                self.new_slots.setdefault(size, result.new_slots.tobytes())
            if self.memory is None or size >= self.memory[0]:
                self.memory = (size, result.memory.tobytes())
        return is_new

    def filled(self, spec: ChainSpec) -> ChainRecord:
        """Return the record with what older versions did not write down of the chain."""
        kind = DOMAINS[spec.domain].row
        axes = {name: value for name, value in axes_of(spec, kind).items() if name in kind.added}
        return replace(self, rows={size: replace(row, **axes) for size, row in self.rows.items()})

    def n_done(self, spec: ChainSpec) -> int:
        """Return how many of the generations that this spec asks for are there."""
        return sum(size in self.rows for size in spec.sizes())

    def state(self, spec: ChainSpec) -> ChainState | None:
        """Return the state to go on from; None where the chain has to begin."""
        done = []
        for size in spec.scheduled_sizes():
            if size not in self.rows:
                break
            done.append(size)
        if not done:
            return None
        slots = b"".join(self.new_slots.get(size, b"") for size in done)
        memory = None
        if self.memory is not None and self.memory[0] == done[-1]:
            memory = np.frombuffer(self.memory[1], dtype=np.uint8)
        return ChainState(len(done), np.frombuffer(slots, dtype=np.uint8), memory)

    def to_bytes(self) -> bytes:
        """Return the record as a Parquet file."""
        furthest, memory = self.memory or (None, None)
        kind = type(next(iter(self.rows.values()))) if self.rows else Row
        table = [
            {
                **asdict(self.rows[size]),
                "new_labels": self.new_slots.get(size),
                "predictions": memory if size == furthest else None,
            }
            for size in sorted(self.rows)
        ]
        frame = pl.DataFrame(table, schema={**schema_of(kind), **_STATE}, orient="row")
        metadata = {_VERSION_KEY: str(kind.schema_version)}
        if kind.domain != Row.domain:
            metadata[_DOMAIN_KEY] = kind.domain
        buffer = io.BytesIO()
        frame.write_parquet(buffer, metadata=metadata)
        return _seal(buffer.getvalue())

    @classmethod
    def from_bytes(cls, content: bytes) -> ChainRecord:
        """Read a record, of this version or an earlier one: columns that were added later have their defaults.

        DamagedRecordError is raised if it is not exactly what was written, OtherVersionError if it is, but this version
        does not know what it means.
        """
        _check_seal(content)
        try:
            metadata = pl.read_parquet_metadata(io.BytesIO(content))
            frame = pl.read_parquet(io.BytesIO(content))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise OtherVersionError("it is whole, but no Parquet file that can be read here") from error
        kind = _kind_of(metadata, frame)
        record = cls()
        for values in frame.iter_rows(named=True):
            new_slots, memory = (values.pop(name) for name in _STATE)
            row = kind(**values)
            record.rows[row.n_seen] = row
            if new_slots is not None:
                record.new_slots[row.n_seen] = new_slots
            if memory is not None:
                record.memory = (row.n_seen, memory)
        return record


def _kind_of(metadata: Mapping[str, str], frame: pl.DataFrame) -> type[CommonRow]:
    """Return the class of a file's rows; raise OtherVersionError unless it has the columns of a version known here."""
    domain, version = metadata.get(_DOMAIN_KEY, Row.domain), metadata.get(_VERSION_KEY, "1")
    if domain not in DOMAINS:
        raise OtherVersionError(f"it holds rows of the domain '{domain}', which is not known here")
    kind = DOMAINS[domain].row
    if version not in map(str, range(1, kind.schema_version + 1)):
        raise OtherVersionError(
            f"it has version {version} of the columns, the newest known here is {kind.schema_version}"
        )
    columns = {**schema_of(kind), **_STATE}
    if unknown := [name for name in frame.columns if name not in columns]:
        raise OtherVersionError(f"it has the column '{unknown[0]}', which is not known here")
    if frame.schema != {name: dtype for name, dtype in columns.items() if kind.added.get(name, 1) <= int(version)}:
        raise OtherVersionError(f"its columns are not those of version {version}")
    return kind


def domain_of(columns: Collection[str]) -> str | None:
    """Return the domain whose exported rows have exactly these columns, later ones aside, if there is one."""
    names = {*columns} - {"experiment"}

    def fits(row: type[CommonRow]) -> bool:
        known = schema_of(row).keys()
        return known - row.added.keys() <= names <= known

    return next((domain.name for domain in DOMAINS.values() if fits(domain.row)), None)


def rows_frame(rows: list[dict[str, Any]], row: type[CommonRow] = Row, **extra: pl.DataType) -> pl.DataFrame:
    """Return rows of a domain, with extra columns, as a frame of its one schema (also when there are none)."""
    return pl.DataFrame(rows, schema={**schema_of(row), **extra}, orient="row")


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
