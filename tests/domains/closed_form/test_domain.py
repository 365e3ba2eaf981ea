"""The worlds in the engine: chains that are stored, resumed, extended and shared like any other."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import polars.testing
import pytest

from modelcollapse import open_run, resume, run_sweep
from modelcollapse.domains.catalogue import DOMAINS, run_chain
from modelcollapse.domains.closed_form.domain import RULES, HumanText
from modelcollapse.errors import ModelCollapseError
from modelcollapse.execution.executors import InProcessExecutor
from modelcollapse.execution.plan import chain_tasks
from modelcollapse.simulation.chain import ChainState
from modelcollapse.sweeps.sweep import Sweep

BASE: dict[str, Any] = {
    "domain": "closed_form", "model": "discrete,gaussian,least-squares", "model_param": {"replicates": [5]},
    "rates": "0,0.3,0.9", "seeds": 2, "initial_size": 20, "final_size": 80, "increment": 20,
    "regime": "accumulate,replace,subsample", "label_rule": ",".join(RULES),
}  # fmt: skip


def worlds(**changes: Any) -> Sweep:
    return Sweep(**{**BASE, **changes})


def table(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.drop("fit_seconds", "predict_seconds").sort("chain_id", "n_seen")


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> pl.DataFrame:
    return table(run_sweep(worlds(), out=tmp_path_factory.mktemp("worlds"), executor="inprocess").results())


def test_a_chain_goes_on_from_any_generation_to_the_same_bits():
    nothing = HumanText(np.empty(0, np.int32))
    for task in chain_tasks(worlds(seeds=1), "none"):
        results = list(run_chain(task.spec, nothing))
        for stop in (1, 2, 3):
            slots = np.concatenate([result.new_slots for result in results[:stop]])
            state = ChainState(stop, slots, results[stop - 1].memory)
            again = list(run_chain(task.spec, nothing, state))
            found, expected = ([r.row for r in rs] for rs in (again, results[stop:]))
            assert [_known(row) for row in found] == [_known(row) for row in expected]


def _known(row: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(row).items() if not name.endswith("_seconds")}


def test_rules_regimes_and_rates_do_what_they_say(whole):
    assert whole["label_rule"].unique().sort().to_list() == ["frozen", "human-only", "none", "sampled"]
    last = whole.filter(pl.col("n_seen") == 80, model="discrete", seed=0)
    n_train = {
        (regime, rule, rate): (n, synthetic)
        for regime, rule, rate, n, synthetic in last.select(
            "regime", "label_rule", "collapse_rate", "n_train", "n_synthetic"
        ).iter_rows()
    }
    assert n_train["accumulate", "none", 0.0] == (80, 0)
    assert n_train["accumulate", "sampled", 0.9] == (80, 54)
    assert n_train["accumulate", "frozen", 0.3] == (80, 18)
    assert n_train["accumulate", "human-only", 0.3] == (62, 0)
    assert n_train["replace", "sampled", 0.3] == (20, 6)
    assert n_train["subsample", "sampled", 0.9][0] == 20
    first = whole.filter(pl.col("generation") == 0, model="gaussian")
    assert first.select("seed", "risk").unique().height == 2  # generation 0 is the same in all arms of a seed


def test_a_chain_that_leaves_everything_out_fails_with_its_reason(tmp_path):
    sweep = worlds(model="gaussian", rates=1, regime="replace", label_rule="human-only", seeds=1)
    run = run_sweep(sweep, out=tmp_path, executor="inprocess")
    (failed,) = run.failed(sweep)
    assert "every draw was left out" in (run.folder.failures.read(failed) or {})["reason"]


def test_resumed_and_extended_runs_end_with_the_same_table(tmp_path, whole):
    class Interrupted(InProcessExecutor):
        def run(self, data, tasks, state_of):
            events = super().run(data, tasks, state_of)
            for _ in range(150):
                yield next(events)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(worlds(final_size=60, seeds=1), out=tmp_path, executor=Interrupted())
    assert 0 < open_run(tmp_path).results().height < 3 * 21 * 3
    resume(tmp_path, executor="inprocess")
    run = run_sweep(worlds(), out=tmp_path, executor="inprocess")
    found = table(run.results([worlds()]))
    pl.testing.assert_frame_equal(found, whole)
    assert run.results().schema == run.results([]).schema


def test_the_folder_says_what_its_rows_are(tmp_path, corpus):
    run_sweep(worlds(seeds=1, model="gaussian"), out=tmp_path, executor="inprocess")
    stored = json.loads((tmp_path / "spec.json").read_text())
    assert (stored["rows"]["domain"], stored["rows"]["version"]) == ("closed_form", 1)
    assert stored["rows"]["columns"]["log_variance"] == "float"
    assert stored["sweeps"][0]["domain"] == "closed_form"
    assert "test_size" not in stored["sweeps"][0]
    with pytest.raises(ModelCollapseError, match="holds a run of the domain 'closed_form', not of 'classification'"):
        run_sweep(Sweep(rates=0, initial_size=50, test_size=50), corpus, tmp_path, executor="inprocess")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"domain": "recommendation"}, "domain: found 'recommendation', expected one of classification, closed_form"),
        ({"label_rule": "argmax"}, "found 'argmax', which the domain 'closed_form' does not have"),
        ({"test_size": 10}, "ound test_size, which the domain 'closed_form' does not have"),
        ({"trees": 10}, "ound trees, which the domain 'closed_form' does not have"),
        ({"regime": "forget"}, "regime: found 'forget'"),
        ({"model": "forest"}, "Found no world 'forest'. Expected one of discrete"),
        ({"model_param": {"colour": [1]}}, "model_param: found 'colour'"),
        ({"model_param": {"replicates": [0]}}, "found replicates 0, expected a whole number from 1"),
        ({"model_param": {"inputs": ["old"]}}, "found inputs 'old', expected fresh or same"),
        ({"model_param": {"exponent": ["steep"]}}, "found exponent 'steep', expected a number"),
        ({"model": "text"}, "corpus: found none, but the world 'text' resamples a text"),
    ],
)
def test_what_the_domain_lacks_is_refused_in_one_line(tmp_path, changes, words):
    with pytest.raises(ModelCollapseError, match=words) as raised:
        run_sweep(worlds(**{"label_rule": "sampled", **changes}), out=tmp_path, executor="inprocess")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "spec.json").exists()


def test_a_text_is_a_corpus_words(tmp_path, corpus):
    text = HumanText.of(corpus, 500)
    assert len(text.words) == 500
    assert text.fingerprint == corpus.fingerprint
    first = corpus.counts[0].toarray()[0]
    assert (np.bincount(text.words[: first.sum()], minlength=len(first)) == first).all()
    n_words = int(corpus.data.sum())
    assert len(HumanText.of(corpus, n_words).words) == n_words
    with pytest.raises(ModelCollapseError, match="the corpus 'generated' has"):
        HumanText.of(corpus, n_words + 1)


def test_measures_are_columns_of_their_domain():
    for domain in DOMAINS.values():
        assert set(domain.measures) <= set(domain.row.__dataclass_fields__)
