from __future__ import annotations

import itertools
from dataclasses import replace
from decimal import Decimal

import pytest

from modelcollapse.errors import CorpusError
from modelcollapse.planning.estimate import (
    CostLaw,
    Kind,
    calibrate,
    find_law,
    grid_seconds,
    load_law,
    makespan,
    measure_law,
    search_seconds,
)
from modelcollapse.searches.generational import SearchSettings
from modelcollapse.searches.hyperparameters import GridSettings
from modelcollapse.simulation.spec import ChainSpec, Growth, Model
from tests.conftest import make_corpus, make_reviews

#: Training costs n^1.5 microseconds, scoring 10 microseconds a document.
SIZES = (100, 200, 400, 800, 1600)
LAW = CostLaw(SIZES, tuple(n**1.5 / 1e6 for n in SIZES), (1e-5,) * len(SIZES))


def chain(**changes: object) -> ChainSpec:
    values = {
        "seed": 0, "collapse_rate": Decimal(0), "initial_size": 200, "final_size": 600, "test_size": 50,
        "growth": Growth(increment=200), "model": Model("naive-bayes"), **changes,
    }  # fmt: skip
    return ChainSpec(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [100, 150, 1600, 320_000])
def test_a_power_law_is_found_again_between_and_beyond_the_measured_sizes(n):
    assert LAW.generation_seconds(n, 0) == pytest.approx(n**1.5 / 1e6, rel=1e-6, abs=1e-4)


def test_below_the_smallest_size_nothing_gets_cheaper():
    assert LAW.generation_seconds(5, 0) == pytest.approx(100**1.5 / 1e6)


def test_a_chain_is_its_trainings_and_what_it_scores():
    fits = sum(n**1.5 for n in (200, 400, 600)) / 1e6
    assert LAW.chain_seconds(chain()) == pytest.approx(fits + 1e-5 * (3 * 50 + 2 * 200), rel=1e-6)
    small = 3 * 200**1.5 / 1e6 + 1e-5 * (3 * 50 + 2 * 200)
    assert LAW.chain_seconds(chain(regime="replace")) == pytest.approx(small, rel=1e-6)
    assert LAW.chain_seconds(chain(regime="subsample")) == pytest.approx(small, rel=1e-6)
    windowed = sum(n**1.5 for n in (200, 300, 300)) / 1e6 + 1e-5 * (3 * 50 + 2 * 200)
    assert LAW.chain_seconds(chain(regime="window:300")) == pytest.approx(windowed, rel=1e-6)


def test_makespan_is_within_what_longest_first_guarantees():
    seconds = [7.0, 5.0, 4.0, 3.0, 3.0, 2.0]
    assert makespan(seconds, 1) == sum(seconds)
    assert makespan(seconds, 64) == 7.0
    best = min(
        max(sum(s for s, where in zip(seconds, places, strict=True) if where == core) for core in range(2))
        for places in itertools.product(range(2), repeat=len(seconds))
    )
    assert best <= makespan(seconds, 2) <= (4 / 3 - 1 / 6) * best


def test_searches_cost_their_trainings():
    second_a_training = CostLaw((100, 100_000), (1.0, 1.0), (1e-15, 1e-15))
    grid = GridSettings.of("hyperparameters", grid={"n_estimators": [100, 1000]}, folds_per_task=2)
    seconds = grid_seconds(grid, second_a_training)
    assert sum(seconds) == pytest.approx(5 * 1.0 + 5 * 0.1)
    assert max(seconds) == pytest.approx(2.0)
    search = SearchSettings.of("generational", variants=25, parents=3, children=10, seeds=2, max_generations=2)
    first, *later = search_seconds(search, second_a_training)
    assert first == pytest.approx([10, 10, 10, 10, 5, 5])
    assert later == [pytest.approx([11] * 2 * 3)] * 2


def test_a_calibration_measures_sizes_up_to_the_corpus_and_is_kept(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path))
    kind = Kind(Model("naive-bayes"))
    assert load_law(corpus, kind) is None
    law = measure_law(corpus, kind)
    assert law.sizes == (128, 256, 512, 1024)
    assert all(seconds > 0 for seconds in (*law.fit_seconds, *law.score_seconds))
    assert load_law(corpus, kind) == find_law(corpus, kind) == law
    assert load_law(replace(corpus, name="renamed"), kind) == law
    assert load_law(corpus, Kind(Model("logistic-regression"))) is None
    built_anew = replace(corpus, fingerprint="another")
    assert load_law(built_anew, kind) is None
    next(tmp_path.glob("calibrations/*.json")).write_text("{")
    assert load_law(corpus, kind) is None


def test_a_calibration_stops_when_time_is_up(corpus):
    assert len(calibrate(Kind(Model("naive-bayes")), corpus, seconds=0).sizes) == 4


def test_too_few_documents_to_calibrate():
    with pytest.raises(CorpusError, match="too few to estimate times"):
        calibrate(Kind(Model("naive-bayes")), make_corpus(make_reviews(150)))
