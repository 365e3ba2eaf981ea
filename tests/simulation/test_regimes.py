from __future__ import annotations

import dataclasses
from decimal import Decimal

import numpy as np
import pytest

from modelcollapse.domains.catalogue import run_chain
from modelcollapse.simulation.regimes import find_regime, window_size
from modelcollapse.simulation.slots import HUMAN, LEFT_OUT, SYNTHETIC
from modelcollapse.simulation.spec import ChainSpec, Growth, Model

ORIGINS = np.array([HUMAN, HUMAN, SYNTHETIC, LEFT_OUT, HUMAN, LEFT_OUT, SYNTHETIC], dtype=np.uint8)


def positions(name: str, previous_size: int = 4, initial_size: int = 2) -> list[int]:
    return find_regime(name)(ORIGINS, previous_size, initial_size, np.random.default_rng(0)).tolist()


def test_each_regime_trains_on_what_it_says_and_never_on_what_is_left_out():
    assert positions("accumulate") == [0, 1, 2, 4, 6]
    assert positions("replace") == [4, 6]
    assert len(positions("subsample")) == 2
    assert not {3, 5} & set(positions("subsample", initial_size=5))


def test_a_window_holds_the_last_slots_that_are_not_left_out():
    assert positions("window:1") == [6]
    assert positions("window:3") == [2, 4, 6]
    assert positions("window:5") == positions("window:999") == positions("accumulate")


@pytest.mark.parametrize(
    "name",
    ["", "window", "window:", "window:0", "window:-5", "window:5.0", "window:05", "window:1e3", "window: 5", "Window:5",
     "window:5 ", "window:5\n", "window:٥", "window:9999999999999", "forget"],
)  # fmt: skip
def test_every_regime_has_one_name(name):
    assert window_size(name) is None
    with pytest.raises(ValueError, match="expected one of accumulate, replace, subsample, window:M"):
        find_regime(name)


def test_a_window_that_holds_everything_is_accumulate_and_one_of_an_increment_is_replace(corpus, rows_of):
    def rows(regime: str) -> list[dict[str, object]]:
        one = ChainSpec(
            seed=3, collapse_rate=Decimal("0.3"), initial_size=100, final_size=500, test_size=400,
            growth=Growth(increment=100), model=Model("naive-bayes"),
        )  # fmt: skip
        found = rows_of(list(run_chain(dataclasses.replace(one, regime=regime), corpus)))
        return [{key: value for key, value in row.items() if key not in ("regime", "chain_id")} for row in found]

    assert rows("window:500") == rows("accumulate")
    assert rows("window:100") == rows("replace")
    assert [row["n_train"] for row in rows("window:250")] == [100, 200, 250, 250, 250]
