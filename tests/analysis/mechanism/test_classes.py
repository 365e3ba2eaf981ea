import json

import polars as pl
import pytest

from modelcollapse.analysis.mechanism.classes import MOST_CLASSES, check_classes, most_changed, names_of, with_classes
from modelcollapse.analysis.statistics.arms import AnalysisError, prepare
from tests.analysis.classes import run_classes


def test_classes_are_named_and_read_row_by_row(tmp_path):
    rows = prepare(run_classes(tmp_path).results())
    names = names_of(rows)
    assert names == ["class 00", "class 01", "class 02", "class 03"]
    wide = with_classes(rows, "predicted_shares", names)
    assert wide["class_2"].to_list() == [json.loads(text)["class 02"] for text in rows["predicted_shares"]]
    assert (wide.select(pl.sum_horizontal("^class_[0-9]+$")).to_series() - 1).abs().max() < 1e-9


def test_of_many_classes_those_that_lost_and_gained_most_are_shown(tmp_path):
    rows = prepare(run_classes(tmp_path, n_classes=14, test_size=400).results())
    names = names_of(rows)
    shown = most_changed(rows, names)
    assert len(shown) == MOST_CLASSES
    assert shown == sorted(shown)
    last = with_classes(rows.filter(n_seen=100), "recalls", names)
    change = [
        last.filter(pl.col("collapse_rate") > 0)[f"class_{i}"].mean()
        - last.filter(collapse_rate=0)[f"class_{i}"].mean()
        for i in range(14)
    ]
    assert change.index(min(change)) in shown
    assert change.index(max(change)) in shown
    assert most_changed(rows, names[:4]) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "nonsense", '{"class 00": 2}', '{"class 00": "much"}', '{"class 00": NaN}', '{"other": 0.5}'],
)
def test_what_is_no_share_by_class_is_refused(tmp_path, text):
    rows = prepare(run_classes(tmp_path, seeds=1).results()).with_row_index()
    odd = pl.when(pl.col("index") == 3).then(pl.lit(text)).otherwise("recalls")
    with pytest.raises(AnalysisError, match=r"^recalls: found"):
        check_classes(rows.with_columns(recalls=odd))
