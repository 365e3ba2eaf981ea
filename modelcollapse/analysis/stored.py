"""Rows that were exported to one file."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from modelcollapse.analysis.arms import AnalysisError
from modelcollapse.simulation.rows import ADDED, column_types

_TYPES: dict[type, pl.DataType] = {str: pl.String(), int: pl.Int64(), float: pl.Float64()}


def read_rows(file: Path) -> pl.DataFrame:
    """Read a CSV or Parquet file that ``modelcollapse export`` wrote; columns that came later are null in older ones.

    Raises
    ------
    AnalysisError
        The file cannot be read or has other columns.
    """
    types = {"experiment": pl.String(), **{name: _TYPES[kind] for name, kind in column_types().items()}}
    try:
        with file.open("rb") as opened:  # a path may have characters that mean something to Polars
            is_parquet = file.suffix == ".parquet"
            rows = pl.read_parquet(opened) if is_parquet else pl.read_csv(opened, schema_overrides=types)
    except (OSError, PolarsError) as error:
        raise AnalysisError(f"Cannot read {file}: {str(error).splitlines()[0]}.") from None
    missing = [name for name in types if name not in rows.columns]
    if not ADDED.keys() >= set(missing):
        raise AnalysisError(
            f"{file} holds no exported rows: it lacks {', '.join(missing[:5])}. "
            "Use a file that modelcollapse export wrote."
        )
    words = [name for name, kind in types.items() if kind == pl.String() and name not in ADDED]
    later = [pl.lit(None, types[name]).alias(name) for name in missing]
    return rows.with_columns(later).select(list(types)).with_columns(pl.col(words).fill_null(""))
