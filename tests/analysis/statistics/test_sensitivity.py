from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import stats

from modelcollapse.analysis.report.assurance_tables import margins_table
from modelcollapse.analysis.statistics import sensitivity
from modelcollapse.analysis.statistics.arms import prepare
from modelcollapse.analysis.statistics.compare_rates import compare_rates
from modelcollapse.analysis.statistics.sensitivity import margin_sensitivity
from modelcollapse.analysis.statistics.trends import tolerance
from tests.analysis.fake import World, fake_results


def test_every_rate_is_judged_at_every_margin(rows: pl.DataFrame) -> None:
    """Losses of 0.4, 0.8 and 2.4 points, known to about ± 0.13."""
    frame = margin_sensitivity(rows)
    verdicts = {margin: frame.filter(margin=margin)["verdict"].to_list() for margin in (0.0025, 0.005, 0.01)}
    assert verdicts == {
        0.0025: ["loss", "loss", "loss"],
        0.005: ["neither", "loss", "loss"],
        0.01: ["equivalent", "equivalent", "loss"],
    }
    half = tolerance(rows, 0.005).row(0, named=True)
    here = frame.filter(margin=0.005).row(0, named=True)
    names = ("tolerance", "ci_low", "ci_high")
    assert [here[f"tolerance{end}"] for end in ("", "_low", "_high")] == [half[name] for name in names]


def test_the_tests_are_the_plain_ones_corrected(rows: pl.DataFrame) -> None:
    frame = margin_sensitivity(rows, margins=[0.0025])
    plain = []
    wide = rows.filter(pl.col("n_seen") == 10_000).pivot("collapse_rate", index="seed", values="accuracy")
    for rate in ("0.05", "0.1", "0.3"):
        loss = (wide["0.0"] - wide[rate]).to_numpy()
        plain.append(stats.ttest_1samp(loss, 0.0025).pvalue)
    ordered = np.argsort(plain)
    expected = np.maximum.accumulate([plain[i] * (3 - rank) for rank, i in enumerate(ordered)])
    assert np.array(frame["p_beyond"])[ordered] == pytest.approx(expected)


def test_one_seed_is_judged_not_at_all() -> None:
    frame = margin_sensitivity(fake_results(World(seeds=(0,))))
    assert frame["verdict"].is_null().all()
    assert margins_table(prepare(fake_results(World(seeds=(0,))))) is None
    assert margin_sensitivity(fake_results(World(rates=(0.0,)))).is_empty()


def test_where_t_tests_do_not_hold_nothing_is_said(rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_reliability(*arguments: object) -> pl.DataFrame:
        table = compare_rates(*arguments)  # type: ignore[arg-type]
        return table.with_columns(reliable=pl.col("collapse_rate") < 0.3)

    monkeypatch.setattr(sensitivity, "compare_rates", with_reliability)
    assert margin_sensitivity(rows, margins=[0.0025])["verdict"].to_list() == ["loss", "loss", "unreliable"]


def test_the_table_lists_rates_by_verdict(rows: pl.DataFrame) -> None:
    table = margins_table(prepare(rows))
    assert table is not None
    assert table.columns[:4] == ("margin", "lose more", "equal", "neither shown")
    words = [[cell.text for cell in row][:4] for row in table.rows]
    assert words == [
        ["± 0.25 pp", "5, 10 and 30 %", "–", "–"],
        ["± 0.50 pp", "10 and 30 %", "–", "5 %"],
        ["± 1.00 pp", "30 %", "5 and 10 %", "–"],
    ]


def test_at_the_margin_itself_either_question_is_answered_wrongly_in_one_run_of_twenty() -> None:
    """Three rates that lose exactly the margin, 300 runs: 5 % ± 3.8 % (3 standard errors), usually less."""
    same = World(rates=(0.0, 0.1, 0.2, 0.3), sizes=(1000, 2000), slope=0.0)
    parts = [fake_results(replace(same, number=number, experiment=str(number))) for number in range(300)]
    level = pl.when(pl.col("collapse_rate") > 0, pl.col("generation") > 0).then(0.005).otherwise(0.0)
    frame = margin_sensitivity(pl.concat(parts).with_columns(accuracy=pl.col("accuracy") - level), margins=[0.005])
    per_run = frame.group_by("experiment").agg(
        beyond=(pl.col("verdict") == "loss").any(), within=(pl.col("p_equivalent") < 0.05).any()
    )
    assert per_run["beyond"].mean() <= 0.05 + 0.038
    assert 0.01 <= per_run["within"].mean() <= 0.05 + 0.038
