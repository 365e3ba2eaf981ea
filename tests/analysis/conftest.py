"""Runs with a known truth, shared by the tests of the analysis."""

from __future__ import annotations

import polars as pl
import pytest

from tests.analysis.fake import World, fake_results


@pytest.fixture(scope="session")
def rows() -> pl.DataFrame:
    """Five seeds, four rates, linear loss, nothing degenerate."""
    return fake_results(World())


@pytest.fixture(scope="session")
def collapsing() -> pl.DataFrame:
    """Eight seeds, rates to 100 %; all seeds degenerate at 1, half of them at 0.5."""
    return fake_results(
        World(
            rates=(0.0, 0.1, 0.3, 0.5, 1.0),
            seeds=range(8),
            sizes=tuple(range(50_000, 80_001, 1000)),
            degenerate={1.0: range(8), 0.5: range(4)},
            experiment="collapse-rates",
        )
    )


@pytest.fixture(scope="session")
def controlled() -> pl.DataFrame:
    """Eight seeds, argmax and all controls that a decomposition needs."""
    return fake_results(
        World(
            rates=(0.0, 0.03, 0.1, 0.3, 1.0),
            seeds=range(8),
            slope=0.1,
            label_rules=(
                "argmax",
                "human-only",
                "random-noise",
                "confusion-noise",
                "frozen",
                "prior-matched",
                "sampled",
            ),
            degenerate={1.0: range(8)},
            experiment="controls",
        )
    )
