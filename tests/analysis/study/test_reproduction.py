from __future__ import annotations

import polars as pl
import pytest

from modelcollapse.analysis.figures.comparisons import baseline_figure, post_figure
from modelcollapse.analysis.figures.draw_all import plot_run
from modelcollapse.analysis.statistics.arms import prepare
from modelcollapse.analysis.study.published import published
from modelcollapse.analysis.study.reproduction import check_post
from tests.analysis.fake import World, fake_results


@pytest.fixture(scope="module")
def baseline() -> pl.DataFrame:
    sizes = published().filter(pl.col("experiment") == "baseline")["n_seen"].unique().sort().to_list()
    return fake_results(World(rates=(0.0,), sizes=sizes, experiment="baseline"))


def test_baseline_shows_the_range_of_the_seeds_and_the_published_one_behind(baseline):
    figure = baseline_figure(prepare(baseline))
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    theirs, ours = axes.get_lines()
    means = baseline.group_by("n_seen").agg(pl.col("accuracy").mean()).sort("n_seen")
    assert list(ours.get_ydata()) == pytest.approx(means["accuracy"].to_list())
    known = published().filter(pl.col("experiment") == "baseline").sort("n_seen")
    assert list(theirs.get_ydata()) == pytest.approx(known["mean"].to_list())
    band = axes.collections[1].get_paths()[0].vertices
    assert band[:, 1].min() == pytest.approx(baseline["accuracy"].min())
    assert band[:, 1].max() == pytest.approx(baseline["accuracy"].max())


def test_a_baseline_of_other_sizes_stands_alone(baseline):
    other = baseline.with_columns(n_seen=pl.col("n_seen") + 1)
    (axes,) = baseline_figure(prepare(other)).axes
    assert len(axes.get_lines()) == 1


def test_the_post_shows_a_baseline_as_a_range_and_the_rest_beside_what_was_published(baseline, collapsing):
    found = [post_figure(prepare(rows)) for rows in (baseline, collapsing)]
    assert [kind for kind, _ in found] == ["range", "published"]
    assert post_figure(prepare(collapsing.with_columns(pl.col("n_seen") + 1, experiment=pl.lit("mine")))) is None


def test_only_claims_that_can_be_checked_are_listed(baseline, collapsing):
    checked = list(check_post(pl.concat([baseline, collapsing])))
    assert {verdict for *_, verdict in checked} <= {"holds", "holds in part", "not shown", "contradicted"}
    of_baseline = [(claim, verdict) for experiment, claim, _, verdict in checked if experiment == "baseline"]
    assert of_baseline == [("More reviews make a better model.", "holds")]
    assert len([experiment for experiment, *_ in checked if experiment == "collapse-rates"]) == 6


@pytest.mark.usefixtures("_drawn_pictures")
def test_what_is_written(baseline, collapsing):
    files: dict[str, bytes] = {}
    both = pl.concat([baseline, collapsing])
    names = plot_run(both, files.__setitem__)
    assert names == list(files)
    lines = files["claims.md"].decode().splitlines()
    assert len(lines) == 2 + len(list(check_post(both)))
    assert all(line.count("|") == 5 for line in lines)
    assert {f"figures/{name}.png" for name in ("baseline-range", "collapse-rates-published", "overview")} <= set(files)


@pytest.mark.usefixtures("_drawn_pictures")
def test_runs_without_the_loop_of_the_study_are_drawn_too(baseline):
    frozen = fake_results(World(rates=(0.1, 0.3), label_rules=("frozen",), experiment="mine"))
    files: dict[str, bytes] = {}
    assert "figures/mine.png" in plot_run(frozen, files.__setitem__)
    assert "figures/mine.png" in plot_run(pl.concat([frozen, baseline]), files.__setitem__)
