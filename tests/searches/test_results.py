from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV

from modelcollapse.analysis.statistics.arms import AnalysisError
from modelcollapse.searches.generational_figures import lineages, search_figure
from modelcollapse.searches.hyperparameter_figures import combinations, effects, grid_figure
from modelcollapse.searches.results import read_search

VARIANTS = """generation,score,collapse_rate,min_df,ngram_range,max_features,n_estimators,max_depth,min_samples_split,\
min_samples_leaf,bootstrap,time
0,0.8451,0.052,1,"(1, 1)",sqrt,1093,24,2,1,False,812.5
0,0.8302,0.047,3,"(1, 8)",log2,880,17,3,2,True,640.0
1,0.8449,0.061,1,"(1, 2)",sqrt,1101,26,2,1,False,901.2
"""


@pytest.fixture(scope="module")
def search() -> GridSearchCV:
    """Search a small grid, half of which is invalid, as the original study did."""
    random = np.random.default_rng(0)
    x = random.poisson(1, (90, 10))
    y = (x[:, 0] + random.poisson(1, 90) > 1).astype(int)
    grid = {
        "bootstrap": [True, False], "max_depth": [1, 20, None], "max_features": ["sqrt"], "min_samples_leaf": [1],
        "min_samples_split": [1, 2], "n_estimators": [3],
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitFailedWarning)
        warnings.filterwarnings("ignore", message="One or more of the test scores are non-finite")
        return GridSearchCV(RandomForestClassifier(random_state=0), grid, cv=3).fit(x, y)


@pytest.fixture(scope="module")
def grid_csv(search: GridSearchCV) -> str:
    """Write ``cv_results_`` as pandas does: None and missing scores are empty, ``params`` is a quoted dictionary."""

    def cell(value: object) -> str:
        is_empty = value is None or (isinstance(value, float) and np.isnan(value))
        return "" if is_empty else f'"{value}"' if isinstance(value, dict) else str(value)

    columns = search.cv_results_
    lines = [",".join(map(cell, row)) for row in zip(*(list(values) for values in columns.values()), strict=True)]
    return "\n".join([",".join(columns), *lines])


def test_a_grid_search_of_the_original_is_that_of_scikit_learn(search: GridSearchCV, grid_csv: str) -> None:
    results = read_search(grid_csv.encode(), "grid.csv")
    assert results is not None
    assert results.name == "hyperparameters"
    assert results.notes == ("6 of 12 combinations have no score (they are invalid) and are left out.",)
    table = combinations(results.rows)
    known = search.cv_results_
    scores = {str(params): mean for params, mean in zip(known["params"], known["mean_test_score"], strict=True)}
    assert table.height == 6
    for row in table.iter_rows(named=True):
        depth = None if row["max_depth"] == "None" else int(row["max_depth"])
        params = {
            "bootstrap": row["bootstrap"] == "True", "max_depth": depth, "max_features": "sqrt", "min_samples_leaf": 1,
            "min_samples_split": 2, "n_estimators": 3,
        }  # fmt: skip
        assert row["mean"] == pytest.approx(scores[str(params)])
    best = np.nanargmax(known["mean_test_score"])
    folds = [known[f"split{fold}_test_score"][best] for fold in range(3)]
    assert table.row(0, named=True) == pytest.approx(
        {**table.row(0, named=True), "sd": np.std(folds, ddof=1), "min": min(folds), "max": max(folds), "n_folds": 3}
    )


def test_its_parameters_have_effects_and_panels(grid_csv: str) -> None:
    results = read_search(grid_csv.encode(), "grid.csv")
    assert results is not None
    depth = effects(results.rows).filter(pl.col("parameter") == "max_depth")
    assert depth["value"].to_list() == ["1", "20", "None"]
    assert depth["n_combinations"].to_list() == [2, 2, 2]
    assert len(grid_figure(results.rows).axes) == 6


def test_names_of_a_pipeline_and_the_study_itself_are_known() -> None:
    names = ["bootstrap", "max_depth", "max_features", "min_samples_leaf", "min_samples_split", "n_estimators"]
    header = ",".join([f"param_forest__{name}" for name in names] + ["split0_test_score", "split1_test_score"])
    text = f"{header}\nFalse,20.0,sqrt,1,2,1000,.8,.9\nTrue,,sqrt,1,2,1000,.7,.7\n"
    results = read_search(text.encode(), "pipeline.csv")
    assert results is not None
    assert combinations(results.rows).select("max_depth", "is_study", "mean").rows() == [
        ("20", True, pytest.approx(0.85)),
        ("None", False, pytest.approx(0.7)),
    ]


def test_a_generational_file_gives_variants_without_lineages() -> None:
    results = read_search(VARIANTS.encode(), "variants.csv")
    assert results is not None
    assert results.name == "generational"
    rows = results.rows.select("generation", "number", "collapse_rate", "inherited_rate", "max_ngram", "bootstrap")
    assert rows.rows() == [(0, 0, 0.0, 0.052, 1, False), (0, 1, 0.0, 0.047, 8, True), (1, 0, 0.061, 0.061, 2, False)]
    table = lineages(results.rows)
    assert table["variant"].to_list() == ["0/0", "1/0", "0/1"]
    assert not table["has_parent"].any()
    assert table["changed"][0] == "n_estimators 1000 → 1093, max_depth 20 → 24"
    left, right = search_figure(results.rows).axes
    assert sum(len(dots.get_offsets()) for dots in left.collections) == 3
    assert sum(len(dots.get_offsets()) for dots in right.collections) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("param_max_depth,mean_test_score\n1,.5\n", "found the columns param_max_depth, mean_test_score; expected"),
        ("split0_test_score\n.5\n", "expected GridSearchCV's cv_results_: param_…, split0_test_score"),
        ("param_x,split0_test_score\n1,\n", "found no combination with a score in every fold"),
        ("param_x,split0_test_score\n1,good\n", "Cannot read some.csv: .*good"),
        ("generation,score\n0,.8\n", "found the columns generation, score; expected generation, score, collapse_rate"),
        (VARIANTS.replace("(1, 8)", "words"), "or one of another kind, in max_ngram; expected numbers, ngram_range as"),
        (VARIANTS.replace("0.8302", "high"), "Cannot read some.csv"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(text: str, message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        read_search(text.encode(), "some.csv")


def test_other_files_are_no_searches() -> None:
    for header in ("ratio,cv,score,time", "experiment,chain_id,seed", ""):
        assert read_search(f"{header}\n".encode(), "some.csv") is None
