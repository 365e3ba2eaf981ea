from __future__ import annotations

import polars as pl

from modelcollapse.analysis.outcomes import laws_table, outcome_table
from tests.analysis.worlds import run_worlds


def test_every_arm_is_told_from_where_to_where(rows):
    table = outcome_table(rows)
    assert table is not None
    assert table.columns == ("rate", "seeds", "documents", "accuracy", "± 95 %", "ROC AUC", "called positive")
    last = rows.filter(collapse_rate=0.3)
    first, end = (last.filter(n_seen=size)["accuracy"].mean() for size in (1000, 10_000))
    assert [cell.text for cell in table.rows[-1]][:4] == ["30 %", "5", "1,000 → 10,000", f"{first:.3f} → {end:.3f}"]
    assert outcome_table(rows.clear()) is None


def test_axes_that_vary_are_told(controlled):
    table = outcome_table(controlled)
    assert table is not None
    assert table.columns[:2] == ("label rule", "rate")
    assert len(table.rows) == 1 + 7 * 4


def test_other_domains_are_told_by_their_measure_and_laws_are_counted(tmp_path):
    run = run_worlds(tmp_path / "run")
    table = outcome_table(run.results())
    assert table is not None
    assert table.columns[:4] == ("regime", "rate", "seeds", "draws")
    assert table.columns[-1] == "± 95 %"
    laws = run.laws()
    counted = laws_table(laws)
    assert counted is not None
    numbers = pl.DataFrame([[int(cell.text) for cell in row[4:8]] for row in counted.rows], orient="row")
    assert numbers.sum().row(0) == (
        laws.height, laws["holds"].sum(), (~laws["holds"]).sum(), laws["holds"].null_count()
    )  # fmt: skip
    assert laws_table(laws.clear()) is None


def test_one_seed_has_no_interval(rows):
    table = outcome_table(rows.filter(seed=0))
    assert table is not None
    assert {row[table.columns.index("± 95 %")].text for row in table.rows} == {"–"}
