from __future__ import annotations

import polars as pl
import pytest

from modelcollapse.searches.hyperparameter_figures import combinations, grid_figure


@pytest.fixture
def folds() -> pl.DataFrame:
    rows = [
        {"max_depth": depth, "trees": trees, "is_study": False, "fold": fold, "seconds": 1.0,
         "accuracy": 0.6 + 0.1 * (depth == "None") + 0.01 * int(trees) / 10 + 0.02 * (fold - 1)}
        for depth in ("None", "5", "10") for trees in ("10", "20") for fold in range(3)
    ]  # fmt: skip
    study = [
        {"max_depth": "20", "trees": "10", "is_study": True, "fold": fold, "seconds": 1.0, "accuracy": 0.5}
        for fold in range(3)
    ]
    return pl.DataFrame(rows + study)


def test_combinations_are_ranked_by_their_mean(folds):
    table = combinations(folds)
    assert table.row(0, named=True) == pytest.approx(
        {"rank": 1, "max_depth": "None", "trees": "20", "is_study": False, "mean": 0.72, "sd": 0.02, "min": 0.70,
         "max": 0.74, "n_folds": 3, "seconds": 3.0}
    )  # fmt: skip
    assert table["rank"][-1] == 7
    assert table["is_study"][-1]


def test_each_parameter_has_a_panel_with_mean_and_range_over_the_grid(folds):
    figure = grid_figure(folds)
    depth, trees = figure.axes
    assert [label.get_text() for label in depth.get_xticklabels()] == ["5", "10", "20", "None"]
    line, study = depth.get_lines()
    assert list(line.get_xdata()) == [0, 1, 3]
    assert list(line.get_ydata()) == pytest.approx([0.615, 0.615, 0.715])
    assert (list(study.get_xdata()), list(study.get_ydata())) == ([2], [0.5])
    least_and_most = trees.collections[0].get_segments()[0][:, 1]
    assert list(least_and_most) == pytest.approx([0.61, 0.71])
