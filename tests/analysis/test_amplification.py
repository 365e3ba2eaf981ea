import numpy as np
import polars as pl
import pytest

from modelcollapse.analysis.amplification import amplification, amplification_bound


def direct(sizes: list[int], rate: float) -> float:
    """The formula as printed: 1 + Σ_i k_i / n_i · Π_{j>i} (n_j − m_j) / n_j."""
    steps = np.diff(sizes)
    later = np.asarray(sizes[1:], dtype=float)
    kept = (later - (1 - rate) * steps) / later
    return 1 + sum(rate * steps[i] / later[i] * np.prod(kept[i + 1 :]) for i in range(len(steps)))


@pytest.mark.parametrize(
    ("sizes", "rate", "factor"),
    [
        (list(range(50_000, 80_001, 1000)), 0.1, 1.04),
        (list(range(50_000, 80_001, 1000)), 1.0, 1.47),
        (list(range(1000, 10_001, 100)), 0.1, 1.10),
    ],
)
def test_factors_of_the_study(sizes: list[int], rate: float, factor: float) -> None:
    assert amplification(sizes, rate)[-1] == pytest.approx(factor, abs=0.005)
    assert amplification(sizes, rate)[-1] == pytest.approx(direct(sizes, rate), rel=1e-12)


def test_factors_grow_to_their_limit() -> None:
    factors = amplification(list(range(100, 400_000, 100)), 0.3)
    assert (np.diff(factors) > 0).all()
    assert factors[-1] == pytest.approx(1 / 0.7, abs=0.01)
    assert amplification([100, 200, 300], 0.0) == [1.0, 1.0, 1.0]


def test_bound_is_stated_for_argmax_and_broken_by_collapse(controlled: pl.DataFrame) -> None:
    table = amplification_bound(controlled)
    assert table["label_rule"].unique().to_list() == ["argmax"]
    start = table.filter(pl.col("generation") == 0)
    assert start["within"].all()
    assert start["true_share"].to_list() == pytest.approx([0.503] * 4)
    final = table.filter(pl.col("n_seen") == 10_000).sort("collapse_rate")
    assert final["bound"].to_list() == pytest.approx((0.033 * final["factor"]).to_list())
    assert final["within"].to_list()[-1] is False


def test_seeds_that_drift_apart_do_not_cancel(controlled: pl.DataFrame) -> None:
    def mirrored(name: str, value: pl.Expr) -> pl.Expr:
        return pl.when(pl.col("seed") % 2 == 0).then(value).otherwise(name).alias(name)

    apart = controlled.with_columns(
        mirrored("predicted_positive_rate", 1 - pl.col("predicted_positive_rate")),
        mirrored("recall_positive", pl.col("recall_negative")),
        mirrored("recall_negative", pl.col("recall_positive")),
    )
    at_end = (pl.col("n_seen") == 10_000) & (pl.col("collapse_rate") == 1)
    found, same_side = (amplification_bound(rows).filter(at_end).row(0, named=True) for rows in (apart, controlled))
    assert found["mean"] == pytest.approx(0.5, abs=0.01)
    assert same_side["mean"] < 0.01
    assert found["bias"] == pytest.approx(same_side["bias"])


def test_without_recalls_there_is_no_bound(controlled: pl.DataFrame) -> None:
    assert amplification_bound(controlled.with_columns(pl.lit(None, pl.Float64).alias("recall_negative"))).is_empty()


def test_the_calibration_of_human_labels_is_what_is_amplified(controlled: pl.DataFrame) -> None:
    worse = controlled.with_columns(
        predicted_positive_rate=pl.when((pl.col("collapse_rate") == 0) & (pl.col("n_seen") >= 5000))
        .then(0.403)
        .otherwise("predicted_positive_rate")
    )
    table = amplification_bound(worse).filter(pl.col("collapse_rate") == 0.1).sort("n_seen")
    before, after = table.filter(pl.col("n_seen") < 5000), table.filter(pl.col("n_seen") >= 5000)
    assert (after["human_bias"] > 2 * before["human_bias"].max()).all()
    alone = amplification_bound(worse.filter(pl.col("collapse_rate") > 0)).filter(pl.col("collapse_rate") == 0.1)
    assert alone["human_bias"].n_unique() == 1


def test_no_bound_under_replace(rows: pl.DataFrame) -> None:
    assert amplification_bound(rows.with_columns(regime=pl.lit("replace"))).is_empty()
