"""Models by import path in the engine: run beside the project's own, refused or failed in one line."""

import os
import subprocess
import sys

import numpy as np
import pytest

from modelcollapse import open_run, resume, run_sweep
from modelcollapse.corpora.blocks import load_blocks
from modelcollapse.domains.catalogue import run_chain
from modelcollapse.domains.generation.models import identity, model_of, parameter_names, takes
from modelcollapse.domains.generation.writing import Decoder
from modelcollapse.errors import ModelCollapseError
from modelcollapse.execution.plan import chain_tasks
from modelcollapse.runs.run_spec import TRUST_VARIABLE
from modelcollapse.simulation.chain import ChainState
from modelcollapse.simulation.spec import Model
from tests.domains.generation.odd_models import FAILING, HERE, REFUSED
from tests.domains.generation.test_domain import NAME, known, table, texts

BIGRAM = f"{HERE}:Bigram"
WITHOUT_DECODER = "sample,human-only,frozen,shuffled"


@pytest.fixture(scope="module")
def corpus():
    return load_blocks(NAME)


@pytest.mark.parametrize("name", ["Bigram", "Decoding", "make_bigram"])
def test_a_chain_goes_on_from_any_generation_to_the_same_bits(corpus, name):
    sweep = texts(model=f"{HERE}:{name}", rates="0.3,1", regime="replace", label_rule=WITHOUT_DECODER)
    for task in chain_tasks(sweep, corpus.fingerprint):
        results = list(run_chain(task.spec, corpus))
        state = np.concatenate([result.new_slots for result in results[:2]])
        again = list(run_chain(task.spec, corpus, ChainState(2, state, results[1].memory)))
        assert [known(result.row) for result in again] == [known(result.row) for result in results[2:]]


def test_models_run_side_by_side_and_are_resumed(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv(TRUST_VARIABLE, "tests")
    sweep = texts(model=f"ngram,{BIGRAM}", model_param={"plus": [0.1, 1]}, regime="replace", label_rule="sample")
    given = {"given_corpus": {"name_or_path": NAME}, "executor": "inprocess"}
    run = run_sweep(sweep, corpus, tmp_path / "run", **given)
    rows = table(run)
    assert set(rows["model_params"]) == {"", "plus=0.1", "plus=1"}
    for path in list((tmp_path / "run" / "chains").glob("*.parquet"))[::2]:
        path.unlink()
    assert table(resume(str(tmp_path / "run"), executor="inprocess")).equals(rows)
    written = open_run(tmp_path / "run").samples()
    assert BIGRAM in written["model"].to_list()


def test_nothing_to_be_trained_on_is_an_even_model(corpus):
    sweep = texts(model=BIGRAM, rates="1", regime="replace", label_rule="human-only")
    rows = [result.row for task in chain_tasks(sweep, corpus.fingerprint) for result in run_chain(task.spec, corpus)]
    assert rows[-1].n_train == 0
    assert rows[-1].cross_entropy == pytest.approx(np.log(corpus.n_types[0]))
    assert rows[-1].n_types > 0.99 * corpus.n_types[0]


def test_a_decoder_is_given_to_who_takes_it(corpus):
    sweep = texts(model=f"{HERE}:Decoding", rates="1", regime="replace", label_rule="sample,top-k:3")
    rows = {}
    for task in chain_tasks(sweep, corpus.fingerprint):
        rows[task.spec.label_rule] = [result.row for result in run_chain(task.spec, corpus)]
    assert rows["top-k:3"][-1].n_types < rows["sample"][-1].n_types * 0.6
    assert takes(Model(f"{HERE}:Decoding"), Decoder(most=3))
    assert takes(Model(BIGRAM), Decoder())
    assert not takes(Model(BIGRAM), Decoder(most=3))


def test_blocks_do_not_depend_on_which_are_wanted():
    blocks = np.random.default_rng(0).integers(5, size=(20, 6))
    for name in ("Bigram", "Decoding"):
        model = model_of(Model(f"{HERE}:{name}"), 5).fit(blocks, 0)
        every, some = (model.sample(9, 6, np.random.default_rng(1), rows=rows) for rows in (None, np.array([2, 7])))
        np.testing.assert_array_equal(some, every[[2, 7]])


def test_ids_know_the_class_and_every_parameter():
    assert identity(Model(BIGRAM)) == {"class": BIGRAM, "params": {"plus": "0.1"}, "version": None}
    assert identity(Model(BIGRAM, (("plus", 1),))) != identity(Model(BIGRAM, (("plus", 1.0),)))
    assert identity(Model(f"{HERE}:make_bigram"))["makes"] == BIGRAM
    assert list(parameter_names(BIGRAM)) == ["plus"]
    assert identity(Model("ngram")) == {"model": "ngram", "order": 3, "discount": 0.75, "version": 1}


@pytest.mark.parametrize("name", FAILING)
def test_a_wrong_answer_fails_its_chain_with_the_reason_and_no_other(corpus, tmp_path, name):
    sweep = texts(model=f"{HERE}:{name},ngram", rates="1", regime="replace", label_rule="sample", final_size=80)
    run = run_sweep(sweep, corpus, tmp_path, executor="inprocess")
    assert set(run.results()["model"]) == {"ngram"}
    (failure,) = (run.folder.failures.read(chain) for chain in run.failed(sweep))
    assert failure["is_own"]
    assert FAILING[name][1] in failure["reason"]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_language_model_is_refused_before_anything_runs(corpus, tmp_path, name):
    with pytest.raises(ModelCollapseError) as refused:
        run_sweep(texts(model=f"{HERE}:{name}", label_rule="sample"), corpus, tmp_path / "run", executor="inprocess")
    assert REFUSED[name] in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label_rule": "sample,top-k:5"}, "label_rule: 'top-k:5' needs a model that can be told how to draw"),
        ({"label_rule": "mle", "model": f"ngram,{BIGRAM}"}, f"and {BIGRAM} has a sample without"),
        ({"label_rule": "sample", "model_param": {"order": 2}}, "model_param: found 'order', which"),
        ({"label_rule": "sample", "model_param": {"plus": "many"}}, "cannot be used: "),
        ({"label_rule": "sample", "model": "numpy:zeros"}, "whose argument is n_types"),
        ({"label_rule": "sample", "model": "no-module:X"}, "expected package.module:Class"),
    ],
)
def test_what_a_model_cannot_do_is_one_line(corpus, tmp_path, changes, words):
    with pytest.raises(ModelCollapseError, match=words) as refused:
        run_sweep(texts(**{"model": BIGRAM, **changes}), corpus, tmp_path, executor="inprocess")
    assert "\n" not in str(refused.value)


def test_a_killed_run_goes_on_to_the_same_bits(corpus, tmp_path):
    flag = str(tmp_path / "killed")
    code = (
        "import sys; from modelcollapse import run_sweep; from modelcollapse.corpora.blocks import load_blocks\n"
        "from tests.domains.generation.test_models import killing\n"
        "run_sweep(killing(sys.argv[1]), load_blocks(sys.argv[2]), sys.argv[3], executor='inprocess')\n"
    )
    command = [sys.executable, "-c", code, flag, NAME, str(tmp_path / "run")]
    codes = [subprocess.run(command, env=os.environ, check=False, capture_output=True).returncode for _ in range(2)]
    assert codes == [-9, 0]
    whole = run_sweep(killing(flag), corpus, tmp_path / "whole", executor="inprocess")
    parts = run_sweep(killing(flag), corpus, tmp_path / "run", executor="inprocess")
    assert table(parts).equals(table(whole))


def killing(flag):
    """Return a sweep whose process is killed in the midst of a chain, once."""
    return texts(
        model=f"{HERE}:Killing", model_param={"flag": flag}, rates="0.3,1", regime="accumulate", label_rule="sample"
    )
