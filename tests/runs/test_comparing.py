from __future__ import annotations

import pytest

from modelcollapse import Run, compare, open_results
from modelcollapse.analysis.statistics.arms import AnalysisError
from tests.analysis.fake import World, fake_results


def test_a_run_and_its_rows_in_a_file_do_not_differ(finished: Run, tmp_path):
    finished.export(tmp_path / "rows.parquet")
    both = compare(finished, tmp_path / "rows.parquet")
    assert both.notes == ("Same corpus: not recorded in a file; differences of independent seeds (Welch).",)
    assert set(both.table["difference"]) == {0.0}
    assert len(both.titles()) == len(both.cells()[0])
    assert list(both.figures) == ["mine-compared-with-rows"]
    assert "<svg" in both._repr_html_()
    same = compare(finished, finished)
    assert same.labels == ("first", "second")
    assert same.notes == ("Same corpus: yes; differences within seeds.",)


def test_the_published_curves_are_the_other_side_by_default(tmp_path):
    file = tmp_path / "rows.parquet"
    fake_results(World(rates=(0.0, 0.03, 0.3), seeds=range(3), experiment="again")).write_parquet(file)
    both = compare(open_results(file))
    assert both.notes[0].startswith("again is compared with the published low-rates, which has start, rates and")
    assert {len(cells) for cells in both.cells()} == {len(both.titles())}
    assert both.write_figures() == [str(tmp_path / f"rows/figures/again-published.{kind}") for kind in ("png", "svg")]


def test_nothing_in_common_is_said(finished: Run):
    with pytest.raises(AnalysisError, match="No published curve has start, rates and sizes in common"):
        compare(finished)
