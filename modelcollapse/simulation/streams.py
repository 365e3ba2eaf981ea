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
    "checked",
    "verified",
    "provenance",
    "mistaken",
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


def whole(seed: int, generation: int, share: float, size: int, purpose: Purpose) -> int:
    """Return how many of `size` documents a share of them is, in [0, size]: ``floor(round(share·size, 9) + u_g)``.

    u_g runs through an evenly spread sequence over the generations, which starts where seed and purpose say: small
    shares are kept over the generations, whole numbers are exact, and a larger share is never fewer documents.
    """
    phase = stream(seed, purpose).random()
    u = math.modf(phase + generation * GOLDEN_RATIO_FRACTION)[0]
    return min(size, math.floor(round(share * size, 9) + u))


def self_labelled(seed: int, generation: int, rate: float, size: int) -> npt.NDArray[np.bool_]:
    """Mark the documents of an increment that this generation's model labels, at a collapse rate in [0, 1].

    They are the first, as many as `whole` says, of a permutation that does not depend on the rate: the sets are nested
    over rates.
    """
    n_selected = whole(seed, generation, rate, size, "phase")
    selected = np.zeros(size, dtype=bool)
    selected[stream(seed, "self-labelled", generation).permutation(size)[:n_selected]] = True
    return selected
