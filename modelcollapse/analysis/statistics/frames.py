"""Tables that always have their columns, even when they have no rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from modelcollapse.simulation.rows import column_types

_TYPES: Mapping[type, pl.DataType] = {str: pl.String(), int: pl.Int64(), float: pl.Float64(), bool: pl.Boolean()}

_KEYS: Mapping[str, type] = {"experiment": str, **column_types()}


def groups(frame: pl.DataFrame, keys: Sequence[str]) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    """Yield ``({key: value}, rows)`` for every group, in order of first appearance."""
    for values, group in frame.group_by(list(keys), maintain_order=True):
        yield dict(zip(keys, values, strict=True)), group


def table(records: Iterable[Mapping[str, Any]], keys: Sequence[str], columns: Mapping[str, type]) -> pl.DataFrame:
    """Make a frame of records with the axes `keys` first and then `columns`, whatever there is in it."""
    types = {**{key: _KEYS[key] for key in keys}, **columns}
    return pl.DataFrame(list(records), schema={name: _TYPES[kind] for name, kind in types.items()}, orient="row")
