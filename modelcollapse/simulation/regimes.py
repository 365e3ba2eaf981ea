"""Regimes: which documents make a training set. To add one, write its function and name it in `REGIMES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from modelcollapse.simulation.label_bytes import Labels, is_left_out

Positions: TypeAlias = npt.NDArray[np.int64]

#: (labels of everything seen, size before the last increment, initial size, random stream) → positions to train on
Regime: TypeAlias = Callable[[Labels, int, int, np.random.Generator], Positions]


def accumulate(labels: Labels, previous_size: int, initial_size: int, random: np.random.Generator) -> Positions:
    """Train on everything seen so far."""
    return np.flatnonzero(~is_left_out(labels))


def replace(labels: Labels, previous_size: int, initial_size: int, random: np.random.Generator) -> Positions:
    """Train on the last increment only (in generation 0: the initial documents)."""
    return previous_size + np.flatnonzero(~is_left_out(labels[previous_size:]))


def subsample(labels: Labels, previous_size: int, initial_size: int, random: np.random.Generator) -> Positions:
    """Train on as many documents as in the beginning, drawn without replacement from everything seen."""
    shuffled = random.permutation(len(labels))
    return np.sort(shuffled[~is_left_out(labels[shuffled])][:initial_size])


REGIMES: Mapping[str, Regime] = {"accumulate": accumulate, "replace": replace, "subsample": subsample}
