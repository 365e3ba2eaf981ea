from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from modelcollapse.analysis.figures.comparisons import overview_figure, published_figure, two_runs_figures
from modelcollapse.analysis.figures.draw_all import drawings, plot_run
from modelcollapse.analysis.figures.learning_curves import curves_figure
from modelcollapse.analysis.figures.losses import controls_figure, decomposition_figure, rates_figure
from modelcollapse.analysis.figures.mechanism import loop_figure, lost_or_shifted_figure
from modelcollapse.analysis.figures.panels import panels
from modelcollapse.analysis.figures.style import is_ladder, ordered_colours, points, short_count
from modelcollapse.analysis.statistics.arms import prepare
from modelcollapse.analysis.study.published import published
from tests.analysis.fake import World, fake_results

LADDER = (80, 202, 507, 1274, 3200)


def ladder() -> pl.DataFrame:
    """Chains from five starts at rates 0 and 1."""
    parts = [
        fake_results(World(rates=(0.0, 1.0), seeds=(0, 1), sizes=LADDER[k:], experiment="total-collapse"))
        for k in range(5)
    ]
    return pl.concat(parts)


def legend_texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_curves_show_mean_of_the_seeds(rows: pl.DataFrame) -> None:
    figure = curves_figure(prepare(rows))
    accuracy, positive = figure.axes
    assert legend_texts(figure) == ["0 % (people only)", "5 %", "10 %", "30 %", "truly positive"]
    drawn = [line for line in accuracy.lines if line.get_linewidth() > 1.4 and len(line.get_xdata()) == 19]
    final = rows.filter(pl.col("n_seen") == 10_000).group_by("collapse_rate").agg(pl.col("accuracy").mean())
    ends = sorted(float(np.asarray(line.get_ydata())[-1]) for line in drawn)
    assert ends == pytest.approx(sorted(final["accuracy"]))
    assert len(accuracy.collections) == 4  # one band a rate
    assert positive.get_title(loc="left") == "Share of the test set called positive"


def test_a_constant_predictor_is_marked_or_said_to_lie_below(rows: pl.DataFrame, collapsing: pl.DataFrame) -> None:
    below = [text.get_text() for text in curves_figure(prepare(rows)).axes[0].texts]
    inside = [text.get_text() for text in curves_figure(prepare(collapsing)).axes[0].texts]
    assert below == ["↓ always the same class: 50.3 %"]
    assert inside == ["always the same class: 50.3 %"]


def test_every_axis_that_varies_gets_panels(controlled: pl.DataFrame) -> None:
    titles = [panel.title for panel in panels(prepare(controlled))]
    assert titles[0] == "argmax"
    assert len(titles) == 7
    figure = curves_figure(prepare(controlled))
    assert len(figure.axes) == 14


def test_models_with_other_parameters_are_told_apart_by_these() -> None:
    rows = fake_results(World(seeds=(0,)))
    deep = rows.with_columns(model_params=pl.lit("max_depth=20,n_estimators=200"))
    flat = rows.with_columns(model_params=pl.lit("max_depth=5,n_estimators=200"))
    titles = [panel.title for panel in panels(prepare(pl.concat([deep, flat])))]
    assert titles == ["max_depth=20", "max_depth=5"]


def test_a_ladder_of_starts_is_one_panel_with_a_line_per_start() -> None:
    figure = curves_figure(prepare(ladder()))
    assert legend_texts(figure) == ["people only", "80", "202", "507", "1,274", "3,200", "truly positive"]
    assert figure.axes[0].get_xscale() == "log"


def test_imported_rows_show_accuracy_alone(rows: pl.DataFrame) -> None:
    columns = ("predicted_positive_rate", "recall_positive", "recall_negative", "train_positive_rate", "roc_auc")
    bare = prepare(rows.with_columns(pl.lit(None, pl.Float64).alias(name) for name in columns))
    assert len(curves_figure(bare).axes) == 1
    assert loop_figure(bare) is None
    assert lost_or_shifted_figure(bare) is None


def test_figures_without_data_are_left_out(rows: pl.DataFrame) -> None:
    human = prepare(rows.filter(pl.col("collapse_rate") == 0))
    makers: list[Callable[[pl.DataFrame], Figure | None]] = [
        rates_figure,
        controls_figure,
        decomposition_figure,
        loop_figure,
        overview_figure,
    ]
    assert [make(human) for make in makers] == [None] * 5
    assert controls_figure(prepare(rows)) is None
    assert decomposition_figure(prepare(rows)) is None


def test_large_and_small_losses_get_a_panel_each(controlled: pl.DataFrame, rows: pl.DataFrame) -> None:
    wide, narrow = rates_figure(prepare(controlled)), rates_figure(prepare(rows))
    assert wide is not None
    assert narrow is not None
    assert [axes.get_title(loc="left") for axes in wide.axes] == [
        "Difference to human labels only",
        "Small losses, enlarged",
    ]
    assert len(narrow.axes) == 1


def test_controls_are_drawn_in_percentage_points(controlled: pl.DataFrame) -> None:
    figure = controls_figure(prepare(controlled))
    assert figure is not None
    assert [axes.get_title(loc="left") for axes in figure.axes] == [f"{r} % self-labelled" for r in (3, 10, 30, 100)]
    thickest = max(figure.axes[-1].lines, key=lambda line: line.get_linewidth())
    assert float(np.asarray(thickest.get_ydata())[-1]) == pytest.approx(-33, abs=1)


def test_bars_of_the_decomposition_add_up(controlled: pl.DataFrame) -> None:
    figure = decomposition_figure(prepare(controlled))
    assert figure is not None
    for axes in figure.axes:
        *causes, total = [bar.get_width() for bar in axes.patches]
        assert sum(causes) == pytest.approx(total)


def test_the_bound_is_drawn_where_it_is_stated(rows: pl.DataFrame) -> None:
    figure = loop_figure(prepare(rows))
    assert figure is not None
    assert legend_texts(figure)[-1] == "bound on 2\nat 30 %"
    other = loop_figure(prepare(rows.with_columns(regime=pl.lit("replace"))))
    assert other is not None
    assert not any("bound" in words for words in legend_texts(other))


def test_a_bound_is_a_share_and_a_ladder_has_none() -> None:
    figure = loop_figure(prepare(fake_results(World(rates=(0.0, 1.0), degenerate={1.0: range(5)}))))
    assert figure is not None
    low, high = figure.axes[1].get_ylim()
    assert -0.1 < low < high < 1.1
    starts = loop_figure(prepare(ladder()))
    assert starts is not None
    assert not any("bound" in words for words in legend_texts(starts))


def test_rules_without_self_labels_are_no_loop(controlled: pl.DataFrame) -> None:
    none_made = pl.when(pl.col("label_rule") != "human-only").then("synthetic_label_error")
    two = controlled.filter(pl.col("label_rule").is_in(["none", "argmax", "human-only"]))
    figure = loop_figure(prepare(two.with_columns(synthetic_label_error=none_made)))
    assert figure is not None
    assert len(figure.axes) == 3


def test_published_curves_stand_behind_those_of_the_same_sizes() -> None:
    rows = fake_results(World(rates=(0.0, 0.1, 0.3), seeds=(0, 1)))
    figure = published_figure(prepare(rows))
    assert figure is not None
    assert sum(line.get_linestyle() == "--" for line in figure.axes[0].lines) == 3
    elsewhere = fake_results(World(rates=(0.0, 0.1), seeds=(0, 1), sizes=(111, 222, 333), experiment="mine"))
    assert published_figure(prepare(elsewhere)) is None


@pytest.mark.parametrize(("n_rates", "n_bands"), [(3, 3), (11, 2)])
def test_of_many_rates_the_first_and_the_last_have_a_band(n_rates: int, n_bands: int) -> None:
    rates = [0.03 * rate for rate in range(n_rates)]
    figure = published_figure(prepare(fake_results(World(rates=rates, seeds=(0, 1)))))
    assert figure is not None
    assert len(figure.axes[0].collections) == n_bands


def test_where_published_starts_begin_is_their_curve_without_collapse() -> None:
    figure = published_figure(prepare(ladder()))
    assert figure is not None
    dashed = [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    known = published().filter(
        pl.col("experiment") == "total-collapse", pl.col("initial_size") == pl.col("n_seen"), pl.col("n_seen") <= 3200
    )
    assert list(dashed[0].get_ydata()) == known.sort("n_seen")["mean"].to_list()


def test_two_runs_share_colours_by_rate() -> None:
    first = fake_results(World(rates=(0.0, 0.1, 0.3), seeds=(0, 1)))
    second = fake_results(World(rates=(0.0, 0.3, 0.5), seeds=(0, 1), models=("naive-bayes",)))
    ((name, figure),) = two_runs_figures(first, second.with_columns(experiment=pl.lit("other")), ("forest", "bayes"))
    assert name == "low-rates"
    assert legend_texts(figure) == ["0 % (people only)", "10 %", "30 %", "50 %", "forest", "bayes"]
    solid = {line.get_color() for line in figure.axes[0].lines if line.get_linestyle() == "-"}
    dashed = {line.get_color() for line in figure.axes[0].lines if line.get_linestyle() == "--"}
    assert len(solid & dashed) == 2


def test_plot_run_writes_png_and_svg_the_same_every_time() -> None:
    rows = fake_results(World(rates=(0.0, 0.1), seeds=(0, 1), sizes=(100, 200, 300), experiment="mine"))
    first: dict[str, bytes] = {}
    second: dict[str, bytes] = {}
    names = plot_run(rows, first.__setitem__)
    plot_run(rows, second.__setitem__)
    assert first == second
    assert names == list(first)
    assert {"claims.md", "figures/mine.png", "figures/mine.svg", "figures/mine-loop.svg"} <= set(first)
    assert all(content.startswith(b"\x89PNG") for name, content in first.items() if name.endswith("png"))
    for name, content in first.items():
        if name.endswith("svg"):
            assert ElementTree.fromstring(content).tag.endswith("svg")


def test_experiments_called_like_figures_of_others_keep_theirs_apart() -> None:
    """The curves of an experiment have its name; what else wanted it has another; ordinary names stay what they are."""
    worlds = [World(rates=(0.0, 0.1), seeds=(0, 1), sizes=(100, 200, 300), experiment=name)
              for name in ("a", "a-loop", "A", "overview")]  # fmt: skip
    drawn = {drawing.name: drawing for drawing in drawings(prepare(pl.concat(map(fake_results, worlds))))}
    kinds = {name: (drawing.experiment, drawing.kind) for name, drawing in drawn.items()}
    assert len({name.casefold() for name in drawn}) == len(kinds) > 12
    assert kinds["a-loop"] == ("a-loop", "curves")
    assert {kinds["A-loop_2"], kinds["a-loop_3"]} == {("A", "loop"), ("a", "loop")}
    assert kinds["a-loop-loop"] == ("a-loop", "loop")
    assert kinds["overview"] == ("overview", "curves")
    assert kinds["overview_2"] == ("", "overview")


def test_an_overview_needs_several_experiments(rows: pl.DataFrame, collapsing: pl.DataFrame) -> None:
    other = rows.filter(pl.col("seed") == 0).with_columns(experiment=pl.lit("a-first"))
    figure = overview_figure(prepare(pl.concat([other, rows, collapsing])))
    assert figure is not None
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["collapse-rates (8 seeds)", "low-rates (5 seeds)", "a-first (1 seed)"]


def test_two_runs_have_a_figure_for_each_experiment_both_have(rows: pl.DataFrame, collapsing: pl.DataFrame) -> None:
    """Their curves were means over experiments of the same sizes and rates otherwise."""
    both = pl.concat([rows, collapsing])
    assert [name for name, _ in two_runs_figures(both, both, ("a", "b"))] == ["collapse-rates", "low-rates"]
    assert [name for name, _ in two_runs_figures(both, rows, ("a", "b"))] == ["low-rates"]
    frozen = rows.with_columns(label_rule=pl.lit("frozen")).filter(pl.col("collapse_rate") > 0)
    assert list(two_runs_figures(frozen, frozen, ("a", "b"))) == []


@pytest.mark.parametrize("dark", [False, True])
def test_colours_of_rates_are_distinct_and_get_steadily_lighter(dark: bool) -> None:
    colours = ordered_colours(10, dark)
    rgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert len(set(colours)) == 10
    assert luminance[-1] > luminance[0] + 0.3
    assert (np.diff(luminance) > -0.03).all()
    assert len(ordered_colours(1)) == 1


def test_ladders_are_recognised_and_numbers_are_short() -> None:
    assert is_ladder(LADDER)
    assert not is_ladder(range(1000, 10_001, 100))
    assert not is_ladder((1000, 2000, 3000, 3100))
    assert [short_count(n) for n in (80, 1000, 12_500)] == ["80", "1k", "12.5k"]
    assert [points(x) for x in (-0.5, 0, 2)] == ["−0.5 pp", "0 pp", "+2 pp"]


def test_the_margin_asked_for_is_the_one_that_is_shaded(rows) -> None:
    figure = next(drawing.figure for drawing in drawings(prepare(rows), margin=0.02) if drawing.kind == "rates")
    assert any("± 2 pp" in text.get_text() for text in figure.findobj(Text))
