import pytest

from modelcollapse.analysis.figures.classes import classes_figure
from modelcollapse.analysis.figures.style import render
from modelcollapse.analysis.statistics.arms import prepare
from tests.analysis.classes import run_classes


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
