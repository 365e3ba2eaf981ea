"""Each definition's quantity, against its formula."""

import numpy as np
import polars as pl
import pytest

from modelcollapse.analysis.profile.definitions import MEANINGS, harms_of
from modelcollapse.analysis.statistics.arms import prepare
from modelcollapse.domains.catalogue import DOMAINS
from tests.analysis.fake import World, fake_results

WORLD = World(rates=(0, 0.5), seeds=range(4), sizes=range(1000, 5001, 500))


@pytest.fixture(scope="module")
def rows():
    return prepare(fake_results(WORLD))


def harm(rows, quantity, domain="classification"):
    [found] = [one for one in harms_of(DOMAINS[domain]) if one.quantity == quantity]
    return found.of(rows)


def chain(rows, rate, seed=2):
    return rows.filter(collapse_rate=rate, seed=seed).sort("generation")


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=list(DOMAINS))
def test_every_domain_has_every_definition_and_units_of_its_own_measures(domain):
    harms = harms_of(domain)
    assert {one.definition for one in harms} == set(MEANINGS)
    assert [one.definition for one in harms] == sorted(one.definition for one in harms)
    assert all(one.unit(domain) in ("share", "seeds", "nats", "") for one in harms)


def test_what_a_domain_does_not_tell_is_not_measurable(rows):
    [found] = [one for one in harms_of(DOMAINS["closed_form"]) if one.definition == 1]
    assert found.of(rows) == "rows of the domain closed_form do not tell"


def test_risk_is_held_against_the_first_generation_and_against_rate_0(rows):
    treated, human = (1 - chain(rows, rate)["accuracy"].to_numpy() for rate in (0.5, 0))
    own = harm(rows, "error, beside the chain's own first generation").filter(seed=2)["harm"]
    assert np.allclose(own, treated - treated[0])
    assert np.allclose(harm(rows, "error, beside rate 0").filter(seed=2)["harm"], treated - human)


def test_where_training_sets_shrink_the_first_generation_is_no_yardstick(rows):
    shrinking = rows.with_columns(n_train=6000 - pl.col("n_train"))
    assert "shrink" in harm(shrinking, "error, beside the chain's own first generation")


def test_the_late_rise_is_a_straight_lines(rows):
    late = chain(rows, 0.5)[5:]
    line = np.polyfit(late["n_seen"], 1 - late["accuracy"], 1)
    found = harm(rows, "rise of error over the last half").filter(seed=2, collapse_rate=0.5)["harm"].item()
    assert found == pytest.approx(line[0] * 2000 * 3 / 4 if late.height == 4 else line[0] * np.ptp(late["n_seen"]))


def test_exponents_are_those_of_power_laws(rows):
    exponent = pl.when(pl.col("collapse_rate") > 0).then(0.2).otherwise(0.3)
    power_laws = rows.with_columns(accuracy=1 - 3 * pl.col("n_seen") ** -exponent)
    found = harm(power_laws, "exponent of error in n, beside rate 0")["harm"]
    assert found.to_list() == pytest.approx([0.1] * 4)
    assert "do not grow" in harm(rows.with_columns(n_train=pl.lit(1000)), "exponent of error in n, beside rate 0")


def test_a_constant_answer_is_a_catastrophe_where_rate_0_does_better():
    rows = prepare(fake_results(World(rates=(0, 1.0), seeds=range(4), degenerate={1.0: [1, 3]})))
    quantity = "share of seeds no better than a constant answer, while rate 0 is"
    last = harm(rows, quantity).filter(pl.col("n_seen") == 10_000).sort("seed")
    assert last["harm"].to_list() == [0, 1, 0, 1]
    quantity = "share of seeds whose answers vary less than half as much as at rate 0"
    last = harm(rows, quantity).filter(pl.col("n_seen") == 10_000).sort("seed")
    assert last["harm"].to_list() == [0, 1, 0, 1]


def test_events_are_not_measurable_where_rate_0_is_not_clear_of_them():
    rows = prepare(fake_results(World(rates=(0, 1.0), seeds=range(4), seed_sd=0.1)))
    assert "not clear" in harm(rows, "share of seeds no better than a constant answer, while rate 0 is")
    constant = rows.with_columns(predicted_positive_rate=pl.lit(0.0))
    assert "varies too much" in harm(constant, "share of seeds whose answers vary less than half as much as at rate 0")


def test_the_tail_is_the_rarer_class_if_there_is_one(rows):
    quantity = "loss of recall of the rarer class, beside rate 0"
    assert "balanced" in harm(rows, quantity)
    share = 0.1
    a = share * pl.col("recall_positive") + (1 - share) * pl.col("recall_negative")
    q = share * pl.col("recall_positive") + (1 - share) * (1 - pl.col("recall_negative"))
    rare = rows.with_columns(accuracy=a, predicted_positive_rate=q)
    found = harm(rare, quantity).filter(seed=2)["harm"].to_numpy()
    recalls = [chain(rows, rate)["recall_positive"].to_numpy() for rate in (0, 0.5)]
    assert np.allclose(found, recalls[0] - recalls[1])


def test_wrong_self_labels_are_held_against_models_of_the_same_moments(rows):
    quantity = "wrong self-labels beyond those of models of human labels"
    human, treated = chain(rows, 0), chain(rows, 0.5)
    errors = 1 - human["accuracy"].to_numpy()
    expected = np.array([errors[:g].mean() for g in range(1, len(errors))])  # all increments are equal
    found = harm(rows, quantity).filter(seed=2)["harm"]
    assert np.allclose(found, treated["synthetic_label_error"].to_numpy()[1:] - expected)
    last = rows.with_columns(regime=pl.lit("replace"))
    found = harm(last, quantity).filter(seed=2)["harm"]
    assert np.allclose(found, treated["synthetic_label_error"].to_numpy()[1:] - errors[:-1])
    assert "not known when" in harm(rows.with_columns(regime=pl.lit("window:50")), quantity)
