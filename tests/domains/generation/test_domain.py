"""Text generation in the engine, and the laws that a unigram model obeys there."""

import numpy as np
import pytest

from modelcollapse import open_run, resume, run_sweep
from modelcollapse.corpora.blocks import load_blocks
from modelcollapse.domains.catalogue import run_chain
from modelcollapse.domains.generation.domain import Writing
from modelcollapse.errors import ModelCollapseError
from modelcollapse.execution.plan import chain_tasks
from modelcollapse.simulation.chain import ChainState
from modelcollapse.sweeps.sweep import Sweep

NAME = "synthetic:2000,vocabulary=300,zipf_exponent=1,zipf_shift=2"
RULES = "sample,temperature:0.7,temperature:1.5,top-k:5,nucleus:0.8,greedy,mle,human-only,frozen,shuffled"
BASE = {
    "domain": "generation", "rates": "0,0.3,1", "seeds": 1, "initial_size": 40, "final_size": 160, "increment": 40,
    "test_size": 30, "label_rule": RULES, "regime": "accumulate,replace,subsample,window:70",
}  # fmt: skip


def texts(**changes):
    return Sweep(**{**BASE, **changes})


@pytest.fixture(scope="module")
def corpus():
    return load_blocks(NAME)


def known(row):
    return {name: value for name, value in vars(row).items() if not name.endswith("_seconds")}


def table(run):
    return run.results().drop("fit_seconds", "predict_seconds").sort("chain_id", "n_seen")


def test_a_chain_goes_on_from_any_generation_to_the_same_bits(corpus):
    for task in chain_tasks(texts(), corpus.fingerprint):
        results = list(run_chain(task.spec, corpus))
        for stop in (1, 3):
            slots = np.concatenate([result.new_slots for result in results[:stop]])
            again = list(run_chain(task.spec, corpus, ChainState(stop, slots, results[stop - 1].memory)))
            assert [known(result.row) for result in again] == [known(result.row) for result in results[stop:]]


def test_a_run_is_extended_and_resumed(corpus, tmp_path):
    sweep = texts(regime="replace", label_rule="sample,mle")
    whole = run_sweep(sweep, corpus, tmp_path / "whole", executor="inprocess")
    given = {"name_or_path": NAME}
    run_sweep(texts(regime="replace", label_rule="sample,mle", final_size=80), corpus, tmp_path / "parts", "inprocess")
    parts = run_sweep(sweep, corpus, tmp_path / "parts", executor="inprocess", given_corpus=given)
    assert table(parts).filter(experiment="sweep").unique().height >= table(whole).height
    run_sweep(sweep, corpus, tmp_path / "again", executor="inprocess", given_corpus=given)
    next((tmp_path / "again" / "chains").glob("*.parquet")).unlink()
    assert table(resume(str(tmp_path / "again"), executor="inprocess")).equals(table(whole))
    assert open_run(tmp_path / "again").domain.name == "generation"


def test_a_run_on_blocks_of_another_length_is_resumed_on_them(tmp_path):
    given = {"name_or_path": NAME, "block_length": 32, "min_count": 2}
    sweep = texts(regime="replace", label_rule="sample", rates=0)
    run = run_sweep(sweep, load_blocks(**given), tmp_path / "run", executor="inprocess", given_corpus=given)
    whole = table(run)
    next((tmp_path / "run" / "chains").glob("*.parquet")).unlink()
    assert table(resume(str(tmp_path / "run"), executor="inprocess")).equals(whole)


def test_rules_do_what_they_say(corpus):
    rows = {}
    for task in chain_tasks(texts(rates="1", regime="replace"), corpus.fingerprint):
        rows[task.spec.label_rule] = [result.row for result in run_chain(task.spec, corpus)]
    types, loss = (
        {rule: getattr(each[-1], name) for rule, each in rows.items()} for name in ("n_types", "cross_entropy")
    )
    assert {each[0].cross_entropy for each in rows.values()} == {rows["sample"][0].cross_entropy}
    cut = ("top-k:5", "nucleus:0.8", "temperature:0.7", "mle")
    assert all(types["greedy"] < types[rule] < types["sample"] for rule in cut)
    assert loss["sample"] > rows["sample"][0].cross_entropy
    assert loss["shuffled"] > loss["sample"]  # all order is lost
    assert rows["human-only"][1].n_train == 0
    assert rows["human-only"][1].cross_entropy == pytest.approx(np.log(corpus.n_types[0]))


def test_a_unigram_model_without_smoothing_forgets_words_as_it_must(corpus):
    """Suresh et al. 2412.17646, Theorem 1, within 2 %."""
    sweep = texts(
        model_param={"order": 1}, rates="1", regime="replace", label_rule="mle", seeds=8, final_size=400, test_size=40
    )
    found, due = zip(*(words_left(task.spec, corpus) for task in chain_tasks(sweep, corpus.fingerprint)), strict=True)
    np.testing.assert_allclose(np.mean(found, axis=0), np.mean(due, axis=0), rtol=0.02)


def words_left(spec, corpus):
    """Return how many words each generation writes, and how many are due."""
    results = list(run_chain(spec, corpus))
    counts, share, due = first_counts(spec, corpus), 1.0, []
    for _ in results:
        due.append((1 - np.exp(-counts * share)).sum())
        share = 1 - np.exp(-share)
    return [result.row.n_types for result in results], due


def first_counts(spec, corpus):
    tokens = Writing(spec, corpus).human(0, spec.initial_size)["tokens"]
    return np.bincount(tokens.ravel(), minlength=corpus.n_types[0])


def test_on_film_reviews_words_are_left_as_the_law_says():
    """The same theorem on what people wrote, within 2 %."""
    corpus = load_blocks("movies")
    sweep = Sweep(
        domain="generation", model_param={"order": 1}, rates="1", regime="replace", label_rule="mle", seeds=3,
        initial_size=300, increment=300, final_size=1500, test_size=300,
    )  # fmt: skip
    found, due = zip(*(words_left(task.spec, corpus) for task in chain_tasks(sweep, corpus.fingerprint)), strict=True)
    np.testing.assert_allclose(np.mean(found, axis=0), np.mean(due, axis=0), rtol=0.02)


def test_a_unigram_model_loses_diversity_as_it_must():
    """1 − Σ p² falls by 1 − 1/n in every generation under replace, within 2 %."""
    corpus = load_blocks(NAME, block_length=8)
    sweep = texts(
        model_param={"order": 1}, rates="1", regime="replace", label_rule="mle", seeds=150, initial_size=4,
        increment=4, final_size=24, test_size=4,
    )  # fmt: skip
    ratios = []
    for task in chain_tasks(sweep, corpus.fingerprint):
        counts = [first_counts(task.spec, corpus)]
        dtype = np.dtype([("origin", "u1"), ("tokens", corpus.blocks.dtype, (8,))])
        counts += [
            np.bincount(result.new_slots.view(dtype)["tokens"].ravel(), minlength=302)
            for result in list(run_chain(task.spec, corpus))[:-1]
        ]
        diversity = [1 - ((count / 32) ** 2).sum() for count in counts]
        ratios.append(diversity)
    mean = np.mean(ratios, axis=0)
    np.testing.assert_allclose(mean / mean[0], (1 - 1 / 32) ** np.arange(len(mean)), rtol=0.02)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label_rule": "argmax"}, "label_rule: found 'argmax'"),
        ({"label_rule": "top-k:0"}, "label_rule: found 'top-k:0'"),
        ({"trees": 3}, "ound trees, which the domain 'generation' does not have"),
        ({"model": "forest"}, "Found no language model 'forest'"),
        ({"model_param": {"order": [7]}}, "order: found 7"),
        ({"model_param": {"discount": [0]}}, "discount: found 0, expected a number from 0.01"),
        ({"final_size": 100_000}, "needs 100,030 blocks .* has 589: .*use a larger corpus"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(corpus, tmp_path, changes, words):
    with pytest.raises(ModelCollapseError, match=words) as refused:
        run_sweep(texts(**changes), corpus, tmp_path, executor="inprocess")
    assert "\n" not in str(refused.value)
