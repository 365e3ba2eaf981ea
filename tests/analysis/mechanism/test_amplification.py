import numpy as np
import polars as pl
import pytest

from modelcollapse.analysis.mechanism.amplification import (
    amplification,
    amplification_bound,
    majority_rate,
    mean_true_share,
    true_shares,
)


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


def with_noise(controlled: pl.DataFrame, number: int, beyond: float) -> pl.DataFrame:
    """Rows at 10 % whose bias is the bound and `beyond`, with noise of 1 pp in every generation of its own."""
    rows = controlled.filter(pl.col("collapse_rate").is_in([0.0, 0.1]) & pl.col("label_rule").is_in(["none", "argmax"]))
    rows = rows.filter(pl.col("seed") < 5)
    factors = dict(zip(SIZES, amplification(list(SIZES), 0.1), strict=True))
    factor = pl.col("n_seen").replace_strict(factors, return_dtype=pl.Float64)
    bias = 0.1 * pl.when(pl.col("collapse_rate") > 0).then(factor * (1 + beyond)).otherwise(1.0)
    noise = pl.Series(np.random.default_rng(number).normal(0, 0.01, rows.height))
    rows = rows.with_columns(predicted_positive_rate=pl.lit(0.503) - bias + noise)
    accuracy, positive, prior = pl.col("accuracy"), pl.col("predicted_positive_rate"), 0.503
    return rows.with_columns(
        recall_positive=(accuracy + positive - (1 - prior)) / 2 / prior,
        recall_negative=(accuracy - positive + (1 - prior)) / 2 / (1 - prior),
    )


SIZES = tuple(range(1000, 10_001, 500))


@pytest.mark.parametrize(("beyond", "verdict", "most"), [(0.0, "beyond", 0.06), (0.5, "not shown", 0.05)])
def test_verdicts_on_the_bound_have_an_interval(
    controlled: pl.DataFrame, beyond: float, verdict: str, most: float
) -> None:
    """At the bound "beyond" is said in 2.5 % of runs; half beyond it, it is said in almost all."""
    found = []
    for number in range(60):
        table = amplification_bound(with_noise(controlled, number, beyond))
        found.append(table.filter(pl.col("n_seen") == 10_000)["verdict"].item())
    assert found.count(verdict) / len(found) <= most + 2 * 0.02


def test_noise_does_not_inflate_the_bias_of_human_labels(controlled: pl.DataFrame) -> None:
    table = pl.concat([amplification_bound(with_noise(controlled, number, 0.0)) for number in range(20)])
    human = table.filter(pl.col("n_seen") == 10_000)["human_bias"].mean()
    assert human == pytest.approx(0.1, abs=0.003)  # the largest of 19 generations is .118


def test_share_of_positives_follows_from_the_rows(collapsing: pl.DataFrame) -> None:
    assert mean_true_share(collapsing) == pytest.approx(0.503, abs=1e-9)
    assert mean_true_share(collapsing.filter(pl.col("collapse_rate") == 1)) == pytest.approx(0.503, abs=1e-9)


def test_majority_is_the_larger_class(collapsing: pl.DataFrame) -> None:
    swapped = collapsing.with_columns(
        predicted_positive_rate=1 - pl.col("predicted_positive_rate"),
        recall_positive=pl.col("recall_negative"),
        recall_negative=pl.col("recall_positive"),
    )
    assert majority_rate(collapsing) == pytest.approx(0.503)
    assert majority_rate(swapped) == pytest.approx(0.503)


def test_unknown_without_recalls(collapsing: pl.DataFrame) -> None:
    assert mean_true_share(collapsing.with_columns(recall_positive=pl.lit(None, pl.Float64))) is None


def test_recalls_of_one_half_tell_no_share(rows: pl.DataFrame) -> None:
    names = ("accuracy", "recall_positive", "recall_negative", "predicted_positive_rate")
    coin = rows.with_columns(pl.lit(0.5).alias(name) for name in names)
    assert true_shares(coin).is_empty()
    assert majority_rate(coin) is None
