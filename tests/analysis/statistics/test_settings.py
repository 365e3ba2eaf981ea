"""Sweeps of one experiment that differ in how they grow, test or choose terms: no seed counts twice, nothing mixes."""

from __future__ import annotations

import polars as pl
import pytest

from modelcollapse.analysis.figures.draw_all import describe, drawings, plot_run
from modelcollapse.analysis.figures.panels import panels
from modelcollapse.analysis.mechanism.amplification import amplification_bound
from modelcollapse.analysis.mechanism.decomposition import decomposition
from modelcollapse.analysis.mechanism.degeneration import peaks, tipping, two_groups
from modelcollapse.analysis.mechanism.effective_size import effective_human_size
from modelcollapse.analysis.mechanism.survival import survival
from modelcollapse.analysis.report.page import about_file, build_report
from modelcollapse.analysis.statistics.arms import (
    ARM,
    SETTING,
    AnalysisError,
    PairingError,
    check_pairing,
    growth_above,
    prepare,
    study_loop,
    varying_axes,
    with_sound_pairing,
)
from modelcollapse.analysis.statistics.compare_rates import compare_rates, paired_interval_half_width
from modelcollapse.analysis.statistics.compare_runs import compare_runs
from modelcollapse.analysis.statistics.curves import curves, outcome
from modelcollapse.analysis.statistics.power import power, variance_components
from modelcollapse.analysis.statistics.trends import margin_sensitivity, tolerance, trend
from modelcollapse.simulation.rows import AXES
from tests.analysis.fake import World, fake_results

WORLD = World(sizes=(1000, 2000, 3000), rates=(0.0, 0.1, 0.3), label_rules=("argmax", "human-only", "random-noise"))


def setting(number: int = 0, **axes: object) -> pl.DataFrame:
    """One sweep, with its place on axes that the fake leaves empty."""
    rows = fake_results(World(**{**vars(WORLD), "number": number, "n_test": axes.pop("n_test", 2000)}))
    values = {"growth": "+1000", "min_df": 1, "max_ngram": 1, **axes}
    columns = [pl.lit(value).cast(rows.schema[axis]).alias(axis) for axis, value in values.items()]
    return rows.with_columns(columns, chain_id=pl.format("{}-{}", "chain_id", pl.lit(str(values) + str(number))))


DIFFERENT = {
    "growth": {"growth": "+500"},
    "n_test": {"n_test": 4000},
    "min_df": {"min_df": 20},
    "max_ngram": {"max_ngram": 2},
    "max_terms": {"max_terms": 500},
}
TABLES = {
    "curves": lambda rows: curves(rows),
    "outcome": outcome,
    "compare_rates": compare_rates,
    "decomposition": decomposition,
    "tipping": tipping,
    "two_groups": two_groups,
    "peaks": peaks,
    "power": power,
    "survival": survival,
    "margin_sensitivity": margin_sensitivity,
    "variance_components": variance_components,
    "effective_human_size": effective_human_size,
    "trend": trend,
    "tolerance": tolerance,
    "amplification_bound": amplification_bound,
}


@pytest.fixture(params=DIFFERENT)
def both(request) -> tuple[pl.DataFrame, pl.DataFrame, str]:
    """A sweep, the same with another value on one axis, and the axis."""
    return setting(), setting(1, **DIFFERENT[request.param]), request.param


def test_every_axis_of_a_chain_belongs_to_its_arm() -> None:
    assert {*ARM, "seed"} == {*AXES, "experiment"}
    assert {*ARM} - {*SETTING} == {"label_rule", "collapse_rate"}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_two_settings_is_the_table_of_each(both, name) -> None:
    one, other, axis = both
    together = TABLES[name](pl.concat([one, other]))
    apart = pl.concat([TABLES[name](one), TABLES[name](other)])
    keys = [column for column in (*ARM, "n_seen", "cause", "margin") if column in apart.columns]
    assert together[axis].n_unique() == 2
    assert together.sort(keys).equals(apart.sort(keys))


def test_the_width_that_is_waited_for_is_that_of_seeds_counted_once(both) -> None:
    one, other, _ = both
    widths = [paired_interval_half_width(rows) for rows in (one, other, pl.concat([one, other]))]
    assert widths[2] == max(widths[:2])


def test_two_settings_are_drawn_in_panels_of_their_own_and_named(both) -> None:
    one, other, axis = both
    rows = prepare(pl.concat([one, other]))
    assert varying_axes(rows) == [axis, "label_rule"]
    parts = panels(rows)
    assert len(parts) == 2 * 3
    assert len({part.title for part in parts}) == len(parts)
    for part in parts:
        for line in part.lines:
            assert line.rows.select("seed", "n_seen").is_unique().all()
    names = {describe(key, rows) for key, _ in rows.group_by(SETTING)}
    assert len(names) == 2
    assert "" not in names


def test_figures_of_two_settings_are_named_after_them() -> None:
    plain = pl.col("label_rule").is_in(["none", "argmax"])
    rows = prepare(pl.concat([setting(), setting(1, growth="+500")]).filter(plain))
    names = {describe(key, rows) for key, _ in rows.group_by(SETTING)}
    assert {drawing.setting for drawing in drawings(rows) if drawing.kind == "rates"} == names


def test_the_study_loop_is_of_one_setting(both) -> None:
    one, other, axis = both
    assert study_loop(prepare(pl.concat([one, other])))[axis].n_unique() == 1


@pytest.mark.usefixtures("_drawn_pictures")
def test_a_report_of_two_settings_says_which_its_headline_is_about() -> None:
    plain = pl.col("label_rule").is_in(["none", "argmax"])
    rows = pl.concat([setting(), setting(1, growth="+500", n_test=4000)]).filter(plain)
    page = build_report(rows, about_file(rows, "two")).html
    assert "headline and claims are about one of them" in page


def test_two_runs_are_compared_setting_by_setting(both) -> None:
    one, other, axis = both
    rows = pl.concat([one, other])
    table = compare_runs(rows, rows, same_corpus=True)
    assert table[axis].n_unique() == 2
    assert set(table["n_seeds"]) == {5}
    assert table["difference"].abs().max() == 0


LADDER = (100, 200, 400, 800)


def ladder(starts=LADDER, number: int = 0) -> pl.DataFrame:
    """A ladder of starts: every chain's growth as its row says it."""
    return pl.concat(
        fake_results(World(sizes=[s for s in LADDER if s >= start], rates=(0.0, 1.0), number=number)).with_columns(
            growth=pl.lit(",".join(str(size) for size in LADDER if size > start)), min_df=1, max_ngram=1
        )
        for start in starts
    )


def test_starts_of_one_ladder_grow_alike() -> None:
    rows = prepare(ladder())
    assert rows["growth"].unique().to_list() == ["200,400,800"]
    assert varying_axes(rows) == ["initial_size"]
    assert len(panels(rows)) == 1
    for part in panels(rows):
        assert all(line.rows.select("seed", "n_seen").is_unique().all() for line in part.lines)
    once_more = prepare(rows.filter(pl.col("initial_size") == 200))
    assert once_more["growth"].unique().to_list() == ["200,400,800"]
    assert prepare(rows).equals(rows)


def test_ladders_that_differ_above_a_start_stay_apart() -> None:
    other = ladder((100, 200)).with_columns(growth=pl.col("growth").str.replace("400", "500"))
    rows = prepare(pl.concat([ladder(), other]))
    kinds = rows.select("initial_size", "growth").unique().rows()
    assert sorted(kinds) == [(100, "200,400,800"), (100, "200,500,800"), (200, "200,400,800"), (200, "200,500,800"),
                             (400, "200,400,800"), (800, "200,500,800")]  # fmt: skip


@pytest.mark.parametrize("growth", ["+100", "", "whatever", "1,2,x", "+", "9" * 30])
def test_a_growth_that_is_no_ladder_stays_as_it_is(growth) -> None:
    assert growth_above(growth, 100) == growth


def test_runs_with_other_starts_of_one_ladder_are_compared_chain_by_chain() -> None:
    assert compare_runs(ladder(), ladder((200, 400)), same_corpus=True)["initial_size"].unique().to_list() == [200, 400]


def test_rows_of_older_exports_have_no_growth_and_are_analysed_all_the_same(rows: pl.DataFrame) -> None:
    older = rows.drop("growth", "min_df", "max_ngram", "max_terms")
    assert prepare(older).equals(prepare(rows).select(prepare(older).columns))
    assert set(compare_rates(older)["n_seeds"]) == {5}


def test_two_chains_of_a_seed_that_no_column_tells_apart_are_refused() -> None:
    nothing_known = {"growth": None, "min_df": None, "max_ngram": None, "max_terms": None}
    rows = pl.concat([setting(), setting(1, growth="+500")]).with_columns(**nothing_known)
    with pytest.raises(AnalysisError, match=r"seed 0 has more than one chain at rate 0\.1 .* no column tells them"):
        prepare(rows)


@pytest.fixture
def unseeded() -> pl.DataFrame:
    """What a learner without a fixed seed gives: generation 0 differs between rates."""
    rows = setting()
    noise_ = 1e-3 * pl.col("collapse_rate") * (pl.col("seed") + 1)
    return rows.with_columns(accuracy=pl.col("accuracy") + noise_)


def test_a_broken_pairing_names_its_likely_causes(unseeded) -> None:
    with pytest.raises(PairingError, match=r"draws random numbers .* random_state.* different documents"):
        check_pairing(prepare(unseeded))
    with pytest.raises(PairingError, match="random_state"):
        compare_rates(unseeded)


@pytest.mark.usefixtures("_drawn_pictures")
def test_a_run_with_a_broken_pairing_is_drawn_and_reported_as_independent_samples(unseeded) -> None:
    sound = setting().with_columns(experiment=pl.lit("sound"))
    rows, reasons = with_sound_pairing(prepare(pl.concat([unseeded, sound])))
    assert list(reasons) == ["low-rates"]
    assert rows.filter(experiment="sound")["seed"].n_unique() == 5
    table = compare_rates(rows)
    assert dict(table.group_by("experiment").agg(pl.col("paired").all()).rows()) == {"low-rates": False, "sound": True}
    assert set(table["n_seeds"]) == {5}
    written: dict[str, bytes] = {}
    plain = unseeded.filter(pl.col("label_rule").is_in(["none", "argmax"]))
    assert "figures/low-rates-rates.svg" in plot_run(plain, written.__setitem__)
    page = build_report(plain, about_file(plain, "one")).html
    assert "without a parameter random_state" in page
    assert "compared as independent samples" in page
