from pathlib import Path

import polars as pl
import pytest

from modelcollapse import open_results
from modelcollapse.analysis.mechanism.effective_size import effective_human_size
from modelcollapse.analysis.report.measures_page import build_measures_report, measured_headline
from modelcollapse.analysis.report.text_tables import NO_SAMPLES
from modelcollapse.analysis.statistics.arms import AnalysisError, prepare
from modelcollapse.domains.closed_form.laws import calibrated_worth
from tests.analysis.texts import run_texts
from tests.analysis.worlds import run_worlds


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """Return a run that tests only look at."""
    return run_worlds(tmp_path_factory.mktemp("worlds"))


def test_the_report_has_the_laws_and_the_differences_in_the_domains_words(worlds):
    html = Path(worlds.report()).read_text()
    for words in (
        "The laws",
        "Risk at the end",
        "What happens as draws arrive",
        "holds",
        "people alone",
        "detectable",
        "worth, human draws",
        "Risk by rate",
    ):
        assert words in html
    for words in ("accuracy", "documents that people labelled", "claims of the original study"):
        assert words not in html


def test_a_headline_counts_curves_that_are_shown_broken_and_undecided(tmp_path):
    run = run_worlds(tmp_path, seeds=30)
    rows, judged = prepare(run.results()), run.judged()
    assert "obey the law in every generation (95 %, jointly)" in measured_headline(rows, run.domain, judged)
    broken = judged.with_columns(holds=pl.when(pl.col("generation") == 1).then(False).otherwise("holds"))
    assert "0 of" in measured_headline(rows, run.domain, broken)
    assert "are broken" in measured_headline(rows, run.domain, broken)
    unknown = judged.with_columns(holds=pl.lit(None, pl.Boolean))
    assert "more seeds are needed" in measured_headline(rows, run.domain, unknown)


def test_without_laws_the_highest_rate_is_compared_with_people_alone(worlds):
    rows = prepare(worlds.results()).filter(regime="replace")
    said = measured_headline(rows, worlds.domain)
    assert said.startswith("With 100 % filled by the model, risk is ")
    difference = worlds.compare_rates().filter(regime="replace", collapse_rate=1.0)["difference"].item()
    assert f"{difference:+.4g}" in said
    several = measured_headline(prepare(worlds.results()), worlds.domain)
    assert several.startswith("accumulate, one of several settings: with 100 % filled")
    alone = measured_headline(rows.filter(pl.col("collapse_rate") > 0), worlds.domain)
    assert "no chains at rate 0" in alone


def test_statistics_take_the_domains_primary_measure_and_its_direction(worlds):
    assert worlds.curves()["mean"].equals(worlds.curves("risk")["mean"])
    assert (worlds.compare_rates().filter(collapse_rate=1.0)["difference"] > 0).all()
    tolerated = worlds.tolerance(
        margin=0.01
    )  # a larger risk is the loss: half of it is exceeded below the highest rate
    assert (tolerated["tolerance"] < 1).all()
    with pytest.raises(AnalysisError, match="expected one of risk, diversity"):
        worlds.curves("accuracy")
    with pytest.raises(AnalysisError, match="expected 'classification'"):
        worlds.claims()
    assert worlds.cautions() == []


@pytest.mark.usefixtures("_drawn_pictures")
def test_a_run_that_is_not_finished_says_so(worlds):
    rows, about = worlds.results(), worlds.about()
    html = build_measures_report(rows, type(about)(**{**vars(about), "n_finished": 1}), worlds.domain).html
    assert "not finished" in html


def test_a_mixture_is_worth_the_human_draws_that_do_as_well(tmp_path):
    """The exact recursion, and its asymptote, are the truth here: 1 − 2 · 30 % of the draws, for many."""
    run = run_worlds(tmp_path, rates="0,0.3", seeds=10, final_size=200)
    rows = prepare(run.results()).filter(regime="accumulate").with_columns(-pl.col("risk"))
    found = effective_human_size(rows, "risk").row(0, named=True)
    assert found["worth"] == pytest.approx(calibrated_worth(range(10, 201, 10), 0.3), rel=0.1)


@pytest.mark.usefixtures("_drawn_pictures")
def test_where_nothing_is_kept_no_mixture_has_a_worth(tmp_path):
    run_worlds(tmp_path, regime="replace").report()
    html = (tmp_path / "report.html").read_text()
    assert "Risk at the end" in html
    assert "worth" not in html.lower()


@pytest.mark.usefixtures("_drawn_pictures")
def test_a_report_of_text_shows_what_becomes_of_words(tmp_path):
    run = run_texts(tmp_path, label_rule="sample,mle")
    html = Path(run.report()).read_text(encoding="utf-8")
    for words in ("What becomes of words", "The fate of words", "What decoders and controls do", "n-gram models: they",
                  "What the last models write", "machine text: the model wrote", "cross-entropy"):  # fmt: skip
        assert words in html
    assert NO_SAMPLES not in html


@pytest.mark.usefixtures("_drawn_pictures")
def test_a_report_without_a_vocabulary_says_what_samples_need(tmp_path):
    run = run_texts(tmp_path / "run")
    (tmp_path / "run" / "vocabulary.json").unlink()
    html = Path(run.report()).read_text(encoding="utf-8")
    assert NO_SAMPLES in html
    assert "machine text" not in html
    run.results().write_parquet(tmp_path / "rows.parquet")
    html = Path(open_results(tmp_path / "rows.parquet").report()).read_text(encoding="utf-8")
    assert NO_SAMPLES in html
    assert "n-gram models: they" in html


def test_a_headline_is_about_the_loop_before_its_controls(tmp_path):
    run = run_texts(tmp_path, label_rule="human-only,nucleus:0.8,mle,sample", initial_size="40,80")
    assert run.headline().startswith(
        "from 40 blocks, sample, one of several settings: with 100 % filled by the model, cross-entropy"
    )
