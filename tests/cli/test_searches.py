from __future__ import annotations

import polars as pl
import pytest

GRID = [
    "hyperparameters", "--documents", "60", "--folds", "3", "--grid", "n_estimators=2,4", "--grid", "max_depth=2,None",
    "--executor", "inprocess",
]  # fmt: skip
SEARCH = [
    "generational", "--ngrams", "1-3", "--variants", "4", "--parents", "2", "--children", "2", "--train-size", "100",
    "--test-size", "100", "--seeds", "2", "--trees", "3", "--max-generations", "1", "--executor", "inprocess",
]  # fmt: skip


def test_the_grid_is_ranked_drawn_and_kept(call, reviews_csv, tmp_path):
    code, out, err = call(*GRID, "--corpus", reviews_csv)
    assert code == 0, err
    assert "(the study)" in out
    folder = tmp_path / "runs/hyperparameters"
    assert pl.read_csv(folder / "results.csv").height == 5 * 3
    assert {file.suffix for file in (folder / "figures").iterdir()} == {".png", ".svg"}
    assert "Effect of each parameter" in out
    code, again, err = call("plot", "runs/hyperparameters")
    assert code == 0, err
    assert again.strip() in out


def test_the_search_shows_its_lineages(call, reviews_csv, tmp_path):
    code, out, err = call(*SEARCH, "--corpus", reviews_csv)
    assert code == 0, err
    assert "against the study's: n_estimators 1000 → " in out
    code, again, err = call("plot", "runs/generational")
    assert code == 0, err
    assert again.strip() in out
    folder = tmp_path / "runs/generational"
    assert pl.read_csv(folder / "results.csv").height == 8
    assert pl.read_csv(folder / "lineages.csv")["rank"].max() == 2
    assert (folder / "figures/generational.png").exists()


def test_a_file_of_the_study_is_drawn_like_our_own(call, tmp_path):
    (tmp_path / "grid.csv").write_text("param_max_depth,split0_test_score,split1_test_score\n1,.5,.6\n,.7,.8\n")
    code, out, err = call("plot", "grid.csv")
    assert code == 0, err
    assert "Effect of each parameter" in out
    assert (tmp_path / "grid/figures/hyperparameters.svg").exists()
    for command in (("compare", "grid.csv"), ("report", "grid.csv"), ("export", "grid.csv", "rows.csv")):
        code, _, err = call(*command)
        assert code == 2
        assert err.strip().endswith("Look at it with: modelcollapse plot grid.csv")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*SEARCH, "--ngrams", "2"], "generational mutates n-gram orders up to 3"),
        ([*SEARCH, "--train-size", "5000"], "generational needs 5,100 documents"),
        ([*GRID, "--grid", "depth=3"], "grid: found 'depth', expected one of"),
        ([*GRID, "--documents", "5000"], "hyperparameters needs 5,000 documents"),
        ([*GRID, "--out", "runs/generational"], "holds the search 'generational'"),
        (["run", "generational"], "is a command of its own: modelcollapse generational"),
    ],
)
def test_errors_are_one_line(call, reviews_csv, tmp_path, arguments, message):
    other = tmp_path / "runs/generational"
    other.mkdir(parents=True)
    (other / "search.json").write_text(
        '{"format": 1, "search": "generational", "corpus": {"name": "shop", "fingerprint": "abc"}}'
    )
    code, _, err = call(*arguments, "--corpus", reviews_csv)
    assert code == 2
    assert err.startswith("modelcollapse: ")
    assert len(err.splitlines()) == 1
    assert message in err
