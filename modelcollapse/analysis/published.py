"""The published curves and the original's own result files.

Source of the aggregates in ``published.csv``: the blog post "Exploring Model Collapse with Python" and the result files
of its public code; one row per experiment, rate, initial size and training size: mean, sd, min, max of accuracy over
the seeds, test-set size, and mean seconds of a fit on its author's machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import polars as pl

from modelcollapse.analysis.arms import NO_RULE, AnalysisError
from modelcollapse.simulation.rows import column_types

#: Size of the original's largest training sets; its files give shares of it.
FULL_SIZE = 320_000
_TEST_SIZES = {
    "baseline": 80_000,
    "total-collapse": 80_000,
    "collapse-rates": 20_000,
    "low-rates": 2_500,
    "fine-rates": 390_000,
}
_TYPES: Mapping[type, pl.DataType] = {str: pl.String(), int: pl.Int64(), float: pl.Float64()}


def published() -> pl.DataFrame:
    """Return the published aggregates.

    Returns
    -------
    DataFrame
        ``experiment, collapse_rate, initial_size, n_seen, n_test, n_seeds, mean, sd, min, max, fit_seconds``. In
        ``baseline`` every size was a training of its own, so there ``initial_size`` equals ``n_seen``.
    """
    with (files("modelcollapse.analysis") / "published.csv").open("rb") as file:
        frame = pl.read_csv(file)
    return frame.rename({"n_train": "n_seen", "mean_accuracy": "mean", "mean_fit_seconds": "fit_seconds"})


def is_original_file(path: str | Path) -> bool:
    """Whether a path is a CSV file with the header of one of the original's result files."""
    file = Path(path)
    return file.suffix == ".csv" and file.is_file() and "score" in _header(file)


def read_original(path: str | Path) -> pl.DataFrame:
    """Read a result file of the original study as rows, so that every analysis here works on it.

    The files record no seeds: each value came from documents of its own. So each repetition of each rate and start
    gets a seed of its own, nothing is paired, and comparisons are Welch's. What the files do not record is null.

    Parameters
    ----------
    path : str or Path
        A CSV file with the columns ``ratio,cv,score,time`` (baseline), ``initial_ratio,new_ratio,cv,score,time``
        (total-collapse) or ``initial_size,new_size,colapse_rate,cv,score,time`` (the collapse rates, spelled so).

    Returns
    -------
    DataFrame
        The columns of a run's results.

    Raises
    ------
    AnalysisError
        The file has other columns.
    """
    file = Path(path)
    header = _header(file)
    if {"ratio", "cv", "score"} <= header:
        rows = _read_baseline(file)
    elif {"initial_ratio", "new_ratio", "cv", "score"} <= header:
        rows = _read_total_collapse(file)
    elif {"initial_size", "new_size", "colapse_rate", "cv", "score"} <= header:
        rows = _read_rates(file)
    else:
        raise AnalysisError(
            f"{file} is no result file of the study: found the columns {', '.join(sorted(header))}; expected ratio, "
            "cv, score or initial_ratio, new_ratio, cv, score or initial_size, new_size, colapse_rate, cv, score; or, "
            "for plot, GridSearchCV's cv_results_, or generation, score, collapse_rate and a variant's parameters."
        )
    return _as_rows(rows)


def _header(file: Path) -> set[str]:
    try:
        with file.open(encoding="utf-8-sig") as lines:
            return {name.strip().strip('"') for name in lines.readline().split(",")}
    except (OSError, UnicodeDecodeError) as error:
        raise AnalysisError(f"Cannot read {file}: {error}.") from None


def _read_baseline(file: Path) -> pl.DataFrame:
    size = (pl.col("ratio") * FULL_SIZE).round().cast(pl.Int64)
    return pl.read_csv(file.read_bytes()).select(
        experiment=pl.lit("baseline"),
        initial_size=size.min(),
        n_seen=size,
        rate=0.0,
        cv="cv",
        score="score",
        time="time",
    )


def _read_total_collapse(file: Path) -> pl.DataFrame:
    """Read the starts' curves; where each of them begins is also the curve without collapse, as the post draws it."""
    start, size = ((pl.col(name) * FULL_SIZE).round().cast(pl.Int64) for name in ("initial_ratio", "new_ratio"))
    curves = pl.read_csv(file.read_bytes()).select(
        experiment=pl.lit("total-collapse"),
        initial_size=start,
        n_seen=size,
        rate=1.0,
        cv="cv",
        score="score",
        time="time",
    )
    begin = curves.filter(pl.col("initial_size") == pl.col("n_seen"))
    return pl.concat([curves, begin.with_columns(pl.col("initial_size").min(), rate=0.0)])


def _read_rates(file: Path) -> pl.DataFrame:
    frame = pl.read_csv(file.read_bytes()).with_columns(rate=pl.col("colapse_rate").round(4))
    if frame["initial_size"].max() == 50_000:
        experiment = "collapse-rates"
    else:
        experiment = "fine-rates" if float(frame["rate"].max() or 0) <= 0.1 else "low-rates"  # type: ignore[arg-type]
    return frame.select(
        experiment=pl.lit(experiment),
        initial_size="initial_size",
        n_seen="new_size",
        rate="rate",
        cv="cv",
        score="score",
        time="time",
    )


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
    ).with_columns(
        chain_id=pl.format("published-{}-{}", "experiment", "seed"),
    )
    columns = [
        (pl.col(name) if name in known.columns else pl.lit(None)).cast(_TYPES[kind]).alias(name)
        for name, kind in column_types().items()
    ]
    return known.select(pl.col("experiment"), *columns).sort("collapse_rate", "initial_size", "seed", "n_seen")
