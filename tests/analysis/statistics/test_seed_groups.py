import numpy as np
import polars as pl
import pytest

from modelcollapse.analysis.statistics.arms import at_size, prepare
from modelcollapse.analysis.statistics.compare_rates import compare_rates
from modelcollapse.analysis.statistics.seed_groups import ENOUGH_SEEDS, seed_groups, split_in_two
from tests.analysis.fake import World, fake_results


def kinds(rows: pl.DataFrame) -> dict[float, tuple[str, bool, bool]]:
    table = seed_groups(at_size(prepare(rows)))
    return {row["collapse_rate"]: (row["state"], row["falls"], row["reliable"]) for row in table.iter_rows(named=True)}


def test_an_arm_is_regular_where_no_seed_of_its_setting_falls(rows: pl.DataFrame) -> None:
    assert set(kinds(rows).values()) == {("regular", False, True)}


def test_degenerate_seeds_anywhere_make_means_unreliable_below_twenty_seeds() -> None:
    world = World(rates=(0.0, 0.1, 1.0), seeds=range(5), degenerate={1.0: {0}})
    few = World(**{**world.__dict__, "seeds": range(3)})
    assert kinds(fake_results(few))[1.0] == ("degenerate seeds", True, False)  # too few to be two groups
    assert kinds(fake_results(world)) == {
        0.0: ("degenerate seeds", False, False),
        0.1: ("degenerate seeds", False, False),
        1.0: ("mixed", True, False),
    }
    many = World(rates=(0.0, 0.1, 1.0), seeds=range(ENOUGH_SEEDS), degenerate={1.0: {0}})
    assert all(reliable for _, _, reliable in kinds(fake_results(many)).values())


def test_two_groups_are_mixed_without_a_degenerate_seed() -> None:
    rows = fake_results(World(rates=(0.0, 0.5), seeds=range(8)))
    fallen = (pl.col("seed") < 3) & (pl.col("collapse_rate") > 0) & (pl.col("generation") > 0)
    mixed = rows.with_columns(accuracy=pl.col("accuracy") - 0.2 * fallen)
    assert kinds(mixed)[0.5] == ("mixed", True, False)
    assert seed_groups(at_size(prepare(mixed)))["n_degenerate"].sum() == 0


def test_an_arm_whose_seeds_fall_is_never_equivalent() -> None:
    """The others do as well as human labels, and in five seeds of which none falls nothing shows that some do."""
    world = World(rates=(0.0, 0.1, 1.0), seeds=range(8), slope=0.0, degenerate={1.0: {0}})
    table = compare_rates(fake_results(world), margin=0.3)
    assert table["p_equivalent"].max() < 0.05  # the test alone would say so
    assert table["equivalent"].to_list() == [False, False]
    assert table["why"].to_list() == ["seeds degenerate at other rates", "1 of 8 seeds degenerate"]
    assert table["mean_others"][1] > 0.8
    many = compare_rates(fake_results(World(**{**world.__dict__, "seeds": range(30)})), margin=0.3)
    assert many["equivalent"].to_list() == [True, False]


def test_where_one_seed_in_five_falls_equivalence_is_not_concluded() -> None:
    """Mean loss at the margin: a t test alone calls a third of such arms equivalent, twenty per cent falling by .05."""
    alone = concluded = 0
    for number in range(60):
        generator = np.random.default_rng(number)
        falls = set(np.flatnonzero(generator.random(5) < 0.2).tolist())
        world = World(rates=(0.0, 0.1, 1.0), sizes=(1000, 2000), slope=0.0, degenerate={0.1: falls, 1.0: range(5)})
        found = compare_rates(fake_results(world), margin=0.06).row(0, named=True)
        alone += found["p_equivalent"] < 0.05
        concluded += found["equivalent"]
    assert alone > 10
    assert concluded == 0


@pytest.mark.parametrize("n", [5, 10])
def test_a_group_across_the_bound_of_degeneracy_is_one_group(n: int) -> None:
    """Normal seeds around 5 % predicted positive: in 5 % of 200 samples (+ 3 errors) they are called two groups."""
    generator = np.random.default_rng(n)
    hits = [split_in_two(0.6 + 0.03 * generator.standard_normal(n)).is_two for _ in range(200)]
    assert np.mean(hits) < 0.05 + 3 * 0.0154


def test_single_and_equal_values_are_one_group() -> None:
    assert not split_in_two([0.5]).is_two
    assert not split_in_two([0.5] * 9).is_two
    assert len(split_in_two([0.5]).high) == 0
