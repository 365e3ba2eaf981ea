import numpy as np
import polars as pl
import pytest

from modelcollapse.analysis.mechanism.effective_size import effective_human_size
from tests.analysis.fake import World, fake_results

SIZES = tuple(range(1000, 10_001, 500))


def truth(loss: float) -> float:
    """Size at which .845 − 1.64 / √n is `loss` below its value at 10,000."""
    return (1.64 / (1.64 / 100 + loss)) ** 2


def test_size_is_where_the_human_curve_has_the_same_accuracy() -> None:
    rows = fake_results(World(rates=(0.0, 0.1), seeds=range(60), shared_sd=0.0, own_sd=0.0005))
    found = effective_human_size(rows).row(0, named=True)
    assert found["human_size"] == pytest.approx(truth(0.008), rel=0.03)
    assert found["ci_low"] < truth(0.008) < found["ci_high"]
    assert found["worth"] == pytest.approx(found["human_size"] / 10_000)


def test_intervals_cover_the_truth() -> None:
    """The inverted test covers at least 95 %: 300 runs, 3 standard errors below that is 91.2 %."""
    held, widths = [], []
    for number in range(300):
        world = World(rates=(0.0, 0.1), seeds=range(5), shared_sd=0.001, number=number)
        found = effective_human_size(fake_results(world)).row(0, named=True)
        low, high = found["ci_low"] or 0, found["ci_high"] or np.inf
        held.append(low <= truth(0.008) <= high)
        widths.append(high - low)
    assert np.mean(held) > 0.912
    assert np.median(widths) < 4000


def test_a_loss_below_the_first_size_is_said_to_be_so(collapsing: pl.DataFrame) -> None:
    found = effective_human_size(collapsing).filter(pl.col("collapse_rate") == 1.0).row(0, named=True)
    assert found["human_size"] is None
    assert found["beyond"] == "below"


def test_better_than_all_human_labels_is_said_to_be_so() -> None:
    rows = fake_results(World(rates=(0.0, 0.1), slope=-0.3))
    assert effective_human_size(rows)["beyond"].to_list() == ["above"]


def test_without_a_reference_there_is_nothing_to_match(rows: pl.DataFrame) -> None:
    assert effective_human_size(rows.filter(pl.col("collapse_rate") > 0)).is_empty()


def test_an_estimate_below_the_first_size_keeps_its_bound() -> None:
    """A truth near the first size is below it in half of the runs, and its interval reaches above it in most."""
    bounds = []
    for number in range(60):
        world = World(rates=(0.0, 0.1), seeds=range(5), slope=0.34, own_sd=0.004, number=number)
        found = effective_human_size(fake_results(world)).row(0, named=True)
        if found["beyond"] == "below":
            bounds.append(found["ci_high"])
    assert len(bounds) > 10
    assert None not in bounds
    assert np.mean(np.array(bounds) > SIZES[0]) > 0.7


def test_a_loss_far_below_the_first_size_is_bounded_by_it(collapsing: pl.DataFrame) -> None:
    found = effective_human_size(collapsing).filter(pl.col("collapse_rate") == 1.0).row(0, named=True)
    assert found["ci_high"] == 50_000


def test_the_calibrated_sampler_stands_beside_it_where_the_model_labels_and_everything_is_kept() -> None:
    world = World(rates=(0.0, 0.01, 0.05, 0.09), seeds=range(3), sizes=tuple(range(1000, 10_001, 100)))
    found = effective_human_size(fake_results(world))
    assert found["calibrated"].to_list() == pytest.approx([0.98, 0.91, 0.84], abs=0.005)
    replaced = effective_human_size(fake_results(world).with_columns(regime=pl.lit("replace")))
    assert replaced["calibrated"].to_list() == [None] * 3
    noise = pl.when(pl.col("collapse_rate") > 0).then(pl.lit("random-noise")).otherwise("label_rule")
    assert (
        effective_human_size(fake_results(world).with_columns(label_rule=noise))["calibrated"].to_list() == [None] * 3
    )
