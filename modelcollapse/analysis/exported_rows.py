"""Rows in a file, of ours or a stranger's: what can be none is refused in one line that has the first such value."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from modelcollapse.analysis.mechanism.classes import BY_CLASS, check_classes
from modelcollapse.analysis.statistics.arms import AnalysisError
from modelcollapse.analysis.statistics.frames import EXPORTED
from modelcollapse.domains.catalogue import find_domain
from modelcollapse.domains.multiclass.domain import MulticlassRow
from modelcollapse.execution.store.record import domain_of, schema_of
from modelcollapse.names import first_line
from modelcollapse.simulation.domain import primary
from modelcollapse.simulation.rows import CommonRow, Row, column_types

#: What no row is without; everything else may be unknown.
_NEVER_NULL = ("collapse_rate", "seed", "initial_size", "generation", "n_seen", "n_train", "n_test", "accuracy")
_SIZES = ("initial_size", "n_seen", "n_test")
#: Fractions, all of which lie in [0, 1]; the other floats are finite and not negative.
_FRACTIONS = (
    "collapse_rate", "accuracy", "balanced_accuracy", "roc_auc", "recall_negative", "recall_positive",
    "best_threshold_accuracy", "brier", "calibration_error", "predicted_positive_rate", "train_positive_rate",
    "synthetic_label_error", "synthetic_error_negative", "synthetic_error_positive", "churn", "least_recall",
    "largest_share", "share_distance",
)  # fmt: skip
_ROUNDING = 1e-9
#: No size or count in a file is larger.
LARGEST = 2**40
_LONGEST_TEXT = 500
#: More is no file of ours, and would be drawn for hours.
_MOST = {"experiment": 200, "model": 200, "model_params": 1000, "regime": 20, "label_rule": 50}


def read_rows(file: Path) -> pl.DataFrame:
    """Read a CSV or Parquet file that ``modelcollapse export`` wrote; columns that came later are null in older ones.

    Other columns, and values that no run can have, are refused.
    """
    try:
        with file.open("rb") as opened:  # a path may have characters that mean something to Polars
            is_parquet = file.suffix == ".parquet"
            rows = pl.read_parquet(opened) if is_parquet else pl.read_csv(opened, schema_overrides=EXPORTED)
        row = find_domain(domain_of(rows.columns) or Row.domain).row
        exported = {"experiment": pl.String(), **schema_of(row)}
        missing = [name for name in exported if name not in rows.columns]
        rows = rows.with_columns(pl.lit(None).alias(name) for name in missing if name in row.added)
        if is_whole := row.added.keys() >= set(missing):
            rows = rows.select(pl.col(name).cast(kind) for name, kind in exported.items())
    except (OSError, PolarsError, PanicException) as error:
        raise AnalysisError(f"Cannot read {file}: {first_line(error)}.") from None
    if not is_whole:
        raise AnalysisError(
            f"{file} holds no exported rows: it lacks {', '.join(missing[:5])}. "
            "Use a file that modelcollapse export wrote."
        )
    for name, kind in exported.items():
        if rows[name].dtype != kind:  # Polars casts lists and structs in their own way
            raise AnalysisError(f"{file}: found {rows[name].dtype} in the column {name}, expected {kind}.")
    words = [name for name, kind in exported.items() if kind == pl.String() and name not in row.added]
    rows = rows.with_columns(pl.col(words).fill_null(""))
    _check(rows, row, file)
    return rows


def _check(rows: pl.DataFrame, row: type[CommonRow], file: Path) -> None:
    """Refuse what no run can have written, with the first such value."""
    if row is MulticlassRow:
        for _, group in rows.group_by("experiment"):
            check_classes(group)
    for name, kind in column_types(row).items():
        column = pl.col(name)
        if row is MulticlassRow and name in BY_CLASS:
            continue
        if kind is str:
            check_text(rows, name, file, may_be_empty=name not in ("model", "regime", "label_rule"))
            continue
        if name in _FRACTIONS:
            allowed, expected = column.is_between(-_ROUNDING, 1 + _ROUNDING), "a number from 0 to 1"
        elif name in _SIZES:
            allowed, expected = column.is_between(1, LARGEST), "a whole number from 1 up"
        elif kind is int and name != "seed":
            allowed, expected = column.is_between(0, LARGEST), "a whole number from 0 up"
        elif row is Row or kind is int or name.endswith("_seconds"):
            allowed, expected = column.is_between(0, 2.0**63, closed="left"), "a finite number from 0 up"
        else:
            allowed, expected = column.abs() < 2.0**63, "a finite number"
        wrong = ~allowed.fill_null(name not in (*_NEVER_NULL, primary(find_domain(row.domain))[0]))
        found = rows.select(column.filter(wrong).head(1)).to_series()
        if len(found):
            raise AnalysisError(f"{file}: found {found[0]} in the column {name}, expected {expected}.")
    for name, most in _MOST.items():
        if (n := rows[name].n_unique()) > most:
            raise AnalysisError(f"{file}: found {n:,} values in the column {name}, expected at most {most:,}.")


def check_text(rows: pl.DataFrame, name: str, source: str | Path, may_be_empty: bool = True) -> None:
    """Raise AnalysisError for text that cannot stand on one line: it goes to terminals, tables and figures."""
    for text in rows[name].drop_nulls().unique(maintain_order=True):
        if not text.isprintable() or len(text) > _LONGEST_TEXT or not (may_be_empty or text.strip()):
            raise AnalysisError(
                f"{source}: found {text[:60]!r} in the column {name}, expected one line of text "
                f"of at most {_LONGEST_TEXT} characters."
            )


def numbers(
    rows: pl.DataFrame,
    name: str,
    source: str | Path,
    low: float = 0,
    high: float = LARGEST,
    *,
    whole: bool = False,
    may_be_null: bool = False,
) -> pl.Series:
    """Return a column – of text, say – as numbers from `low` to `high`, as integers if they are to be whole.

    AnalysisError names the first value that is none of them, and the file, `source`.
    """
    raw = rows[name]
    found = raw.cast(pl.Float64, strict=False)
    good = found.is_between(low, high) & ((found == found.floor()) if whole else True)
    wrong = ~good.fill_null(False) & ~(raw.is_null() & may_be_null)
    if wrong.any():
        value = raw.filter(wrong)[0]
        kind = "a whole number" if whole else "a number"
        bounds = f"from {low:g} up" if high == LARGEST else f"from {low:g} to {high:g}"
        shown = "nothing" if value is None else f"{value!r:.60}"
        raise AnalysisError(f"{source}: found {shown} in the column {name}, expected {kind} {bounds}.")
    return found.cast(pl.Int64) if whole else found
