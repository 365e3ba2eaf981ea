import polars as pl

from modelcollapse.analysis.figures.panels import panels
from modelcollapse.analysis.formats import parameters
from modelcollapse.analysis.report.setup import describe_setup
from modelcollapse.analysis.statistics.arms import prepare
from modelcollapse.simulation.spec import Model
from tests.analysis.fake import World, fake_results


def test_commas_in_values_do_not_part_parameters() -> None:
    model = Model("mine", (("class_weight", "{0: 1, 1: 2}"), ("hidden", "(100, 50)"), ("tol", 0.1)))
    assert parameters(model.params_text) == ["class_weight={0: 1, 1: 2}", "hidden=(100, 50)", "tol=0.1"]
    assert parameters("") == [""]


def test_only_what_varies_of_parameters_with_commas_is_in_a_title() -> None:
    rows = fake_results(World(rates=(0.0, 0.1), seeds=(0, 1), sizes=(1000, 2000)))
    texts = ("hidden=(100, 50),tol=0.1", "hidden=(100, 20),tol=0.1")
    both = prepare(pl.concat([rows.with_columns(model_params=pl.lit(text)) for text in texts]))
    assert [panel.title for panel in panels(both)] == ["hidden=(100, 20)", "hidden=(100, 50)"]
    assert "forest-sklearn (hidden=(100, 50), tol=0.1)" in describe_setup(both)
