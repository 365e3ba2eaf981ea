from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from modelcollapse.analysis.against_published import study_loop
from modelcollapse.analysis.arms import comparable, prepare
from modelcollapse.analysis.caveats import caveats
from modelcollapse.analysis.claims import check_claims
from modelcollapse.analysis.headline import headline
from modelcollapse.analysis.report_tables import experiment_tables
from modelcollapse.analysis.tipping import peaks
from tests.analysis.fake import World, fake_results

HURTS = "Any share of self-labels hurts."
GUESSING = "Trained on its own labels alone, the model ends no better than random guessing."


def verdicts(rows: pl.DataFrame) -> dict[str, str]:
    return {claim.claim: claim.verdict for claim in check_claims(study_loop(prepare(rows)))}


def measured(rows: pl.DataFrame, claim: str) -> str:
    return next(c.measured for c in check_claims(study_loop(prepare(rows))) if c.claim == claim)


def test_a_collapsing_run(collapsing: pl.DataFrame) -> None:
    found = verdicts(collapsing)
    assert found[HURTS] == "holds"
    assert found[GUESSING] == "holds in part"  # accuracy does, ROC AUC does not
    assert found["The more self-labels, the lower the accuracy."] == "holds"
    assert found["Arms differ already at the initial size."] == "contradicted"
    assert "8 of 8 seeds, while ROC AUC is 0.73" in measured(collapsing, GUESSING)
    assert "exactly zero in 32 pairs" in measured(collapsing, "Arms differ already at the initial size.")


def test_a_ladder_of_starts_is_judged_by_all_of_them() -> None:
    world = World(rates=(1.0,), seeds=range(3), experiment="total-collapse")
    starts = [
        fake_results(replace(world, sizes=sizes, degenerate={1.0: range(n)}))
        for n, sizes in ((3, (80, 202, 507, 1274)), (2, (202, 507, 1274)), (0, (507, 1274)), (0, (1274,)))
    ]
    assert verdicts(pl.concat(starts))[GUESSING] == "holds in part"
    words = measured(pl.concat(starts), GUESSING)
    assert words.startswith("from 80 documents: ")
    assert "3 of 3 seeds" in words
    assert "; from 507 documents: " in words
    assert words.count("documents") == 2
    assert verdicts(starts[2])[GUESSING] == "contradicted"


def test_one_fall_among_many_arms_of_noise_is_chance() -> None:
    rows = fake_results(World(rates=[rate / 100 for rate in range(1, 41)], slope=0.0))
    noise = rows.with_columns(accuracy=0.8 + pl.Series(np.random.default_rng(1).normal(0, 0.01, rows.height)))
    assert peaks(noise)["hurts"].any()
    assert verdicts(noise)["With self-labels in the mix, more data can make the model worse."] == "not shown"


def test_a_run_without_any_loss() -> None:
    rows = fake_results(World(slope=0.0, seeds=range(8)))
    found = verdicts(rows)
    assert found[HURTS] == "not shown"
    assert found["The more self-labels, the lower the accuracy."] == "not shown"
    assert "established at no rate; equivalent to 0 % within ± 0.50 pp at 5, 10 and 30 %" in measured(rows, HURTS)
    assert headline(study_loop(prepare(rows))).startswith("No rate up to 30 % has an established effect")


def test_a_run_that_gains_contradicts() -> None:
    rows = fake_results(World(slope=-0.05, seeds=range(8)))
    assert verdicts(rows)[HURTS] == "contradicted"
    assert "gains" in headline(study_loop(prepare(rows)))


def test_what_a_run_lacks_is_said() -> None:
    rows = fake_results(World(rates=(0.0,)))
    assert verdicts(rows) == {
        "More reviews make a better model.": "holds",
        GUESSING: "cannot be checked",
        HURTS: "cannot be checked",
        "The more self-labels, the lower the accuracy.": "cannot be checked",
        "With self-labels in the mix, more data can make the model worse.": "cannot be checked",
        "Arms differ already at the initial size.": "cannot be checked",
    }
    assert measured(rows, GUESSING) == "needs rate 100 %"
    assert headline(prepare(rows)).startswith("With human labels only accuracy rises by 3.47 pp [+3.38, +3.57]")


def test_the_headline_carries_numbers_of_the_run(rows: pl.DataFrame) -> None:
    words = headline(study_loop(prepare(rows)))
    assert words == (
        "Letting the model label 5 % of new documents costs 0.38 pp [0.27, 0.50] of accuracy after 10,000 documents; "
        "a loss of 0.50 pp is reached at 6.6 % [5 %, 8 %]."
    )
    assert "1.00 pp is reached at 13" in headline(study_loop(prepare(rows)), margin=0.01)


def test_the_headline_names_degeneration(collapsing: pl.DataFrame) -> None:
    words = headline(study_loop(prepare(collapsing)))
    assert words.endswith("at 100 % the model ends as a constant predictor in 8 of 8 seeds.")


@pytest.mark.parametrize("rates", [(0.1, 1.0), (1.0,)])
def test_without_a_reference_the_headline_tells_the_change(rates: tuple[float, ...]) -> None:
    rows = fake_results(World(rates=rates, slope=0.3))
    assert headline(prepare(rows)).startswith("With 100 % of new labels made by the model, accuracy changes by −2")


def test_one_seed_claims_nothing(rows: pl.DataFrame) -> None:
    one = rows.filter(pl.col("seed") == 0)
    assert "holds" not in verdicts(one).values()
    assert "no interval: one seed" in headline(study_loop(prepare(one)))


def test_caveats_name_seeds_test_set_and_groups(collapsing: pl.DataFrame) -> None:
    few = caveats(prepare(collapsing.filter(pl.col("seed").is_in([0, 1, 6])).with_columns(n_test=pl.lit(500))))
    assert few[0].startswith("Only 3 seeds in the smallest arm: intervals rest on 2 degrees of freedom")
    assert few[1].startswith("A test set of 500 documents: each accuracy is uncertain by ± 3.")
    assert "At 50 % the seeds fall into two groups" in few[2]
    apart = pl.col("predicted_positive_rate")
    sides = collapsing.with_columns(
        pl.when(pl.col("seed") < 3).then(1 - apart).otherwise(apart).alias(apart.meta.output_name())
    )
    assert any(
        words.startswith("Seeds drift to opposite sides: at 100 % (argmax) 5 of 8") for words in caveats(prepare(sides))
    )
    assert caveats(prepare(fake_results(World(seeds=range(6))))) == []
    assert caveats(prepare(collapsing.filter(pl.col("seed") == 0)))[0].startswith("One seed")


def test_caveats_name_missing_reference_and_pairing(rows: pl.DataFrame) -> None:
    alone = caveats(prepare(rows.filter(pl.col("collapse_rate") > 0)))
    apart = caveats(prepare(rows.with_columns(seed=pl.col("seed") + (1000 * pl.col("collapse_rate")).cast(pl.Int64))))
    assert alone[-1].startswith("No rate 0 to compare with")
    assert apart[-1].startswith("Rates share no seeds")


def test_unfinished_rows_are_cut_where_arms_can_be_compared(rows: pl.DataFrame) -> None:
    def reached(unfinished: pl.Expr) -> object:
        return comparable(prepare(rows.filter(~unfinished)))["n_seen"].max()

    rate, size, seed = pl.col("collapse_rate"), pl.col("n_seen"), pl.col("seed")
    assert reached((rate == 0.3) & (size > 4000)) == 4000
    assert reached((rate == 0.1) & (size > 6000) & (seed > 1)) == 10_000  # two seeds are there
    assert reached((rate == 0.1) & (size > 6000) & (seed > 0)) == 6000  # one further on is not enough
    assert reached((size > 1000) & (seed > 0)) == 10_000  # but better than nothing
    assert reached((rate == 0.1) & (size > 1000)) == 10_000  # no seed has all arms: keep what there is
    assert comparable(prepare(rows)).height == rows.height


@pytest.mark.parametrize("number", range(30))
def test_any_moment_of_any_run_can_be_analysed(number: int) -> None:
    """Chains that have come any number of generations far, in sweeps of any shape: words and tables, never a crash."""
    random = np.random.default_rng(number)
    rates = [0.0] * int(random.random() < 0.8) + sorted(
        random.choice([0.01, 0.1, 0.3, 1.0], random.integers(1, 4), False)
    )
    world = World(
        rates=rates,
        seeds=range(random.integers(1, 6)),
        sizes=[(1000, 2000, 3000), (80, 202, 507, 1274), (1000,)][random.integers(3)],
        label_rules=[("argmax",), ("argmax", "human-only", "prior-matched"), ("frozen",)][random.integers(3)],
        degenerate={1.0: range(random.integers(4))},
        regimes=("accumulate", "replace")[: random.integers(1, 3)],
        own_sd=float(random.choice([0, 0.001])),
        experiment=str(random.choice(["low-rates", "mine"])),
        number=number,
    )
    rows = fake_results(world)
    chains = rows.select("chain_id").unique(maintain_order=True)
    reached = chains.with_columns(reached=random.integers(0, len(world.sizes) + 1, chains.height))
    begun = rows.join(reached, on="chain_id").filter(pl.col("generation") < pl.col("reached")).drop("reached")
    if begun.is_empty():
        pytest.skip("nothing begun")
    here = comparable(prepare(begun))
    loop = study_loop(here) if not study_loop(here).is_empty() else here
    assert headline(loop).endswith(".")
    assert len(check_claims(loop)) == 6
    assert all(words.endswith(".") for words in caveats(here))
    for table in experiment_tables(here, 0.005).values():
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)
