"""Random streams with names: what is drawn for a seed depends on its purpose only, never on the order of drawing."""

from __future__ import annotations

import hashlib
import math
from typing import Literal

import numpy as np
import numpy.typing as npt

Purpose = Literal[
    "documents",
    "phase",
    "self-labelled",
    "model",
    "subsample",
    "noise",
    "sampled",
    "genome",
    "inputs",
    "human",
    "drawn",
    "written",
]

#: Fractional part of the golden ratio: the most evenly spread additive recurrence.
GOLDEN_RATIO_FRACTION = 0.6180339887498949


def stream(seed: int, purpose: Purpose, generation: int = 0) -> np.random.Generator:
    """Return the generator of one purpose in one generation of a seed.

    The name is hashed (BLAKE2b, 128 bits) into a `numpy.random.SeedSequence`, so streams are independent of each other
    and of how many numbers any other stream has given.
    """
    name = f"{seed}/{purpose}/{generation}".encode()
    entropy = int.from_bytes(hashlib.blake2b(name, digest_size=16).digest(), "little")
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))


def document_order(seed: int, n_documents: int) -> npt.NDArray[np.int64]:
    """Return the permutation of the documents of a seed: the test set first, then the pool."""
    return stream(seed, "documents").permutation(n_documents)


def model_seed(seed: int, generation: int) -> int:
    """Return the model's seed, in [0, 2³¹): the same for all rates, rules and regimes."""
    return int(stream(seed, "model", generation).integers(2**31))


def self_labelled(seed: int, generation: int, rate: float, size: int) -> npt.NDArray[np.bool_]:
    """Mark the documents of an increment that the model labels.

    Parameters
    ----------
    seed, generation : int
        The chain's seed, and the generation whose model labels the increment.
    rate : float
        Collapse rate in [0, 1].
    size : int
        Documents in the increment.

    Returns
    -------
    ndarray of bool, shape (size,)
        True for the first ``floor(round(rate·size, 9) + u_g)`` documents of a permutation that does not depend on the
        rate. Hence the sets are nested over rates; whole numbers are exact; and since u_g runs through an evenly
        spread sequence, small rates keep their share over the generations.
    """
    phase = stream(seed, "phase").random()
    u = math.modf(phase + generation * GOLDEN_RATIO_FRACTION)[0]
    n_selected = min(size, math.floor(round(rate * size, 9) + u))
    selected = np.zeros(size, dtype=bool)
    selected[stream(seed, "self-labelled", generation).permutation(size)[:n_selected]] = True
    return selected
