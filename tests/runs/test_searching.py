from __future__ import annotations

import polars as pl
import pytest

from modelcollapse import open_results, open_search, search_generational, search_hyperparameters
from modelcollapse.analysis.statistics.arms import AnalysisError
from modelcollapse.errors import RunFolderError, SpecError
from modelcollapse.execution.executors import InProcessExecutor

GRID = {"grid": {"n_estimators": [2, 4]}, "documents": 60, "folds": 3, "executor": "inprocess"}


def test_a_grid_is_run_opened_and_drawn(corpus, tmp_path):
    search = search_hyperparameters(corpus, tmp_path / "grid", **GRID)
    assert search.best().height == 3
    assert set(search.effects().filter(parameter="n_estimators")["value"]) >= {"2", "4"}
    assert list(search.plot()) == ["hyperparameters"]
    assert repr(search) == f"<Search {tmp_path / 'grid'}: hyperparameters, 9 rows>"
    assert "<table>" in search._repr_html_()
    again = open_search(tmp_path / "grid")
    assert again.best().select("rank", "mean").equals(search.best().select("rank", "mean"))
    with pytest.raises(AnalysisError, match=r"results of a search \(hyperparameters\), which has no curves"):
        open_results(tmp_path / "grid")


def test_settings_are_checked_before_a_corpus_is_looked_for(tmp_path):
    with pytest.raises(SpecError, match="folds: found 1"):
        search_hyperparameters("no-such-corpus", tmp_path, folds=1)
    with pytest.raises(SpecError, match="variants: found 0"):
        search_generational("no-such-corpus", tmp_path, variants=0)
    with pytest.raises(RunFolderError, match="is gone when"):
        search_hyperparameters("no-such-corpus", "memory://search")


def test_interrupting_keeps_units_and_says_how_to_go_on(corpus, tmp_path):
    class Stopping(InProcessExecutor):
        def run(self, *arguments):
            for i, event in enumerate(super().run(*arguments)):
                if i == 3:
                    raise KeyboardInterrupt
                yield event

    with pytest.raises(KeyboardInterrupt) as stopped:
        search_hyperparameters(corpus, tmp_path, **{**GRID, "executor": Stopping()})
    assert stopped.value.__notes__ == [f"What was computed is kept in {tmp_path}; the same call goes on from it."]
    assert list((tmp_path / "units").iterdir())
    with pytest.raises(AnalysisError, match=r"has no results\.csv yet"):
        open_search(tmp_path)
    assert search_hyperparameters(corpus, tmp_path, **GRID).results().height == 9


def test_what_is_no_search_is_refused(tmp_path, finished):
    pl.DataFrame({"a": [1]}).write_csv(tmp_path / "a.csv")
    for place in (tmp_path, tmp_path / "a.csv", str(finished.folder)):
        with pytest.raises(AnalysisError, match="Found no results of a search"):
            open_search(place)
