import numpy as np
import polars as pl
import pytest

from modelcollapse.analysis.figures.measures import classes_figure, law_of, measures_figure
from modelcollapse.analysis.figures.style import render
from modelcollapse.analysis.statistics.arms import prepare
from tests.analysis.classes import run_classes
from tests.analysis.worlds import run_worlds


def test_every_measure_has_a_row_and_every_law_lies_in_front_of_its_curve(tmp_path):
    run = run_worlds(tmp_path)
    judged = run.judged()
    figure = measures_figure(prepare(run.results()), run.domain, judged)
    assert [axes.get_title("left") for axes in figure.axes] == ["accumulate", "replace", "", "", "", ""]
    labels = [axes.get_ylabel().split("\n")[0] for axes in figure.axes if axes.get_ylabel()]
    assert labels == ["risk", "diversity", "types left"]
    laws = [line for line in figure.axes[1].lines if line.get_linestyle() == "--"]
    due = judged.filter(regime="replace", quantity="risk", collapse_rate=1.0)["due"]
    assert any(np.allclose(line.get_ydata(), due) for line in laws)
    assert len(laws) == 3


def test_a_law_of_single_sizes_is_drawn_as_points(tmp_path):
    run = run_worlds(tmp_path, rates="1")
    ends = run.judged().filter(pl.col("generation").is_in([0, 3]))
    figure = measures_figure(prepare(run.results()), run.domain, ends)
    assert {line.get_marker() for axes in figure.axes[:2] for line in axes.lines} >= {"D"}
    assert "--" not in {line.get_linestyle() for axes in figure.axes for line in axes.lines}


def test_arms_find_their_own_laws(tmp_path):
    run = run_worlds(tmp_path)
    rows = prepare(run.results()).filter(regime="replace", collapse_rate=1.0)
    found = law_of(rows, run.judged())
    assert found["regime"].unique().to_list() == ["replace"]
    assert found["collapse_rate"].unique().to_list() == [1.0]


def test_every_start_of_a_ladder_finds_its_law(tmp_path):
    """Rows of all starts have one growth where they are analysed; what is due has that of each chain."""
    run = run_worlds(tmp_path, sizes=[10, 20, 40], initial_size=[10, 20])
    rows = prepare(run.results())
    assert rows["growth"].n_unique() == 1
    assert run.judged()["growth"].n_unique() == 2
    assert law_of(rows, run.judged()).height == run.judged().height


@pytest.mark.parametrize("column", ["recalls", "predicted_shares"])
@pytest.mark.parametrize("n_classes", [3, 7, 12])
def test_every_class_has_a_panel_and_of_many_the_extremes(tmp_path, column, n_classes):
    rows = prepare(run_classes(tmp_path, n_classes, label_rule="argmax,frozen").results())
    figure = classes_figure(rows, column)
    assert len(figure.axes) == min(n_classes, 10)
    assert all(axes.get_title(loc="left").startswith("class ") for axes in figure.axes)
    assert ("those whose recall changed most" in figure.get_supxlabel()) == (n_classes > 10)
    dotted = [line for line in figure.axes[0].lines if line.get_linestyle() not in ("-", "None")]
    assert len(dotted) == (column == "predicted_shares")
    assert render(figure, "classes")["classes.png"].startswith(b"\x89PNG")
