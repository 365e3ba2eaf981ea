"""Regimes: which slots make a training set. To add one, write its function and name it in `REGIMES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from modelcollapse.simulation.slots import LEFT_OUT, Origins

Positions: TypeAlias = npt.NDArray[np.int64]

#: (origins of everything seen, size before the last increment, initial size, random stream) → positions to train on
Regime: TypeAlias = Callable[[Origins, int, int, np.random.Generator], Positions]


def accumulate(origins: Origins, previous_size: int, initial_size: int, random: np.random.Generator) -> Positions:
    """Train on everything seen so far."""
    return np.flatnonzero(origins != LEFT_OUT)


def replace(origins: Origins, previous_size: int, initial_size: int, random: np.random.Generator) -> Positions:
    """Train on the last increment only (in generation 0: the initial slots)."""
    return previous_size + np.flatnonzero(origins[previous_size:] != LEFT_OUT)


def subsample(origins: Origins, previous_size: int, initial_size: int, random: np.random.Generator) -> Positions:
    """Train on as many slots as in the beginning, drawn without replacement from everything seen."""
    shuffled = random.permutation(len(origins))
    return np.sort(shuffled[origins[shuffled] != LEFT_OUT][:initial_size])


REGIMES: Mapping[str, Regime] = {"accumulate": accumulate, "replace": replace, "subsample": subsample}
