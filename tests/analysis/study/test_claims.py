from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from modelcollapse.analysis.mechanism.degeneration import peaks
from modelcollapse.analysis.report.caveats import caveats
from modelcollapse.analysis.report.headline import headline
from modelcollapse.analysis.report.tables import experiment_tables
from modelcollapse.analysis.statistics.arms import comparable, prepare, study_loop
from modelcollapse.analysis.statistics.compare_rates import compare_rates
from modelcollapse.analysis.study import claims
from modelcollapse.analysis.study.claims import check_claims
from tests.analysis.claim_rates import NAMES, NOTHING, Truth, printed, simulate, verdict_rates
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
    assert "8 of 8 seeds [63, 100 %], while ROC AUC is 0.73" in measured(collapsing, GUESSING)
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
    assert found[HURTS] == "contradicted"  # beyond the margin
    assert found["The more self-labels, the lower the accuracy."] == "not shown"
    words = measured(rows, HURTS)
    assert words.startswith("established at no rate; equivalent to 0 % at 5, 10 and 30 %, where an effect beyond ±")
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
    assert headline(prepare(rows)).startswith("With human labels only accuracy changes by +3.47 pp [+3.38, +3.57]")


def test_the_headline_carries_numbers_of_the_run(rows: pl.DataFrame) -> None:
    words = headline(study_loop(prepare(rows)))
    assert words == (
        "Letting the model label 5 % of new documents costs 0.38 pp [0.22, 0.55, jointly for 3 rates] of accuracy "
        "after 10,000 documents (p < .001 after Holm); the mean loss seen passes 0.50 pp between 5 % and 10 %, at "
        "about 6.6 % [5 %, 8 %] if losses are straight between the rates tested."
    )
    assert "passes 1.00 pp between 10 % and 30 %, at about 13" in headline(study_loop(prepare(rows)), margin=0.01)


def test_the_headline_names_degeneration(collapsing: pl.DataFrame) -> None:
    words = headline(study_loop(prepare(collapsing)))
    assert words.startswith(
        "At 50 % 4 of 8 seeds [16, 84 %] end degenerate, calling fewer than 5 % or more than 95 % positive (the "
        "others: accuracy "
    )
    assert "; at 100 % 8 of 8 seeds [63, 100 %] end degenerate; letting the model label 10 %" in words
    assert "an interval that is unreliable below 20 seeds: seeds degenerate at other rates" in words


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
    assert few[2].startswith("Seeds fall or not: at 100 % (argmax) 3 of 3 seeds [29, 100 %] call fewer than")
    groups = "At 50 % the seeds fall into two groups, and the mean may describe neither: at 50 % (argmax) 4 of 8 seeds"
    assert any(words.startswith(groups) for words in caveats(prepare(collapsing)))
    apart = pl.col("predicted_positive_rate")
    sides = collapsing.with_columns(
        pl.when(pl.col("seed") < 3).then(1 - apart).otherwise(apart).alias(apart.meta.output_name())
    )
    words = "Seeds drift to opposite sides: at 100 % (argmax) 5 of 8 seeds [24, 91 %]"
    assert any(found.startswith(words) for found in caveats(prepare(sides)))
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


def shifted(rows: pl.DataFrame, rates: list[float], amount: float) -> pl.DataFrame:
    """Rows whose accuracy after generation 0 is higher by `amount` at some rates."""
    here = pl.col("collapse_rate").is_in(rates) & (pl.col("generation") > 0)
    return rows.with_columns(accuracy=pl.col("accuracy") + amount * here)


def test_random_guessing_is_guessing() -> None:
    """Accuracy of a coin with balanced predictions, at five seeds of 2,500 documents."""
    generator = np.random.default_rng(0)
    found = []
    for _ in range(20):
        rows = fake_results(World(rates=(1.0,), sizes=(1000, 2000), n_test=2500))
        coin = pl.Series(np.round(generator.normal(0.5, 0.01, rows.height) * 2500) / 2500)
        guessed = rows.with_columns(
            accuracy=coin,
            recall_positive=coin,
            recall_negative=coin,
            predicted_positive_rate=pl.lit(0.5),
            roc_auc=pl.lit(0.5),
        )
        found.append(verdicts(guessed)[GUESSING])
    assert "contradicted" not in found
    assert found.count("holds") > 12


def test_three_quarters_right_is_not_guessing_without_predicted_positives_either() -> None:
    rows = fake_results(World(rates=(1.0,), seeds=range(2), sizes=(1000, 2000)))
    for spread in (0.01, 0.1):
        bare = rows.with_columns(
            accuracy=0.75 + spread * (pl.col("seed") - 0.5), predicted_positive_rate=pl.lit(None, pl.Float64)
        )
        assert verdicts(bare)[GUESSING] in ("contradicted", "not shown")


def test_gains_are_named_beside_losses() -> None:
    rows = fake_results(World(rates=(0.0, 0.05, 0.1, 0.3, 1.0), seeds=range(8), slope=0.0))
    mixed = shifted(shifted(rows, [0.05, 0.1, 0.3], 0.01), [1.0], -0.25)
    words = headline(study_loop(prepare(mixed)))
    assert "label 100 % of new documents costs" in words
    assert "; 5, 10 and 30 % gain, at most 1.0" in words
    assert verdicts(mixed)["The more self-labels, the lower the accuracy."] == "holds in part"
    assert verdicts(mixed)[HURTS] == "holds in part"


def test_nothing_established_is_a_signed_change() -> None:
    world = World(rates=(0.0, 0.1), slope=0.0, own_sd=0.02, number=3)
    words = headline(study_loop(prepare(fake_results(world))))
    assert "; the largest difference, at 10 %, is " in words
    assert "gains" not in words


def test_what_the_headline_picks_has_an_interval_valid_under_selection() -> None:
    """Ten rates of no effect: intervals of all hold 0 jointly in 95 % of 50 runs (− 3 errors), each alone in 60 %."""
    rates = tuple(i / 100 for i in range(11))
    jointly, alone = [], []
    for number in range(50):
        rows = fake_results(World(rates=rates, sizes=(1000, 2000), slope=0.0, number=number))
        table = compare_rates(rows)
        jointly.append(((table["joint_low"] <= 0) & (table["joint_high"] >= 0)).all())
        alone.append(((table["ci_low"] <= 0) & (table["ci_high"] >= 0)).all())
    assert np.mean(jointly) > 0.95 - 3 * 0.031
    assert np.mean(alone) < 0.8


def test_a_fall_that_human_labels_have_too_is_no_harm_of_more_data() -> None:
    claim = "With self-labels in the mix, more data can make the model worse."
    generator = np.random.default_rng(0)
    both, mixture = (simulate(truth, generator) for truth in (Truth(fall=0.03), Truth(late=0.03)))
    assert peaks(both)["hurts"].any()
    assert verdicts(both)[claim] == "not shown"
    assert verdicts(mixture)[claim] == "holds"
    alone = mixture.filter(pl.col("collapse_rate") > 0)
    assert verdicts(alone)[claim] == "not shown"
    assert "human labels alone might fall as much" in measured(alone, claim)


def test_a_data_error_at_the_start_is_an_alarm() -> None:
    claim = "Arms differ already at the initial size."
    generator = np.random.default_rng(0)
    wrong = simulate(Truth(paired=False, error=0.05), generator)
    assert verdicts(wrong)[claim] == "holds"
    assert measured(wrong, claim).startswith("alarm: ")
    right = [verdicts(simulate(Truth(paired=False), generator))[claim] for _ in range(5)]
    assert right.count("holds") == 0


def test_one_rate_is_no_range() -> None:
    rows = fake_results(World(rates=(0.0, 0.5)))
    assert "established (Holm) at the one rate tested (from 50 % on)" in measured(rows, HURTS)


def test_verdicts_come_as_often_as_the_module_says() -> None:
    """The table of the module within 4 standard errors of 6 runs a truth: enough to see a verdict that always comes."""
    stated = [line.split() for line in (claims.__doc__ or "").splitlines() if line.strip().startswith(NAMES)]
    assert len(stated) == len(NAMES)
    repetitions = 6
    found = [line.split() for line in printed(verdict_rates(repetitions)).splitlines()[1:]]
    for theirs, ours in zip(stated, found, strict=True):
        for one, other in zip(map(float, theirs[-6:]), map(float, ours[-6:]), strict=True):
            error = 100 * np.sqrt(max(one / 100 * (1 - one / 100), 0.01) / repetitions)
            assert other == pytest.approx(one, abs=4 * error), (theirs, ours)


def test_claims_are_corrected_for_their_number() -> None:
    """Of runs in which nothing is true, hardly any bears out or contradicts a claim (starts are paired)."""
    generator = np.random.default_rng(1)
    decided = 0
    for _ in range(25):
        found = verdicts(simulate(NOTHING, generator))
        found.pop("Arms differ already at the initial size.")
        decided += any(verdict != "not shown" for verdict in found.values())
    assert decided <= 5  # 5 % of 25, and 3.5 standard errors


@pytest.mark.parametrize("n_test", [1, 2, 7])
@pytest.mark.parametrize("rates", [(0.1, 0.3, 1.0), (0.0, 0.1, 1.0)])
def test_tiny_test_sets_and_rules_without_the_loop_are_put_in_words(rates: tuple[float, ...], n_test: int) -> None:
    world = World(rates=rates, label_rules=("frozen", "human-only"), sizes=(1000, 2000, 3000), n_test=n_test)
    rows = fake_results(world)
    coarse = rows.with_columns((pl.col("accuracy", "predicted_positive_rate") * n_test).round() / n_test)
    here = prepare(pl.concat([coarse, coarse.with_columns(experiment=pl.lit("other"), n_test=9 * pl.col("n_test"))]))
    for _, group in here.group_by("experiment"):
        assert headline(group).endswith(".")
        assert len(check_claims(group)) == 6
        assert all(words.endswith(".") for words in caveats(group))
        assert all(table.rows for table in experiment_tables(group, 0.005).values())
