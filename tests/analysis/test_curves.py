import numpy as np
import polars as pl
import pytest
from scipy import stats

from modelcollapse.analysis.curves import curves, t_half_width


def test_interval_is_scipys(rows: pl.DataFrame) -> None:
    table = curves(rows)
    arm = (pl.col("collapse_rate") == 0.1) & (pl.col("n_seen") == 5000)
    values = rows.filter(arm)["accuracy"].to_numpy()
    found = table.filter(arm).row(0, named=True)
    low, high = stats.t.interval(0.95, len(values) - 1, values.mean(), stats.sem(values))
    assert found["n_seeds"] == 5
    assert [found[c] for c in ("mean", "ci_low", "ci_high", "min", "max")] == pytest.approx(
        [values.mean(), low, high, values.min(), values.max()], rel=1e-12
    )
    assert table.height == 4 * 19


def test_one_seed_has_no_interval(rows: pl.DataFrame) -> None:
    table = curves(rows.filter(pl.col("seed") == 2))
    assert table.select("sd", "ci_low", "ci_high").null_count().row(0) == (table.height,) * 3
    assert (table["mean"] == table["min"]).all()


def test_null_values_are_no_seeds(rows: pl.DataFrame) -> None:
    table = curves(rows, "synthetic_label_error").filter(pl.col("collapse_rate") == 0)
    assert (table["n_seeds"] == 0).all()
    assert table["mean"].is_null().all()


@pytest.mark.parametrize("n", [3, 8])
def test_interval_covers_at_its_stated_rate(n: int) -> None:
    """Coverage 95 %: 8,000 samples have a standard error of 0.24 %, so ± 1 % fails once in 20,000 seeds."""
    samples = np.random.default_rng(n).normal(3.0, 2.0, (8000, n))
    half = t_half_width(samples.std(axis=1, ddof=1), np.full(8000, n))
    assert (np.abs(samples.mean(axis=1) - 3.0) <= half).mean() == pytest.approx(0.95, abs=0.01)
