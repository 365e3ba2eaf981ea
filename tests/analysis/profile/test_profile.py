"""Verdicts of the profile: what is shown, what is excluded, and how often wrongly."""

import polars as pl
import pytest
from scipy import stats

from modelcollapse import open_run
from modelcollapse.analysis.profile.profile import EXCLUDED, NOT_MEASURABLE, NOT_SHOWN, RARE, SHOWN, profile
from tests.analysis.fake import World, fake_results
from tests.analysis.worlds import run_worlds


def verdicts(frame, definition, rate):
    return frame.filter(definition=definition, collapse_rate=rate)["verdict"].to_list()


@pytest.fixture(scope="module")
def collapsed():
    world = World(rates=(0, 0.05, 1.0), seeds=range(10), slope=0.06, degenerate={1.0: range(10)})
    return profile(fake_results(world))


def test_definitions_disagree(collapsed):
    assert verdicts(collapsed, 1, 1.0) == verdicts(collapsed, 5, 1.0) == [SHOWN]
    assert verdicts(collapsed, 1, 0.05) == verdicts(collapsed, 5, 0.05) == [NOT_SHOWN]
    own, beside = verdicts(collapsed, 2, 0.05)
    assert (own, beside) == (NOT_SHOWN, SHOWN)
    assert verdicts(collapsed, 3, 1.0) == [NOT_SHOWN]
    assert verdicts(collapsed, 7, 1.0) == [NOT_MEASURABLE]


def test_an_onset_is_the_first_generation_from_which_on_it_is_shown(collapsed):
    event = collapsed.filter(definition=5, collapse_rate=1.0)["onset"].item()
    assert 5 < event < 18
    assert collapsed.filter(pl.col("verdict") != SHOWN)["onset"].is_null().all()
    assert collapsed.filter(definition=4)["onset"].is_null().all()


def test_where_seeds_fall_nothing_is_excluded_but_harm_may_be_shown(collapsed):
    means = collapsed.filter(~pl.col("definition").is_in([1, 5, 7]))
    assert means["p_excluded"].is_null().all()
    assert means["note"].str.starts_with("interval perhaps too narrow").all()


def test_a_share_of_seeds_is_held_against_one_in_twenty():
    frame = profile(fake_results(World(rates=(0, 1.0), seeds=range(10), degenerate={1.0: [3, 4]})))
    event = frame.filter(definition=5).row(0, named=True)
    assert event["value"] == 0.2
    assert event["ci_low"] == pytest.approx(0.0252, abs=1e-4)
    assert event["p_holm"] >= stats.binom.sf(1, 10, RARE)
    assert event["verdict"] == NOT_SHOWN


def test_many_seeds_exclude_events():
    small = World(rates=(0, 0.3), seeds=range(100), sizes=(1000, 2000, 3000))
    frame = profile(fake_results(small))
    assert verdicts(frame, 1, 0.3) == verdicts(frame, 5, 0.3) == [EXCLUDED]


def test_without_any_effect_few_runs_show_one_and_a_harm_of_the_margin_is_rarely_excluded():
    shown = excluded = 0
    for number in range(30):
        world = World(rates=(0, 0.1, 0.3), seeds=range(5), sizes=range(1000, 5001, 1000), slope=0, number=number)
        shown += (profile(fake_results(world))["verdict"] == SHOWN).any()
        world = World(rates=(0, 0.1), seeds=range(5), sizes=(1000, 3000, 5000), slope=0.05, number=number)
        excluded += EXCLUDED in verdicts(profile(fake_results(world)), 6, 0.1)
    assert stats.binomtest(shown, 30, 0.05, "greater").pvalue > 0.001  # 1 to 2 % in 400
    assert stats.binomtest(excluded, 60, 0.05, "greater").pvalue > 0.001


def test_one_seed_judges_nothing():
    frame = profile(fake_results(World(rates=(0, 0.3), seeds=[0])))
    assert set(frame["verdict"]) <= {NOT_SHOWN, NOT_MEASURABLE}
    assert "one seed: no interval" in frame["note"].to_list()


def test_rate_0_alone_has_no_rows():
    assert profile(fake_results(World(rates=(0,)))).is_empty()


def test_other_domains_are_judged_by_their_primary_measure(tmp_path):
    run_worlds(tmp_path, seeds=10, final_size=100)
    frame = open_run(tmp_path).profile()
    assert set(verdicts(frame, 1, 1.0)) == {NOT_MEASURABLE}
    assert SHOWN in verdicts(frame, 2, 1.0)
    open_run(tmp_path).report()
    assert "Which collapse?" in (tmp_path / "report.html").read_text()
