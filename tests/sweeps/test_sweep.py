from __future__ import annotations

import contextlib
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcollapse.errors import ModelCollapseError, SpecError
from modelcollapse.simulation.learning.learners import identity
from modelcollapse.simulation.spec import ChainSpec, Growth, Model, chain_id
from modelcollapse.sweeps.experiments import experiment_values, load_experiments
from modelcollapse.sweeps.scaling import scale
from modelcollapse.sweeps.sweep import Sweep, read_spec

BASE = {"rates": [0, 0.3], "initial_size": 100, "final_size": 300, "increment": 100, "model": "naive-bayes"}


def test_takes_what_people_type_and_what_they_compute():
    typed = Sweep(**{**BASE, "rates": "0:0.3:0.1", "seeds": "3", "initial_size": "100"})
    computed = Sweep(**{**BASE, "rates": np.arange(0, 0.35, 0.1), "seeds": range(3), "initial_size": np.int64(100)})
    assert typed == computed
    assert typed.rates == tuple(map(Decimal, ("0", "0.1", "0.2", "0.3")))


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [(4, range(4)), ("3,5,8", (3, 5, 8)), ("7:7:1", (7,)), ([2, 1, 2], (2, 1)), ("0:4:2", (0, 2, 4))],
)
def test_seeds(seeds, expected):
    assert Sweep(**BASE, seeds=seeds).seeds == tuple(expected)


def test_ladders():
    sweep = Sweep(rates=1, initial_size=80, sizes="geometric:80:320000:10", model="naive-bayes")
    assert sweep.final_size == 320_000
    (chain,) = sweep.chains()
    assert len(chain.sizes()) == 10
    later = Sweep(rates=1, initial_size=[80, 507], sizes="80,202,507", model="naive-bayes")
    assert [chain.sizes() for chain in later.chains()] == [(80, 202, 507), (507,)]


def test_a_final_size_off_the_schedule_ends_with_a_shorter_increment():
    (chain,) = Sweep(**{**BASE, "rates": 1, "final_size": 350}).chains()
    assert chain.sizes() == (100, 200, 300, 350)
    assert chain.scheduled_sizes() == (100, 200, 300)


def test_rate_zero_is_one_chain_for_all_rules():
    sweep = Sweep(**BASE, label_rule="argmax,human-only,random-noise")
    assert sorted(chain.label_rule for chain in sweep.chains()) == ["argmax", "human-only", "none", "random-noise"]


def test_parameters_are_axes_of_the_models_that_have_them():
    sweep = Sweep(**{**BASE, "model": "forest-sklearn,naive-bayes"}, model_param=["max_depth=5,None"], trees=7)
    assert [(model.name, model.params_text) for model in sweep.models()] == [
        ("forest-sklearn", "max_depth=5,n_estimators=7"),
        ("forest-sklearn", "max_depth=None,n_estimators=7"),
        ("naive-bayes", ""),
    ]


def test_parameters_that_come_again_are_added_and_every_value_stands_once():
    given = ["max_depth=5", "max_depth=10,5", "max_features=1", "max_features=1.0,1"]
    sweep = Sweep(**{**BASE, "model": "forest-sklearn", "rates": "0"}, model_param=given)
    assert sweep.model_param["max_depth"] == (5, 10)
    assert [repr(value) for value in sweep.model_param["max_features"]] == ["1", "1.0"]
    texts = {chain.model.params_text for chain in sweep.chains()}
    assert texts == {f"max_depth={depth},max_features={n}" for depth in (5, 10) for n in ("1", "1.0")}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rates": "0,1.5"}, "rates: found 1.5, expected rates in"),
        ({"rates": "0:1"}, "expected a range a:b:step"),
        ({"rates": "x"}, "rates: found 'x'"),
        ({"rates": [float("nan")]}, "expected a finite number"),
        ({"rates": "0:1:0.0000001"}, "at most 100,000"),
        ({"rates": []}, "rates: found"),
        ({"seeds": "-1,2"}, "seeds: found -1"),
        ({"initial_size": 0}, "initial_size: found 0"),
        ({"initial_size": 1.5}, "expected a whole number"),
        ({"final_size": 50}, "below initial_size"),
        ({"increment": None}, "without increment or sizes"),
        ({"sizes": "100,200"}, "both increment and sizes"),
        ({"test_size": 0}, "test_size: found 0"),
        ({"regime": "forget"}, "regime: found 'forget', expected one of accumulate"),
        (
            {"regime": "window:0"},
            r"regime: found 'window:0', expected one of accumulate, .*window:M \(the last M slots",
        ),
        ({"label_rule": "guess"}, "no label rule 'guess'"),
        ({"colapse": 1}, "Found the key 'colapse', expected one of experiment"),
        ({"experiment": "../x"}, "experiment: found '../x'"),
        ({"model_param": "max_depth"}, "expected NAME=VALUE"),
    ],
)
def test_bad_values_are_one_clear_line(changes, message):
    with pytest.raises(SpecError, match=message) as caught:
        Sweep(**{**BASE, **changes})
    assert "\n" not in str(caught.value)


def test_parameters_and_rules_that_no_model_can_serve():
    with pytest.raises(SpecError, match="found 'max_depth', which naive-bayes does not have; expected one of alpha"):
        list(Sweep(**BASE, model_param="max_depth=3").chains())
    svc = {**BASE, "model": "sklearn.svm:LinearSVC"}
    with pytest.raises(SpecError, match="needs probabilities"):
        list(Sweep(**svc, label_rule="sampled").chains())


@given(st.text(max_size=20))
def test_no_text_breaks_the_parsers(text):
    for field in ("rates", "seeds", "initial_size", "sizes", "model_param", "regime"):
        with contextlib.suppress(ModelCollapseError):
            Sweep(**{**BASE, "increment": None if field == "sizes" else 100, field: text})


@pytest.mark.parametrize("name", load_experiments())
def test_experiments_scale(name):
    values = dict(experiment_values(name))
    whole, tenth = Sweep(**values), Sweep(**scale(values, 0.1))
    assert tenth.documents_needed <= 0.11 * whole.documents_needed
    assert [len(c.sizes()) for c in tenth.chains()] == [len(c.sizes()) for c in whole.chains()]


def test_fine_rates_include_ten_percent():
    assert Sweep(**experiment_values("fine-rates")).rates[-1] == Decimal("0.1")


def test_spec_files(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('rates = "0:1:0.5"\ninitial-size = 100\nfinal_size = 300\nincrement = 100\ncorpus = "movies"\n')
    values = read_spec(path, ["corpus"])
    assert values.pop("corpus") == "movies"
    assert Sweep(**values).rates == (0, Decimal("0.5"), 1)
    for text, message in [("rate = 1", "found the key 'rate', expected one of"), ("rates = [", "is not a TOML file")]:
        path.write_text(text)
        with pytest.raises(SpecError, match=message):
            read_spec(path)
    with pytest.raises(SpecError, match="Cannot read"):
        read_spec(tmp_path / "none.toml")


def test_chain_ids_hash_what_affects_rows_and_nothing_else():
    def name(fingerprint: str = "abc", **changes: object) -> str:
        values = {
            "seed": 1, "collapse_rate": Decimal("0.3"), "initial_size": 100, "final_size": 300, "test_size": 50,
            "growth": Growth(increment=100), "model": Model("naive-bayes"), **changes,
        }  # fmt: skip
        spec = ChainSpec(**values)  # type: ignore[arg-type]
        return chain_id(spec, fingerprint, identity(spec.model))

    same = [name(), name(final_size=900), name(collapse_rate=Decimal("0.300"))]
    assert len(set(same)) == 1
    different = [
        name("abd"), name(seed=2), name(collapse_rate=Decimal("0.31")), name(initial_size=200), name(test_size=51),
        name(growth=Growth(increment=50)), name(growth=Growth(sizes=(200, 300))), name(regime="replace"),
        name(label_rule="frozen"), name(model=Model("naive-bayes", (("alpha", 2.0),))),
        name(model=Model("logistic-regression")),
    ]  # fmt: skip
    assert len({*same, *different}) == len(different) + 1
    zero = {name(collapse_rate=Decimal(0), label_rule=rule) for rule in ("argmax", "frozen")}
    assert len(zero) == 1
