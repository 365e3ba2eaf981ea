from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from modelcollapse.analysis.statistics.arms import AnalysisError, prepare, study_loop
from modelcollapse.analysis.statistics.compare_rates import compare_rates, equivalence, start_test
from modelcollapse.analysis.statistics.curves import curves
from modelcollapse.analysis.statistics.trends import trend
from modelcollapse.analysis.study.compare import compare_published, published_like
from modelcollapse.analysis.study.published import is_original_file, published, read_original
from tests.analysis.fake import World, fake_results


def fine_rates_like_published() -> pl.DataFrame:
    """Twenty values per rate and size with exactly the published means and standard deviations (fine-rates)."""
    shape = stats.norm.ppf((np.arange(20) + 0.5) / 20)
    shape = (shape - shape.mean()) / shape.std(ddof=1)
    records = []
    known = published().filter((pl.col("experiment") == "fine-rates") & pl.col("n_seen").is_in([1000, 10_000]))
    for row in known.iter_rows(named=True):
        order = np.random.default_rng([int(1000 * row["collapse_rate"]), row["n_seen"]]).permutation(20)
        for cv, score in enumerate((row["mean"] + row["sd"] * shape)[order]):
            records.append((1000, row["n_seen"], row["collapse_rate"] + 1e-9, cv, score, 1.0))
    columns = ["initial_size", "new_size", "colapse_rate", "cv", "score", "time"]
    return pl.DataFrame(records, schema=columns, orient="row")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    file = tmp_path_factory.mktemp("original") / "fine.csv"
    fine_rates_like_published().write_csv(file)
    return read_original(file)


def test_landmarks_of_the_published_curves() -> None:
    table = published()

    def mean(experiment: str, rate: float, start: int, size: int) -> float:
        at = (pl.col("experiment") == experiment) & (pl.col("collapse_rate") == rate)
        return table.filter(at & (pl.col("initial_size") == start) & (pl.col("n_seen") == size))["mean"].item()

    assert mean("baseline", 0, 76, 76) == pytest.approx(0.606, abs=5e-4)
    assert mean("collapse-rates", 1, 50_000, 80_000) == pytest.approx(0.547, abs=5e-4)
    assert mean("total-collapse", 1, 50_717, 320_000) == pytest.approx(0.582, abs=5e-4)
    assert mean("fine-rates", 0.09, 1000, 10_000) == pytest.approx(0.828, abs=1e-3)


def test_the_published_significance_is_reproduced(original: pl.DataFrame) -> None:
    """At 10,000 documents 5–9 % are significant after Holm, 1–4 % are not, 2–4 % are equivalent within ± 0.5 points."""
    table = compare_rates(original)
    assert not table["paired"].any()
    assert table.filter(pl.col("p_holm") < 0.05)["collapse_rate"].to_list() == [0.05, 0.06, 0.07, 0.08, 0.09]
    assert equivalence(original).filter("equivalent")["collapse_rate"].to_list() == [0.02, 0.03, 0.04]


def test_the_published_trend_is_reproduced(original: pl.DataFrame) -> None:
    """The slope is the published one; its interval takes each rate's own spread, threefold at 9 %."""
    found = trend(original).row(0, named=True)
    assert [found[c] for c in ("slope_pp", "ci_low_pp", "ci_high_pp")] == pytest.approx(
        [-0.084, -0.117, -0.052], abs=5e-4
    )


def test_three_of_nine_rates_differ_before_anything_is_self_labelled(original: pl.DataFrame) -> None:
    table = start_test(prepare(original))
    assert (table["p"] < 0.05).sum() == 3
    assert not table["paired"].any()


def test_imported_rates_give_the_published_curves(original: pl.DataFrame) -> None:
    assert original["experiment"].unique().to_list() == ["fine-rates"]
    assert original["n_test"].unique().to_list() == [390_000]
    assert original["collapse_rate"].unique().sort().to_list() == [r / 100 for r in range(10)]
    mine = curves(original).select("collapse_rate", "n_seen", "mean", "sd", "n_seeds").sort("collapse_rate", "n_seen")
    theirs = published().join(mine, on=["collapse_rate", "n_seen"], how="semi")
    theirs = theirs.filter(pl.col("experiment") == "fine-rates").sort("collapse_rate", "n_seen")
    assert mine["mean"].to_list() == pytest.approx(theirs["mean"].to_list(), abs=1e-9)
    assert mine["sd"].to_list() == pytest.approx(theirs["sd"].to_list(), abs=1e-9)


def test_total_collapse_and_baseline_files(tmp_path: Path) -> None:
    total, baseline = tmp_path / "total.csv", tmp_path / "base.csv"
    total.write_text("initial_ratio,new_ratio,cv,score,time\n0.00025,0.00025,0,.6,1\n0.00025,0.00063,0,.5,2\n")
    baseline.write_text("ratio,cv,score,time\n0.00023757,0,.6,1\n1,0,.84,2\n1,1,.85,2\n")
    rows = read_original(total)
    columns = ("initial_size", "n_seen", "collapse_rate", "label_rule", "generation", "n_synthetic", "n_test")
    assert rows.select(columns).rows() == [
        (80, 80, 0, "none", 0, 0, 80_000),
        (80, 80, 1, "argmax", 0, 0, 80_000),
        (80, 202, 1, "argmax", 1, 122, 80_000),
    ]
    rows = read_original(baseline)
    assert rows["n_seen"].to_list() == [76, 320_000, 320_000]
    assert rows["label_rule"].unique().to_list() == ["none"]
    assert prepare(rows).height == 3


def test_other_files_are_refused_with_what_was_expected(tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("depth,score\n1,2\n")
    assert is_original_file(file)
    with pytest.raises(AnalysisError, match="found the columns depth, score; expected ratio"):
        read_original(file)
    assert not is_original_file(tmp_path / "missing.csv")


def test_a_run_at_the_published_level_agrees_in_shape() -> None:
    """A world whose losses are the published ones agrees; one that loses five times as much does not."""
    sizes = tuple(range(1000, 10_001, 300))
    near = World(rates=(0.0, 0.03, 0.06, 0.09), seeds=range(10), sizes=sizes, slope=0.08, experiment="fine-rates")
    table = compare_published(fake_results(near))
    differences = table.filter(pl.col("quantity") == "difference to rate 0")
    assert differences["agree"].all()
    assert differences.height == 3
    far = World(rates=(0.0, 0.03, 0.06, 0.09), seeds=range(10), sizes=sizes, slope=0.4, experiment="fine-rates")
    table = compare_published(fake_results(far))
    slope = table.filter(pl.col("quantity").str.contains("slope")).row(0, named=True)
    assert slope["ours"] == pytest.approx(-0.4, abs=0.02)
    assert slope["published"] == pytest.approx(-0.09, abs=0.03)
    assert slope["agree"] is False


def test_shapes_are_those_of_the_seeds_that_all_rates_share() -> None:
    """Of an unfinished run too: a seed that has only some of the rates so far would shift these against the others."""
    rates = (0.0, 0.03, 0.06, 0.09)
    world = World(rates=rates, seeds=range(3), sizes=(1000, 10_000), seed_sd=0.05, experiment="fine-rates")
    rows = fake_results(world)
    unfinished = rows.filter((pl.col("seed") == 0) | (pl.col("collapse_rate") < 0.05))

    def shapes(results: pl.DataFrame) -> pl.DataFrame:
        table = compare_published(results)
        return table.filter(pl.col("quantity").str.contains("slope|rank"))

    only_shared = shapes(rows.filter(pl.col("seed") == 0))
    assert shapes(unfinished)["ours"].to_list() == pytest.approx(only_shared["ours"].to_list())
    assert shapes(rows.filter(pl.col("seed") == 0))["ours_low"].null_count() == 2
    values = rows.filter(pl.col("n_seen") == 10_000).sort("seed", "collapse_rate")["accuracy"].to_numpy().reshape(3, 4)
    slopes = [100 * stats.linregress(100 * np.array(rates), of_seed).slope for of_seed in values]
    slope, rank = shapes(rows).iter_rows(named=True)
    assert slope["ours"] == pytest.approx(np.mean(slopes))
    assert (slope["ours_low"], slope["ours_high"]) == pytest.approx(
        stats.t.interval(0.95, 2, np.mean(slopes), stats.sem(slopes))
    )
    assert rank["ours_low"] > 0  # what seeds have in common does not blur their order


def test_levels_are_compared_by_welch() -> None:
    rows = fake_results(World(rates=(0.0, 0.1, 0.3), seeds=range(6)))
    at = (pl.col("kind") == "level") & (pl.col("collapse_rate") == 0.1) & (pl.col("n_seen") == 10_000)
    found = compare_published(rows).filter(at).row(0, named=True)
    mine = rows.filter((pl.col("collapse_rate") == 0.1) & (pl.col("n_seen") == 10_000))["accuracy"].to_numpy()
    here = (pl.col("experiment") == "low-rates") & (pl.col("collapse_rate") == 0.1) & (pl.col("n_seen") == 10_000)
    theirs = published().filter(here).row(0, named=True)
    p = stats.ttest_ind_from_stats(mine.mean(), mine.std(ddof=1), 6, theirs["mean"], theirs["sd"], 5, equal_var=False)
    assert found["difference"] == pytest.approx(mine.mean() - theirs["mean"])
    assert found["agree"] == (p.pvalue > 0.05)


def test_a_ladder_is_compared_start_by_start() -> None:
    ladder = (3200, 8038, 20_191)
    parts = [
        fake_results(World(rates=(0.0, 1.0), seeds=range(3), sizes=ladder[k:], experiment="total-collapse"))
        for k in range(3)
    ]
    table = compare_published(pl.concat(parts))
    assert set(table["initial_size"]) == {3200, 8038, 20_191}
    assert set(table["collapse_rate"]) == {1.0}


def test_a_baseline_is_compared_size_by_size() -> None:
    rows = fake_results(World(rates=(0.0,), seeds=range(4), sizes=(76, 1015, 10_136), experiment="baseline"))
    table = compare_published(rows)
    assert table.select("quantity", "n_seen").rows() == [
        ("accuracy", 76),
        ("accuracy", 10_136),
        ("relative change since 76", 10_136),
    ]


def test_runs_of_another_name_are_matched_by_start_and_sizes() -> None:
    rows = fake_results(World(rates=(0.0, 0.1, 0.3), seeds=(0, 1), experiment="mine"))
    assert published_like(prepare(rows))["experiment"].unique().to_list() == ["mine"]


def test_nothing_in_common_is_a_clear_error() -> None:
    rows = fake_results(World(rates=(0.0, 0.1), seeds=(0, 1), sizes=(111, 222), experiment="mine"))
    with pytest.raises(AnalysisError, match="No published curve has start, rates and sizes in common"):
        compare_published(rows)


def test_the_loop_of_the_study_is_argmax_on_everything_seen(controlled: pl.DataFrame) -> None:
    both = pl.concat([controlled, controlled.with_columns(regime=pl.lit("replace"))])
    loop = study_loop(prepare(both))
    assert set(loop["label_rule"]) == {"argmax", "none"}
    assert set(loop["regime"]) == {"accumulate"}


def test_agreement_is_equivalence_and_wide_intervals_are_compatible() -> None:
    sizes = tuple(range(1000, 10_001, 300))
    world = World(rates=(0.0, 0.03, 0.06, 0.09), sizes=sizes, slope=0.08, experiment="fine-rates")
    noisy = compare_published(fake_results(World(**{**world.__dict__, "seeds": range(3), "own_sd": 0.05})))
    shapes = noisy.filter((pl.col("kind") == "shape") & pl.col("p").is_not_null() & (pl.col("collapse_rate") > 0))
    assert set(shapes["verdict"]) == {"compatible"}
    precise = compare_published(fake_results(World(**{**world.__dict__, "seeds": range(10)})), margin=0.02)
    lost = precise.filter(pl.col("quantity") == "difference to rate 0")
    assert set(lost["verdict"]) == {"agrees"}
    assert (precise["p_holm"] >= precise["p"]).drop_nulls().all()
