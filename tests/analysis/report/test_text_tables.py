from pathlib import Path

import polars as pl

from modelcollapse.analysis.report.text_tables import samples_table, written_table
from modelcollapse.analysis.statistics.arms import prepare
from tests.analysis.texts import run_texts


def test_what_the_last_models_write_is_counted(tmp_path):
    run = run_texts(tmp_path)
    rows = prepare(run.results())
    table = written_table(rows, run.domain)
    assert [row[0].text for row in table.rows] == ["0 %", "50 %", "100 %"]
    assert table.columns[2:4] == ("perplexity", "types written")
    last = rows.filter(collapse_rate=1, n_seen=160)
    assert table.rows[2][2].key == last["perplexity"].mean()
    assert table.rows[2][2].text.startswith(f"{last['perplexity'].mean():.4g} ± ")
    assert "NaN" not in str(written_table(rows.filter(seed=0), run.domain))


def test_samples_of_the_highest_rate_are_marked_and_escaped(tmp_path):
    run = run_texts(tmp_path, label_rule="sample,mle")
    rows = prepare(run.results())
    table = samples_table(run.samples(), rows)
    assert table.columns == ("label rule", "rate", "generation", "people wrote", "machine text: the model wrote")
    assert {row[0].text for row in table.rows} == {"sample", "mle"}
    assert len(table.rows) == 6
    assert all(row[3].is_long and row[4].is_long for row in table.rows)
    evil = run.samples().with_columns(machine=pl.lit("<script>alert(1)</script>"))
    assert samples_table(None, rows) is samples_table(evil.filter(seed=99), rows) is None
    run.samples = lambda: evil
    html = Path(run.report()).read_text(encoding="utf-8")
    assert "&lt;script&gt;alert" in html
    assert "<script>alert" not in html
