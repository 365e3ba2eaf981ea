import polars as pl
import pytest

from modelcollapse.analysis.mechanism.prior import majority_rate, mean_true_share, true_shares


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
