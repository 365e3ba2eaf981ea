import polars as pl
import pytest

from modelcollapse.analysis.statistics.arms import (
    AnalysisError,
    PairingError,
    at_size,
    check_pairing,
    pair_with_reference,
    prepare,
    with_reference,
)
from tests.analysis.fake import World, fake_results


def test_every_rule_gets_the_shared_reference(controlled: pl.DataFrame) -> None:
    pairs = pair_with_reference(at_size(prepare(controlled)))
    per_arm = pairs.group_by("label_rule", "collapse_rate").len()
    assert per_arm.height == 7 * 4
    assert (per_arm["len"] == 8).all()


def test_with_reference_keeps_a_run_of_rate_zero_alone() -> None:
    rows = prepare(fake_results(World(rates=(0.0,))))
    assert with_reference(rows).height == rows.height
    assert with_reference(rows)["label_rule"].unique().to_list() == ["none"]


def test_rate_zero_rows_count_as_reference_whatever_their_rule(rows: pl.DataFrame) -> None:
    renamed = rows.with_columns(label_rule=pl.lit("argmax"))
    assert prepare(renamed).equals(prepare(rows))


def test_repeated_rows_count_once(rows: pl.DataFrame) -> None:
    assert prepare(pl.concat([rows, rows])).equals(prepare(rows))


def test_pairs_never_mix_other_sizes_of_the_same_generation(rows: pl.DataFrame) -> None:
    other_steps = fake_results(World(sizes=tuple(range(1000, 10_001, 1000)), rates=(0.0,)))
    both = pl.concat([rows.filter(pl.col("collapse_rate") > 0), other_steps])
    pairs = pair_with_reference(prepare(both))
    assert set(pairs["n_seen"].unique()) == {1000}  # the only size that both sweeps reach in the same generation


def test_generation_zero_is_identical_under_pairing(rows: pl.DataFrame) -> None:
    assert check_pairing(prepare(rows)) == 15


def test_a_broken_pairing_is_an_error_that_names_the_seed(rows: pl.DataFrame) -> None:
    wrong = (pl.col("generation") == 0) & (pl.col("collapse_rate") == 0.1) & (pl.col("seed") == 3)
    broken = rows.with_columns(accuracy=pl.when(wrong).then(pl.col("accuracy") + 1e-12).otherwise("accuracy"))
    with pytest.raises(PairingError, match=r"at rate 0\.1 seed 3 differs .* \(1 of 15 pairs\)"):
        check_pairing(prepare(broken))


def test_an_unknown_size_names_those_there_are(rows: pl.DataFrame) -> None:
    with pytest.raises(AnalysisError, match=r"no generation with 1,234 documents.* 1,000, .*10,000"):
        at_size(prepare(rows), 1234)


def test_no_rows_and_missing_columns_are_clear_errors(rows: pl.DataFrame) -> None:
    with pytest.raises(AnalysisError, match="There are no results yet"):
        prepare(rows.clear())
    with pytest.raises(AnalysisError, match="lack accuracy"):
        prepare(rows.drop("accuracy"))
