import json
import re
from pathlib import Path

import polars as pl
import pytest

from modelcollapse.analysis.report.class_tables import class_caveats, classes_table
from modelcollapse.analysis.report.measures_page import build_measures_report
from modelcollapse.analysis.statistics.arms import prepare
from modelcollapse.runs.opening import open_results
from tests.analysis.classes import run_classes


def test_every_class_stands_beside_people_alone(tmp_path):
    run = run_classes(tmp_path)
    table = classes_table(prepare(run.results()))
    assert [row[1].text for row in table.rows] == ["class 00", "class 01", "class 02", "class 03"]
    last = run.results().filter(collapse_rate=1, n_seen=100)
    means = [sum(json.loads(text)["class 02"] for text in last["recalls"]) / 3]
    assert table.rows[2][5].key == pytest.approx(means[0])
    assert re.search(r"pp \[−.*, ", table.rows[2][6].text)
    assert classes_table(prepare(run.results().filter(collapse_rate=0))) is None
    alone = classes_table(prepare(run.results().filter(pl.col("collapse_rate") > 0)))
    assert alone.rows[2][6].text == "–"


def test_caveats_name_degenerate_seeds_classes_never_seen_and_classes_hardly_tested(tmp_path):
    run = run_classes(tmp_path, 5, shares=[0.95, 0.02, 0.01, 0.01, 0.01], initial_size=3, final_size=43)
    rows = prepare(run.results())
    said = " ".join(class_caveats(rows))
    assert "there is no initial document of the class" in said
    assert "fewer than 20 test documents" in said
    one = rows.with_columns(largest_share=pl.when(pl.col("collapse_rate") == 1).then(0.97).otherwise(0.5))
    said = " ".join(class_caveats(one))
    assert "at 100 % (argmax) 3 of 3 seeds [29, 100 %] call 95 % or more of the test set one class" in said
    assert "unreliable below" in said


@pytest.mark.usefixtures("_drawn_pictures")
def test_a_report_of_many_classes_tells_what_becomes_of_each(tmp_path):
    run = run_classes(tmp_path)
    page = Path(run.report()).read_text()
    assert "What becomes of each class" in page
    assert "labelled by the model, accuracy is" in page
    assert "What self-labels cost" in page
    odd = run.results().with_columns(pl.col("^.*(recalls|shares|errors)$").str.replace_all("class 00", "<b>&\\\\u0007"))
    report = build_measures_report(odd, run.about(), run.domain)
    assert "<b>&" not in report.html
    odd.write_parquet(tmp_path / "odd.parquet")
    assert "accuracy" in open_results(tmp_path / "odd.parquet").headline()


@pytest.mark.usefixtures("_drawn_pictures")
def test_what_checking_buys_back_is_told_of_many_classes_too(tmp_path):
    run = run_classes(tmp_path, label_rule="argmax,checked:0.2,dropped-uncertain:0.2")
    assert set(run.curation()["strategy"]) == {"argmax", "checked", "dropped-uncertain"}
    page = Path(run.report()).read_text()
    assert "What curation buys back" in page
    assert "What people’s checking buys back, by strategy" in page
