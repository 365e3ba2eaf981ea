from __future__ import annotations

import polars as pl
import pytest

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.execution.executors import InProcessExecutor
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.tasks import Failed
from modelcollapse.searches.generational import SearchSettings, run_search
from tests.conftest import make_corpus, make_reviews

SETTINGS = SearchSettings.of(
    "generational", variants=6, parents=2, children=3, train_size=120, test_size=150, seeds=2, max_generations=3,
    trees=3,
)  # fmt: skip


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return make_corpus(make_reviews(300), ngrams=3)


@pytest.fixture(scope="module")
def whole(corpus, tmp_path_factory) -> pl.DataFrame:
    table, n_failed = run_search(SETTINGS, corpus, RunFolder(tmp_path_factory.mktemp("search")), InProcessExecutor())
    assert n_failed == 0
    return table


def test_every_child_has_a_parent_among_the_best_of_its_time(whole):
    assert whole.filter(generation=0).height == 6
    assert (whole.filter(generation=0)["collapse_rate"] == 0).all()
    assert (whole.filter(generation=0)["inherited_rate"] > 0).all()
    for generation in range(1, int(whole["generation"].max()) + 1):
        before = whole.filter(pl.col("generation") < generation)
        best = before.sort("score", descending=True, maintain_order=True).head(2)
        children = whole.filter(generation=generation)
        assert children.height == 6
        parents = children.select("parent_generation", "parent_number").unique().rows()
        assert set(parents) == set(best.select("generation", "number").rows())
        assert (children["collapse_rate"] == children["inherited_rate"]).all()


def test_it_ends_when_a_generation_brings_nothing_better(whole):
    last = int(whole["generation"].max())
    kept = whole.sort("score", descending=True, maintain_order=True).head(2)
    assert whole.filter("is_best").sort("score", "generation").equals(kept.sort("score", "generation"))
    assert last == 3 or (kept["generation"] < last).all()


def test_a_search_goes_on_where_it_was_stopped(corpus, whole, tmp_path):
    class Stopping(InProcessExecutor):
        n_left = 5

        def run(self, *arguments):
            for event in super().run(*arguments):
                yield event
                Stopping.n_left -= 1
                if not Stopping.n_left:
                    raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_search(SETTINGS, corpus, RunFolder(tmp_path), Stopping())
    there = set(tmp_path.glob("units/*.json"))
    assert len(there) == 3
    resumed, _ = run_search(SETTINGS, corpus, RunFolder(tmp_path), InProcessExecutor())
    assert resumed.equals(whole)


def test_it_does_not_go_on_from_half_a_generation(corpus, whole, tmp_path):
    class Failing(InProcessExecutor):
        def run(self, corpus, tasks, state_of):
            yield from super().run(corpus, tasks[1:], state_of)
            yield Failed(tasks[0], "ValueError: no", "…", is_own=True)

    table, n_failed = run_search(SETTINGS, corpus, RunFolder(tmp_path), Failing())
    assert (table.height, n_failed) == (0, 1)
    table, n_failed = run_search(SETTINGS, corpus, RunFolder(tmp_path), InProcessExecutor())
    assert n_failed == 0
    assert table.equals(whole)
