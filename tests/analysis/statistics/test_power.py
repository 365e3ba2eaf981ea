import numpy as np
import polars as pl
import pytest

from modelcollapse.analysis.report.assurance_tables import describe_population, variance_table
from modelcollapse.analysis.statistics.arms import prepare
from modelcollapse.analysis.statistics.compare_rates import compare_rates
from modelcollapse.analysis.statistics.power import power, variance_components
from tests.analysis.fake import World, fake_results, many_results


def test_power_counts_the_seeds_that_are_missing(rows: pl.DataFrame) -> None:
    table = power(rows, difference=0.0005)
    differences = compare_rates(rows)
    assert (table["more_seeds"] == table["seeds_needed"] - 5).all()
    widths = (differences["ci_high"] - differences["ci_low"]) / 2
    # sd and interval tell the same: half width = t(.975, 4) · sd / √5
    assert (table["sd"] * 2.7764451052 / np.sqrt(5)).to_list() == pytest.approx(widths.to_list(), rel=1e-9)


def test_the_stated_power_is_reached() -> None:
    """A loss of the detectable size is found in 80 % of runs (350 runs: ± 6.4 % is 3 standard errors)."""
    own_sd, n = 0.001, 6
    from modelcollapse.analysis.statistics.inference import detectable_difference

    loss = detectable_difference(own_sd, n)
    assert loss is not None
    world = World(rates=(0.0, 0.1), seeds=range(n), sizes=(1000, 2000), slope=loss / 0.1, own_sd=own_sd)
    hits = compare_rates(many_results(world, 350))["p"] < 0.05
    assert hits.mean() == pytest.approx(0.8, abs=0.064)


def test_what_is_detectable_after_holm_is_found_in_four_of_five_runs() -> None:
    """One of five rates has the effect, so Holm's first step decides (70 runs, ± 3 errors)."""
    rates, own_sd, n = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5), 0.004, 6
    known = power(fake_results(World(rates=rates, seeds=range(n), sizes=(1000, 2000), own_sd=own_sd)))
    assert (known["detectable_holm"] > 1.3 * known["detectable"]).all()
    from modelcollapse.analysis.statistics.inference import detectable_difference

    effect = detectable_difference(own_sd, n, alpha=0.05 / 5)
    hits = []
    for number in range(70):
        rows = fake_results(
            World(rates=rates, seeds=range(n), sizes=(1000, 2000), slope=0.0, own_sd=own_sd, number=number)
        )
        lost = rows.with_columns(accuracy=pl.col("accuracy") - effect * (pl.col("collapse_rate") == 0.1))
        start = pl.col("generation") == 0
        kept = lost.with_columns(accuracy=pl.when(start).then(rows["accuracy"]).otherwise("accuracy"))
        hits.append(compare_rates(kept).filter(pl.col("collapse_rate") == 0.1)["p_holm"].item() < 0.05)
    assert np.mean(hits) == pytest.approx(0.8, abs=0.143)


def test_seeds_needed_come_with_the_uncertainty_of_the_spread(rows: pl.DataFrame) -> None:
    table = power(rows, difference=0.0005)
    assert (table["seeds_low"] < table["seeds_needed"]).all()
    assert (table["seeds_high"] > 4 * table["seeds_needed"]).all()


def drawn(n_seeds: int, n_runs: int, n_test: int, unseen: int | None, training_sd: float, seed: int) -> pl.DataFrame:
    """Final accuracies of models that differ by `training_sd` on test documents sampled from `unseen` ones."""
    generator = np.random.default_rng(seed)
    level = 0.8 + training_sd * generator.standard_normal((n_runs, n_seeds))
    if unseen is None:
        right = generator.binomial(n_test, level)
    else:
        good = np.rint(level * unseen).astype(np.int64)
        right = generator.hypergeometric(good, unseen - good, n_test)
    runs, seeds = (axis.ravel() for axis in np.indices(right.shape))
    table = pl.DataFrame({"experiment": runs.astype(str), "seed": seeds, "accuracy": right.ravel() / n_test})
    return table.join(one_row(1000, n_test), how="cross")


def one_row(n_seen: int, n_test: int) -> pl.DataFrame:
    rows = fake_results(World(rates=(0.0,), seeds=(0,), sizes=(n_seen,), n_test=n_test))
    return rows.drop("experiment", "seed", "accuracy")


@pytest.mark.parametrize("unseen", [None, 1000])
def test_components_are_what_they_were_made_of(unseen: int | None) -> None:
    """Of 500 test documents: binomial 1.8 points, or of 1,000 unseen ones 1.27; training 1 point."""
    rows = drawn(400, 1, 500, unseen, 0.01, seed=3)
    found = variance_components(rows, None if unseen is None else unseen + 1000).row(0, named=True)
    expected = np.sqrt(0.16 / 500 * (1 if unseen is None else 0.5))
    assert found["test_sd"] == pytest.approx(expected, rel=0.02)
    assert found["total_sd"] == pytest.approx(np.hypot(expected, 0.01), rel=0.11)
    assert found["training_low"] < 0.01 < found["training_high"]
    assert found["training_sd"] ** 2 + found["test_sd"] ** 2 == pytest.approx(found["total_sd"] ** 2)
    assert found["test_share"] == pytest.approx((found["test_sd"] / found["total_sd"]) ** 2)


@pytest.mark.parametrize(("n", "training_sd"), [(3, 0.02), (5, 0.01), (10, 0.01)])
def test_intervals_of_the_components_cover_as_often_as_they_say(n: int, training_sd: float) -> None:
    """1,500 runs each: 95 % ± 1.7 % (3 standard errors)."""
    frame = variance_components(drawn(n, 1500, 2000, 4000, training_sd, seed=n), 5000)
    held = (frame["training_low"] <= training_sd) & (training_sd <= frame["training_high"])
    assert held.mean() == pytest.approx(0.95, abs=0.017)


def test_a_test_set_that_explains_everything_leaves_nothing_to_training() -> None:
    rows = fake_results(World(rates=(0.0,), seed_sd=0.0, shared_sd=0.0, own_sd=0.0, n_test=200))
    found = variance_components(rows).row(0, named=True)
    assert (found["training_sd"], found["test_share"]) == (0.0, None)
    assert found["corpus_limit"] is None
    assert found["used"] is None


def toy_corpora(n_corpora: int, n_documents: int, n_train: int, n_test: int) -> pl.DataFrame:
    """Accuracies of nearest centroids, five seeds on each corpus: tests in the first documents of a permutation."""
    generator = np.random.default_rng(8)
    shift = np.zeros(20)
    shift[:4] = 0.25
    records = []
    for corpus in range(n_corpora):
        labels = generator.integers(0, 2, n_documents)
        x = generator.standard_normal((n_documents, 20)) + np.where(labels[:, None] == 1, shift, -shift)
        for seed in range(5):
            order = generator.permutation(n_documents)
            test, train = order[:n_test], order[n_test : n_test + n_train]
            ends = [x[train][labels[train] == side].mean(axis=0) for side in (0, 1)]
            called = (x[test] - (ends[0] + ends[1]) / 2) @ (ends[1] - ends[0]) > 0
            records.append((str(corpus), seed, float((called == (labels[test] == 1)).mean())))
    table = pl.DataFrame(records, schema=["experiment", "seed", "accuracy"], orient="row")
    return table.join(one_row(n_train, n_test), how="cross")


@pytest.mark.parametrize(("n_train", "n_test"), [(800, 200), (450, 200)])
def test_the_corpus_is_allowed_for_where_it_says_so(n_train: int, n_test: int) -> None:
    """400 corpora: the mean over reshuffles speaks of its corpus alone, the wider interval of all of them."""
    frame = variance_components(toy_corpora(400, 1000, n_train, n_test), 1000)
    assert (frame["used"] == (n_train + n_test) / 1000).all()
    away = (frame["mean"] - frame["mean"].mean()).abs()
    assert (away <= frame["half_width"]).mean() < 0.92
    assert (away <= frame["population_half_width"]).mean() >= 0.95


def test_the_table_says_what_rows_cannot_tell(rows: pl.DataFrame, collapsing: pl.DataFrame) -> None:
    table = variance_table(prepare(rows), 33_530)
    assert table is not None
    assert table.note.startswith("Intervals speak of reshuffles of this corpus, of which one seed uses 89.5 %")
    assert all(row[6].text.startswith("not in the rows; its test documents up to 0.2") for row in table.rows)
    unknown = variance_table(prepare(rows), None)
    assert unknown is not None
    assert {row[6].text for row in unknown.rows} == {"not in the rows"}
    mixed = variance_table(prepare(collapsing), None)
    assert mixed is not None
    assert ["◆" in row[2].text for row in mixed.rows] == [row[0].text == "50 %" for row in mixed.rows]
    assert variance_table(prepare(rows.filter(pl.col("seed") == 0)), None) is None
    words = "Intervals speak of reshuffles of this corpus, not of other documents."
    assert describe_population(prepare(rows), None) == words
