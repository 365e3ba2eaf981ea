"""More than two classes in the engine: the same chain, whatever a label is."""

import json

import numpy as np
import pytest

from modelcollapse import load_corpus, open_run, resume, run_sweep
from modelcollapse.corpora.dense import DenseCorpus
from modelcollapse.domains.catalogue import run_chain
from modelcollapse.errors import LearnerError, ModelCollapseError, SpecError
from modelcollapse.execution.plan import chain_tasks
from modelcollapse.runs.opening import open_results
from modelcollapse.simulation.chain import ChainState
from modelcollapse.sweeps.sweep import Sweep

RULES = (
    "argmax,frozen,human-only,random-noise,confusion-noise,prior-matched,sampled,confident:0.6:human,"
    "confident:0.6:drop,checked:0.2,checked-uncertain:0.2,checked-disagreed:0.2,dropped-uncertain:0.2,verified:0.9:0.3,"
    "provenance:0.9:0.1,weighted:0.5"
)
BASE = {"rates": "0,0.4,1", "seeds": 1, "initial_size": 30, "final_size": 90, "increment": 20, "test_size": 40}


def sweep_of(**changes):
    return Sweep(**{**BASE, "model": "sklearn.naive_bayes:GaussianNB", **changes})


@pytest.fixture(scope="module")
def corpus():
    """Return 200 points around four centres, one of them rare."""
    random = np.random.default_rng(0)
    labels = random.choice(4, 200, p=[0.4, 0.3, 0.2, 0.1])
    labels[:48] = np.arange(48) % 4
    centres = random.normal(size=(4, 5)) * 1.5
    return DenseCorpus.of(
        centres[labels] + random.normal(size=(200, 5)), [["red", "green", "blue", "7"][c] for c in labels]
    )


def known(row):
    return {name: value for name, value in vars(row).items() if not name.endswith("_seconds")}


def table(run):
    return run.results().drop("fit_seconds", "predict_seconds").sort("chain_id", "n_seen")


@pytest.mark.parametrize("regime", ["accumulate", "replace,subsample,window:35"])
def test_a_chain_of_any_rule_goes_on_from_any_generation_to_the_same_bits(corpus, regime):
    sweep = sweep_of(label_rule=RULES, regime=regime).on(corpus)
    assert sweep.domain == "multiclass"
    for task in chain_tasks(sweep, corpus.fingerprint):
        results = list(run_chain(task.spec, corpus))
        for stop in (1, 3):
            slots = np.concatenate([result.new_slots for result in results[:stop]])
            again = list(run_chain(task.spec, corpus, ChainState(stop, slots, results[stop - 1].memory)))
            assert [known(result.row) for result in again] == [known(result.row) for result in results[stop:]]


def test_a_run_is_extended_killed_and_resumed_with_classes_by_name(corpus, tmp_path):
    path = tmp_path / "points.npy"
    np.save(path, corpus.features)
    (tmp_path / "labels.csv").write_text("\n".join(["label", *(corpus.classes[c] for c in corpus.labels)]) + "\n")
    given = {"name_or_path": str(path), "labels_file": str(tmp_path / "labels.csv")}
    loaded = load_corpus(**given, progress=False)
    assert loaded.classes == ("7", "blue", "green", "red")
    sweep = sweep_of(seeds=2)
    whole = run_sweep(sweep, loaded, tmp_path / "whole", executor="inprocess", given_corpus=given)
    run_sweep(sweep_of(seeds=2, final_size=50), loaded, tmp_path / "parts", executor="inprocess", given_corpus=given)
    parts = run_sweep(sweep, loaded, tmp_path / "parts", executor="inprocess", given_corpus=given)
    assert table(parts).unique().height == table(whole).height
    next((tmp_path / "whole" / "chains").glob("*.parquet")).unlink()
    again = resume(str(tmp_path / "whole"), executor="inprocess")
    assert table(again).equals(table(open_run(tmp_path / "whole")))
    row = again.results().row(-1, named=True)
    assert list(json.loads(row["recalls"])) == list(loaded.classes)
    again.export(tmp_path / "rows.csv")
    assert open_results(tmp_path / "rows.csv").headline() == again.headline()


def test_at_rate_0_nothing_is_self_labelled_and_at_1_the_rare_class_never_comes_back(corpus):
    rows = {
        task.spec.collapse_rate: [result.row for result in run_chain(task.spec, corpus)]
        for task in chain_tasks(sweep_of().on(corpus), corpus.fingerprint)
    }
    assert all(row.n_synthetic == 0 and row.synthetic_label_error is None for row in rows[0])
    assert rows[1][-1].n_synthetic == 60
    assert known(rows[0][0]).keys() == known(rows[1][0]).keys()
    same = ("accuracy", "recalls", "roc_auc", "log_loss", "trained_shares")
    assert all(getattr(rows[0][0], name) == getattr(rows[1][0], name) for name in same)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label_rule": "soft"}, "counts a document for both of two classes"),
        ({"model": "linear-svm", "label_rule": "sampled"}, "needs probabilities"),
        (
            {"model": "sklearn.gaussian_process:GaussianProcessClassifier", "label_rule": "weighted:0.5"},
            "gives documents",
        ),
        ({"min_df": 2}, "has numbers, not words"),
    ],
)
def test_what_does_not_go_together_is_refused(corpus, changes, message, tmp_path):
    with pytest.raises(ModelCollapseError, match=message):
        run_sweep(sweep_of(**changes), corpus, tmp_path / "run", executor="inprocess")
    assert not (tmp_path / "run").exists()


def test_a_learner_of_two_classes_is_refused_before_anything_runs(corpus, tmp_path):
    sweep = sweep_of(model="logistic-regression", model_param={"solver": "liblinear"})
    with pytest.raises(LearnerError, match="does not take three classes"):
        run_sweep(sweep, corpus, tmp_path / "run", executor="inprocess")


def test_a_learner_that_answers_with_what_it_was_not_taught_fails_with_its_reason(corpus, tmp_path):
    sweep = sweep_of(model="tests.simulation.odd_learners:LaterMinus,naive-bayes", rates=0, final_size=110)
    counts = DenseCorpus.of(abs(corpus.features), [corpus.classes[c] for c in corpus.labels])
    run = run_sweep(sweep, counts, tmp_path / "run", executor="inprocess")
    assert len(run.failed(sweep)) == 1
    assert "expected classes that it was taught" in (tmp_path / "run" / "log.txt").read_text()
    sizes = run.results().group_by("model", maintain_order=True).len()["len"].to_list()
    assert sizes == [4, 5], "of the one the generations before, of the other all"


def test_the_domain_is_that_of_the_corpus(corpus):
    two = DenseCorpus.of(corpus.features[:100], ["ham", "spam"] * 50)
    assert sweep_of().on(two).domain == "classification"
    with pytest.raises(SpecError, match="has two classes"):
        run_sweep(sweep_of(domain="multiclass"), two, "never", executor="inprocess")
    assert sweep_of(model="forest").on(corpus).model == ("forest-sklearn",)
