"""The published curves and the original's own result files.

Source of the aggregates in ``published.csv``: the blog post "Exploring Model Collapse with Python" and the result files
of its public code; one row per experiment, rate, initial size and training size: mean, sd, min, max of accuracy over
the seeds, test-set size, and mean seconds of a fit on its author's machine.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from modelcollapse.analysis.exported_rows import numbers
from modelcollapse.analysis.statistics.arms import NO_RULE, AnalysisError
from modelcollapse.analysis.statistics.frames import EXPORTED
from modelcollapse.names import first_line, is_file

#: Size of the original's largest training sets; its files give shares of it.
FULL_SIZE = 320_000
_MOST_REPETITIONS = 1_000_000
_TEST_SIZES = {
    "baseline": 80_000,
    "total-collapse": 80_000,
    "collapse-rates": 20_000,
    "low-rates": 2_500,
    "fine-rates": 390_000,
}


def published() -> pl.DataFrame:
    """Return the published aggregates.

    Columns: ``experiment, collapse_rate, initial_size, n_seen, n_test, n_seeds, mean, sd, min, max,
    fit_seconds``. In ``baseline`` every size was a training of its own, so there ``initial_size`` equals
    ``n_seen``.
    """
    with (files("modelcollapse.analysis.study") / "published.csv").open("rb") as file:
        frame = pl.read_csv(file)
    return frame.rename({"n_train": "n_seen", "mean_accuracy": "mean", "mean_fit_seconds": "fit_seconds"})


def is_original_file(path: str | Path) -> bool:
    """Whether a path is a CSV file with the header of one of the original's result files."""
    file = Path(path)
    return file.suffix == ".csv" and is_file(file) and "score" in _header(file)


def read_original(path: str | Path) -> pl.DataFrame:
    """Read a result file of the original study as rows, so that every analysis here works on it.

    The files record no seeds: each value came from documents of its own. So each repetition of each rate and start
    gets a seed of its own, nothing is paired, and comparisons are Welch's. What the files do not record is null.

    They have the columns ``ratio,cv,score,time`` (baseline), ``initial_ratio,new_ratio,cv,score,time``
    (total-collapse) or ``initial_size,new_size,colapse_rate,cv,score,time`` (the collapse rates, spelled so); others,
    and values that no result of the study can be, are refused.
    """
    file = Path(path)
    raw = _read(file)
    header = set(raw.columns)
    rows = next((read(raw, file) for needed, read in _KINDS.items() if {*needed, "cv", "score"} <= header), None)
    if rows is None:
        raise AnalysisError(
            f"{file} is no result file of the study: found the columns {', '.join(sorted(header))}; expected ratio, "
            "cv, score or initial_ratio, new_ratio, cv, score or initial_size, new_size, colapse_rate, cv, score; or, "
            "for plot, GridSearchCV's cv_results_, or generation, score, collapse_rate and a variant's parameters."
        )
    if rows.is_empty():
        raise AnalysisError(f"{file}: found no rows below the columns' names, expected results of the study.")
    shrunk = rows.filter(pl.col("n_seen") < pl.col("initial_size"))
    if not shrunk.is_empty():
        size, start = shrunk.row(0, named=True)["n_seen"], shrunk.row(0, named=True)["initial_size"]
        raise AnalysisError(f"{file}: found {size:,} documents in a chain that began with {start:,}, expected more.")
    return _as_rows(rows)


def _header(file: Path) -> set[str]:
    try:
        with file.open(encoding="utf-8-sig") as lines:
            return {name.strip().strip('"') for name in lines.readline().split(",")}
    except (OSError, UnicodeDecodeError) as error:
        raise AnalysisError(f"Cannot read {file}: {error}.") from None


def _read(file: Path) -> pl.DataFrame:
    """Read a file's cells as text."""
    try:
        raw = pl.read_csv(file.read_bytes(), infer_schema=False)
        raw.columns = [name.strip() for name in raw.columns]
    except (OSError, PolarsError, PanicException) as error:
        raise AnalysisError(f"Cannot read {file}: {first_line(error)}.") from None
    return raw


def _measured(raw: pl.DataFrame, file: Path) -> dict[str, pl.Series | pl.Expr]:
    """Return what every file has: the repetition, the accuracy, and perhaps the seconds."""
    has_time = "time" in raw.columns
    return {
        "cv": numbers(raw, "cv", file, high=_MOST_REPETITIONS, whole=True),
        "score": numbers(raw, "score", file, high=1),
        "time": numbers(raw, "time", file, may_be_null=True) if has_time else pl.lit(None, pl.Float64),
    }


def _size(raw: pl.DataFrame, name: str, file: Path) -> pl.Series:
    """Return the numbers of documents that shares of the largest training set are."""
    shares = numbers(raw, name, file, low=1 / FULL_SIZE, high=1)
    return (shares * FULL_SIZE).round().cast(pl.Int64)


def _baseline(raw: pl.DataFrame, file: Path) -> pl.DataFrame:
    size = _size(raw, "ratio", file)
    return raw.select(
        experiment=pl.lit("baseline"),
        initial_size=pl.lit(size.min(), pl.Int64),
        n_seen=size,
        rate=pl.lit(0.0),
        **_measured(raw, file),
    )


def _total_collapse(raw: pl.DataFrame, file: Path) -> pl.DataFrame:
    """Read the starts' curves; where each of them begins is also the curve without collapse, as the post draws it."""
    curves = raw.select(
        experiment=pl.lit("total-collapse"),
        initial_size=_size(raw, "initial_ratio", file),
        n_seen=_size(raw, "new_ratio", file),
        rate=pl.lit(1.0),
        **_measured(raw, file),
    )
    begin = curves.filter(pl.col("initial_size") == pl.col("n_seen"))
    return pl.concat([curves, begin.with_columns(pl.col("initial_size").min(), rate=pl.lit(0.0))])


def _rates(raw: pl.DataFrame, file: Path) -> pl.DataFrame:
    rate = numbers(raw, "colapse_rate", file, high=1).round(4)
    initial_size = numbers(raw, "initial_size", file, low=1, whole=True)
    if initial_size.max() == 50_000:
        experiment = "collapse-rates"
    else:
        experiment = "fine-rates" if float(rate.max() or 0) <= 0.1 else "low-rates"  # type: ignore[arg-type]
    return raw.select(
        experiment=pl.lit(experiment),
        initial_size=initial_size,
        n_seen=numbers(raw, "new_size", file, low=1, whole=True),
        rate=rate,
        **_measured(raw, file),
    )


#: How a file is read that has these columns.
_KINDS = {
    ("ratio",): _baseline,
    ("initial_ratio", "new_ratio"): _total_collapse,
    ("initial_size", "new_size", "colapse_rate"): _rates,
}


def _as_rows(raw: pl.DataFrame) -> pl.DataFrame:
    """Fill the schema of rows; one seed for every repetition of an arm."""
    arm = pl.struct("initial_size", "rate").rank("dense") - 1
    sizes = pl.col("n_seen").rank("dense").over("initial_size", "rate") - 1
    is_self_labelled = pl.col("rate") > 0
    known = raw.with_columns(
        seed=(arm * (pl.col("cv").max() + 1) + pl.col("cv")).cast(pl.Int64),
        collapse_rate=pl.col("rate").cast(pl.Float64),
        model=pl.lit("forest"),
        model_params=pl.lit("as published"),
        regime=pl.lit("accumulate"),
        label_rule=pl.when(is_self_labelled).then(pl.lit("argmax")).otherwise(pl.lit(NO_RULE)),
        generation=sizes.cast(pl.Int64),
        n_train=pl.col("n_seen"),
        n_synthetic=(pl.col("rate") * (pl.col("n_seen") - pl.col("initial_size"))).round().cast(pl.Int64),
        n_test=pl.col("experiment").replace_strict(_TEST_SIZES, return_dtype=pl.Int64),
        accuracy=pl.col("score").cast(pl.Float64),
        fit_seconds=pl.col("time").cast(pl.Float64),
    ).with_columns(chain_id=pl.format("published-{}-{}", "experiment", "seed"))
    return known.select(
        (pl.col(name) if name in known.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in EXPORTED.items()
    ).sort("collapse_rate", "initial_size", "seed", "n_seen")
