import numpy as np
import polars as pl
import pytest
from scipy import stats

from modelcollapse.analysis.statistics.curves import curves, t_half_width


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


@pytest.mark.parametrize("n", [3, 5, 10])
@pytest.mark.parametrize("kind", ["independent", "seed effect", "walk"])
def test_the_band_holds_the_whole_curve(n: int, kind: str) -> None:
    """Curves of 19 sizes, 1,200 runs: at least 95 % − 2 % (3 standard errors); pointwise intervals in hardly 80 %."""
    generator = np.random.default_rng([n, len(kind)])
    values = generator.normal(size=(1200, n, 19))
    if kind == "seed effect":
        values += 2 * generator.normal(size=(1200, n, 1))
    elif kind == "walk":
        values = values.cumsum(axis=2)
    runs, seeds, sizes = (axis.ravel() for axis in np.indices(values.shape))
    results = pl.DataFrame({"experiment": runs, "seed": seeds, "n_seen": 1000 * sizes, "accuracy": values.ravel()})
    fixed = {"model": "m", "model_params": "", "regime": "accumulate", "initial_size": 0, "label_rule": "none"}
    results = results.with_columns(
        pl.col("experiment").cast(pl.String),
        *(pl.lit(value).alias(name) for name, value in fixed.items()),
        collapse_rate=pl.lit(0.0),
        generation=pl.col("n_seen") // 1000,
        n_train=pl.col("n_seen"),
        n_test=pl.lit(100),
    )
    table = curves(results).with_columns(
        pointwise=(pl.col("ci_low") <= 0) & (pl.col("ci_high") >= 0),
        whole=(pl.col("band_low") <= 0) & (pl.col("band_high") >= 0),
    )
    found = table.group_by("experiment").agg(pl.col("pointwise", "whole").all()).mean().row(0, named=True)
    assert found["whole"] >= 0.93
    assert found["pointwise"] < 0.82


def test_the_band_of_one_size_is_the_interval(rows: pl.DataFrame) -> None:
    table = curves(rows.filter(pl.col("n_seen") == 1000))
    assert table["band_low"].to_list() == pytest.approx(table["ci_low"].to_list(), abs=0)
    assert curves(rows.filter(pl.col("seed") == 2))["band_low"].is_null().all()


def test_seeds_that_agree_to_the_document_still_have_an_interval(rows: pl.DataFrame) -> None:
    same = rows.with_columns(accuracy=pl.lit(0.8), n_test=pl.lit(250, pl.Int64)).filter(pl.col("seed") < 2)
    table = curves(same)
    assert (table["sd"] == 0).all()
    half = stats.t.ppf(0.975, 1) / 250 / np.sqrt(2)
    assert table["ci_high"].to_list() == pytest.approx([0.8 + half] * table.height)
    assert (table["band_high"] > table["ci_high"]).all()
