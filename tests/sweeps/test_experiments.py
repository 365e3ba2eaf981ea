from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from modelcollapse.errors import SpecError
from modelcollapse.sweeps.experiments import experiment_values, load_experiments
from modelcollapse.sweeps.scaling import fitting_scale, scale
from modelcollapse.sweeps.sweep import Sweep


def experiment(name: str, **changes: object) -> Sweep:
    return Sweep(**{**experiment_values(name), **changes})


def test_the_studys_sizes_rates_and_seeds():
    baseline = experiment("baseline")
    assert baseline.sizes == tuple(sorted(round(320_000 * 0.75**k) for k in range(30)))
    assert (baseline.rates, len(baseline.seeds)) == ((0,), 10)

    ladder = tuple(sorted(round(320_000 * 10 ** (-0.4 * k)) for k in range(10)))
    total = experiment("total-collapse")
    assert total.sizes == total.initial_size == ladder
    assert (total.rates, len(total.seeds)) == ((0, 1), 5)

    expected = {
        "collapse-rates": (50_000, 80_000, 1000, [k * 10 for k in range(11)], 5),
        "low-rates": (1000, 10_000, 100, [k * 3 for k in range(11)], 5),
        "fine-rates": (1000, 10_000, 100, list(range(11)), 20),
    }
    for name, (first, last, increment, percents, n_seeds) in expected.items():
        sweep = experiment(name)
        assert (sweep.initial_size, sweep.final_size, sweep.increment) == ((first,), last, increment)
        assert [100 * rate for rate in sweep.rates] == percents
        assert len(sweep.seeds) == n_seeds


def test_published_sizes_are_sizes_of_the_presets():
    from modelcollapse.analysis.study.published import published

    for (name, rate, start), curve in published().group_by("experiment", "collapse_rate", "initial_size"):
        sweep = experiment(str(name))
        sizes = {size for chain in sweep.chains() for size in chain.sizes()}
        assert set(curve["n_seen"]) <= sizes, (name, rate, start)


def test_total_collapse_has_one_reference_a_seed():
    chains = list(experiment("total-collapse").chains())
    references = [chain for chain in chains if chain.collapse_rate == 0]
    assert Counter(chain.seed for chain in references) == dict.fromkeys(range(5), 1)
    assert all(set(chain.sizes()) <= set(references[0].sizes()) for chain in chains)
    assert len(list(experiment("total-collapse", shared_reference=False).chains())) == 100


@pytest.mark.parametrize("changes", [{"sizes": None, "increment": 1000}, {"regime": "replace"}])
def test_a_shared_reference_must_pass_the_others_sizes(changes):
    with pytest.raises(SpecError, match="shared_reference"):
        experiment("total-collapse", **changes)


def test_the_posts_upper_end_is_one_option_away():
    (chain,) = experiment("baseline", final_size=400_000, seeds=1).chains()
    assert chain.sizes()[-2:] == (320_000, 400_000)


@pytest.mark.parametrize("name", load_experiments())
@pytest.mark.parametrize("factor", [0.1, 0.003, 2])
def test_scaling_keeps_every_generation(name, factor):
    values = dict(experiment_values(name))
    whole, scaled = Sweep(**values), Sweep(**scale(values, factor))
    assert [len(c.sizes()) for c in scaled.chains()] == [len(c.sizes()) for c in whole.chains()]
    assert all(list(c.sizes()) == sorted(set(c.sizes())) for c in scaled.chains())
    if factor == 0.1:
        assert scaled.documents_needed <= 0.11 * whole.documents_needed


@pytest.mark.parametrize("name", load_experiments())
@pytest.mark.parametrize("n_documents", [33_530, 2400])
def test_the_scale_that_is_offered_is_the_largest_that_fits(name, n_documents):
    sweep = experiment(name)
    if sweep.documents_needed <= n_documents:
        return
    factor = fitting_scale(sweep, n_documents)
    assert factor is not None
    values = experiment_values(name)
    assert Sweep(**scale(values, float(factor))).documents_needed <= n_documents
    step = Decimal(1).scaleb((Decimal(n_documents) / sweep.documents_needed).adjusted() - 1)
    assert Sweep(**scale(values, float(factor + step))).documents_needed > n_documents


def test_no_scale_fits_a_handful_of_documents():
    assert fitting_scale(experiment("low-rates"), 10) is None
    assert fitting_scale(experiment("fine-rates"), 105) == Decimal("0.0007")
