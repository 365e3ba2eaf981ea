"""Results of the two searches among parameters, ours and the original study's own files, in one form."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import Literal

import polars as pl
from polars.exceptions import PanicException, PolarsError

from modelcollapse.analysis.exported_rows import LARGEST, check_text, numbers
from modelcollapse.analysis.statistics.arms import AnalysisError
from modelcollapse.names import first_line
from modelcollapse.searches.generational import GENES, SearchSettings
from modelcollapse.simulation.learning.learners import STUDY_FOREST

_NUMBERS = ("min_df", "n_estimators", "max_depth", "min_samples_split", "min_samples_leaf")
_ORIGINAL_VARIANT = ("generation", "score", "collapse_rate", "ngram_range", *(g for g in GENES if g != "max_ngram"))
_FOLD = re.compile(r"split(\d+)_test_score")
_INTEGERS = ("fold", "generation", "number", "parent_generation", "parent_number")
_FLOATS = ("accuracy", "seconds", "score", "sd", "collapse_rate", "inherited_rate", "wrong_labels")
_MEASURES: dict[str, type[pl.DataType]] = {
    **dict.fromkeys(_INTEGERS, pl.Int64),
    **dict.fromkeys(_FLOATS, pl.Float64),
    **dict.fromkeys(("is_study", "is_best"), pl.Boolean),
}
_MAY_BE_NULL = ("seconds", "sd", "inherited_rate", "wrong_labels", "parent_generation", "parent_number")
_LONGEST_NAME = 200
_VARIANT: dict[str, type[pl.DataType]] = {
    **_MEASURES,
    **dict.fromkeys((*_NUMBERS, "max_ngram"), pl.Int64),
    "max_features": pl.String,
    "bootstrap": pl.Boolean,
}


@dataclass(frozen=True)
class SearchResults:
    """Results of a search."""

    name: Literal["hyperparameters", "generational"]
    rows: pl.DataFrame  # as `run_grid` and `run_search` return them
    notes: tuple[str, ...] = ()  # what there is to know of an imported file


def read_search(content: bytes, source: str) -> SearchResults | None:
    """Read the results of a search: ``results.csv`` of one of ours, or a file of the original study.

    The original's are ``cv_results_`` of scikit-learn's GridSearchCV, and one row for every variant with the columns
    ``generation, score, collapse_rate, ngram_range`` and the other parameters. Return None if the file is about
    something else; raise AnalysisError, with the source's name, if columns are missing or values of another kind.
    """
    text = content.decode("utf-8-sig", errors="replace")
    try:
        header = {name.strip() for name in next(csv.reader(text.splitlines()[:1]), [])}
    except csv.Error:  # a column's name longer than the reader takes, say
        return None
    try:
        results = _read(text.encode(), header, source)
    except (PolarsError, PanicException) as error:
        raise AnalysisError(f"Cannot read {source}: {first_line(error)}.") from None
    if results is not None:
        _check(results.rows, source)
    return results


def _read(content: bytes, header: set[str], source: str) -> SearchResults | None:
    """Read a file by what its columns say it is."""
    if "mean_test_score" in header or any(map(_FOLD.fullmatch, header)):
        return _original_grid(pl.read_csv(content, infer_schema=False), source)
    if {"generation", "score"} <= header and "parent_generation" not in header:
        return _original_variants(pl.read_csv(content, infer_schema=False), source)
    if {"fold", "is_study", "accuracy", "seconds"} <= header:
        types = {name: _MEASURES.get(name, pl.String) for name in header}  # a grid's parameters are text
        return SearchResults("hyperparameters", pl.read_csv(content, schema_overrides=types))
    if {"parent_generation", "inherited_rate", "is_best", *GENES} <= header:
        return SearchResults("generational", pl.read_csv(content, schema_overrides=_VARIANT))
    return None


def _check(rows: pl.DataFrame, source: str) -> None:
    """Refuse what no search can have written: it would end in tables, figures and on terminals."""
    if rows.is_empty():
        raise AnalysisError(f"{source}: found no rows below the columns' names, expected results of a search.")
    for name in rows.columns:
        if not name.isprintable() or len(name) > _LONGEST_NAME:
            raise AnalysisError(f"{source}: found {name[:60]!r} as a column's name, expected a short line of text.")
        kind = _VARIANT.get(name, pl.String)
        may_be_null = name in _MAY_BE_NULL
        if kind in (pl.String, pl.Boolean) and rows[name].has_nulls():
            expected = "a value" if kind == pl.String else "true or false"
            raise AnalysisError(f"{source}: found nothing in the column {name}, expected {expected}.")
        if rows[name].dtype == pl.String:
            check_text(rows, name, source)
        elif kind == pl.Boolean:
            continue
        elif kind == pl.Float64:
            high = LARGEST if name == "seconds" else 1
            numbers(rows, name, source, high=high, may_be_null=may_be_null)
        else:
            numbers(rows, name, source, whole=True, may_be_null=may_be_null)


def _original_grid(raw: pl.DataFrame, source: str) -> SearchResults:
    """Turn columns of ``cv_results_`` into one row for every combination and fold.

    An empty parameter is None; a name such as ``forest__max_depth`` is that of its last step; combinations without a
    score (invalid ones) are left out.
    """
    names = {c: c.removeprefix("param_").rsplit("__")[-1] for c in raw.columns if c.startswith("param_")}
    folds = {c: int(found[1]) for c in raw.columns if (found := _FOLD.fullmatch(c))}
    if not names or not folds:
        raise _lacks(raw, source, "GridSearchCV's cv_results_: param_…, split0_test_score, split1_test_score, …")
    times = [pl.col(name).cast(pl.Float64) for name in ("mean_fit_time", "mean_score_time") if name in raw.columns]
    table = raw.select(
        *(pl.col(c).fill_null("None").str.replace(r"\.0$", "").alias(name) for c, name in names.items()),
        *(pl.col(c).cast(pl.Float64).fill_nan(None).alias(str(fold)) for c, fold in folds.items()),
        seconds=pl.sum_horizontal(times) if times else pl.lit(None, pl.Float64),
    )
    scores = [str(fold) for fold in folds.values()]
    valid = table.drop_nulls(scores)
    if valid.is_empty():
        raise AnalysisError(f"{source}: found no combination with a score in every fold, expected one at least.")
    is_study = (
        pl.all_horizontal(pl.col(name) == str(value) for name, value in STUDY_FOREST.items())
        if set(STUDY_FOREST) <= set(names.values())
        else pl.lit(False)
    )
    parameters = list(names.values())
    long = valid.unpivot(scores, index=[*parameters, "seconds"], variable_name="fold", value_name="accuracy")
    rows = long.select(*parameters, is_study.alias("is_study"), pl.col("fold").cast(pl.Int64), "accuracy", "seconds")
    n_invalid = table.height - valid.height
    note = f"{n_invalid:,} of {table.height:,} combinations have no score (they are invalid) and are left out."
    return SearchResults("hyperparameters", rows, (note,) if n_invalid else ())


def _original_variants(raw: pl.DataFrame, source: str) -> SearchResults:
    """Turn the original's rows into variants. It records neither parents nor spreads, and ``(1, 2)`` for n-grams."""
    if not set(_ORIGINAL_VARIANT) <= set(raw.columns):
        raise _lacks(raw, source, ", ".join(_ORIGINAL_VARIANT))
    rate, generation = pl.col("collapse_rate").cast(pl.Float64), pl.col("generation").cast(pl.Float64).cast(pl.Int64)
    known = raw.select(
        generation=generation,
        number=pl.int_range(pl.len()).over("generation"),
        parent_generation=pl.lit(None, pl.Int64),
        parent_number=pl.lit(None, pl.Int64),
        score=pl.col("score").cast(pl.Float64),
        sd=pl.lit(None, pl.Float64),
        collapse_rate=pl.when(generation > 0).then(rate).otherwise(0.0),
        inherited_rate=rate,
        wrong_labels=pl.lit(None, pl.Float64),
        max_ngram=pl.col("ngram_range").str.extract(r"^\(\s*\d+\D+(\d+)\s*\)$").cast(pl.Int64),
        max_features="max_features",
        bootstrap=pl.col("bootstrap").str.to_lowercase().replace_strict({"true": True, "false": False}, default=None),
        **{name: pl.col(name).cast(pl.Float64).cast(pl.Int64) for name in _NUMBERS},
    )
    holes = [name for name in ("generation", "score", "collapse_rate", *GENES) if known[name].has_nulls()]
    if holes:
        raise AnalysisError(
            f"{source}: found no value, or one of another kind, in {', '.join(holes)}; expected numbers, ngram_range "
            "as (1, 2), and True or False for bootstrap."
        )
    n_best = SearchSettings.of("generational").parents
    best = known.with_row_index().top_k(n_best, by="score")["index"]
    rows = known.select(*known.columns[:9], *GENES, is_best=pl.int_range(pl.len()).is_in(best.implode()))
    return SearchResults(
        "generational",
        rows,
        (
            "The file records no parents and no spread of the scores: there are no lineages to follow.",
            "Its generation 0 learned from people alone: the rates recorded there are what it hands down.",
        ),
    )


def _lacks(raw: pl.DataFrame, source: str, expected: str) -> AnalysisError:
    return AnalysisError(
        f"{source} is no result file of a search: found the columns {', '.join(raw.columns)}; expected {expected}."
    )
