import numpy as np
import polars as pl

from modelcollapse.analysis.figures.draw_all import drawings
from modelcollapse.analysis.figures.written_text import DECODED, MOST_PANELS, band_words, fate_figure, rules_figure
from modelcollapse.analysis.statistics.arms import prepare
from tests.analysis.texts import run_texts


def titles(figure):
    return [axes.get_title("left") for axes in figure.axes]


def test_every_rate_has_a_panel_with_all_bands_of_words(tmp_path):
    rows = prepare(run_texts(tmp_path).results())
    figure = fate_figure(rows)
    assert titles(figure) == ["0 % (people only)", "50 %", "100 %"]
    assert band_words() == ["< 10", "10 – 100", "100 – 1,000", "≥ 1,000"]
    lines = figure.axes[2].lines
    shown = [name for name in ("kept_100", "kept_1000") if not rows[name].is_null().all()]
    assert len(lines) == 2 * len(shown)  # a made-up text of 300 words has no rare ones
    due = rows.filter(collapse_rate=1).group_by("generation").agg(pl.col(shown[-1]).mean()).sort("generation")
    assert np.allclose(lines[-1].get_ydata(), due[shown[-1]])
    assert np.allclose(lines[-2].get_ydata(), rows[f"{shown[-1]}_human"].mean())


def test_settings_and_rules_are_columns_and_many_rates_are_thinned(tmp_path):
    run = run_texts(tmp_path, label_rule="sample,mle", rates="0:1:0.1", seeds=1, final_size=80)
    rows = prepare(run.results())
    figure = fate_figure(rows)
    assert len(figure.axes) == 2 * MOST_PANELS
    assert titles(figure)[:2] == ["sample", "mle"]
    labels = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert (labels[0], labels[-1]) == ("10 % by the model", "100 % by the model")


def test_rows_of_an_older_version_have_no_fate(tmp_path):
    rows = prepare(run_texts(tmp_path).results())
    kept = [name for name in rows.columns if name.startswith("kept_")]
    older = rows.with_columns(pl.lit(None, pl.Float64).alias(name) for name in kept)
    assert fate_figure(older) is None
    assert fate_figure(rows.drop(kept)) is None
    assert [drawing.kind for drawing in drawings(older)] == ["curves"]


def test_rules_end_in_a_panel_for_each_measure(tmp_path):
    run = run_texts(tmp_path, label_rule="sample,mle,greedy,human-only", seeds=3, regime="replace,accumulate")
    rows = prepare(run.results()).filter(regime="replace")
    figure = rules_figure(rows, run.domain)
    assert len(figure.axes) == len(DECODED)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["human-only", "greedy", "mle", "sample"]
    repetition = [line.get_xdata() for line in figure.axes[3].lines]
    due = rows.filter(n_seen=160, collapse_rate=1, label_rule="greedy")["repetition"].mean()
    assert any(np.isclose(due, values).any() for values in repetition)
    assert rules_figure(rows.filter(pl.col("label_rule").is_in(["none", "mle"])), run.domain) is None
    named = [(drawing.name, drawing.setting) for drawing in drawings(prepare(run.results())) if drawing.kind == "rules"]
    assert named == [("texts-rules-1", "accumulate"), ("texts-rules-2", "replace")]
