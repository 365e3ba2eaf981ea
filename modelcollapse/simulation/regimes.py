"""Regimes: which slots make a training set. To add one, write its function and name it in `REGIMES`.

One has a size in its name, ``window:M``: `find_regime` knows what all names mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
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


def window(
    size: int, origins: Origins, previous_size: int, initial_size: int, random: np.random.Generator
) -> Positions:
    """Train on the last `size` slots that are not left out, or on all of them while there are fewer.

    Slots stand in the order in which they came, the initial ones first; so a window that is smaller than the initial
    training set sees only the end of it in generation 0, and one that is as large as everything is ``accumulate``.
    """
    return np.flatnonzero(origins != LEFT_OUT)[-size:]


REGIMES: Mapping[str, Regime] = {"accumulate": accumulate, "replace": replace, "subsample": subsample}

#: What users may say.
NAMES = (*REGIMES, "window:M (the last M slots, as in window:500)")


def window_size(name: str) -> int | None:
    """Return M of ``window:M``, written as whole numbers are; None for anything else.

    Examples
    --------
    >>> window_size("window:500")
    500
    >>> window_size("window:0500") is None  # every regime has one name: names are part of a chain's
    True
    """
    written = re.fullmatch(r"window:([1-9][0-9]{0,11})", name)
    return int(written[1]) if written else None


def training_sizes(name: str, sizes: Sequence[int]) -> list[int]:
    """Return how many of the slots seen (`sizes`) each generation of a regime is trained on, if none is left out.

    Examples
    --------
    >>> training_sizes("replace", [100, 150, 250]), training_sizes("window:120", [100, 150, 250])
    ([100, 50, 100], [100, 120, 120])
    """
    size = window_size(name)
    if size is not None:
        return [min(seen, size) for seen in sizes]
    if name == "replace":
        return [sizes[0], *(later - seen for seen, later in pairwise(sizes))]
    return [sizes[0]] * len(sizes) if name == "subsample" else list(sizes)


def find_regime(name: str) -> Regime:
    """Return the regime of a name; raise ValueError if there is none: what was found, and what is expected."""
    size = window_size(name)
    if size is not None:
        return partial(window, size)
    if name not in REGIMES:
        raise ValueError(f"found '{name}', expected one of {', '.join(NAMES)}")
    return REGIMES[name]
