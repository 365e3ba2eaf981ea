"""Random numbers inside kernels: a stream for each tree, and exact draws without replacement from it.

A stream is made from (seed, tree index) and nothing else. The generator is SplitMix64 (Steele, Lea & Flood 2014): a
counter and a mixing function. Its state is an array of one uint64, so that helpers can advance it in place.
"""

from __future__ import annotations

from functools import lru_cache
from math import lgamma

import numpy as np
import numpy.typing as npt

from modelcollapse.forest.compilation import Array, Int, inlined_kernel, kernel, lean_kernel

Stream = npt.NDArray[np.uint64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LOW_HALF = np.uint64(0xFFFFFFFF)
_TWO_32 = np.uint64(1 << 32)
_S11, _S27, _S30, _S31, _S32 = (np.uint64(shift) for shift in (11, 27, 30, 31, 32))


@inlined_kernel
def mix(z: np.uint64) -> np.uint64:
    """SplitMix64's finaliser: a bijection of 64-bit integers in which every input bit moves every output bit."""
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@lean_kernel
def start_stream(state: Stream, seed: np.uint64, tree: int) -> None:
    """Set `state` to the beginning of the stream of one tree of the forest `seed`."""
    state[0] = mix(mix(seed + _GAMMA) + np.uint64(tree) * _GAMMA)


@inlined_kernel
def random_bits(state: Stream) -> np.uint64:
    """Next 64 random bits."""
    state[0] += _GAMMA
    return mix(state[0])


@inlined_kernel
def random_unit(state: Stream) -> float:
    """Uniform float in [0, 1), a multiple of 2**-53."""
    return np.float64(random_bits(state) >> _S11) * (1.0 / 9007199254740992.0)


@inlined_kernel
def random_below(state: Stream, bound: Int) -> Int:
    """Uniform integer in [0, bound), 0 < bound < 2**32, without bias (Lemire 2019)."""
    n = np.uint64(bound)
    product = (random_bits(state) >> _S32) * n
    if (product & _LOW_HALF) < n:
        smallest = (_TWO_32 - n) % n
        while (product & _LOW_HALF) < smallest:
            product = (random_bits(state) >> _S32) * n
    return np.int64(product >> _S32)


@kernel
def log_factorials(largest: int) -> Array:
    """Return the natural logarithms of 0!, 1!, …, `largest`!."""
    table = np.empty(largest + 1, np.float64)
    for n in range(largest + 1):
        table[n] = lgamma(n + 1.0)
    return table


@lru_cache(maxsize=2)
def kept_log_factorials(n_bits: int) -> Array:
    """Return those of 0!, 1!, … for all numbers of `n_bits` bits, computed once for all similar numbers of terms."""
    return log_factorials(2**n_bits)


@lean_kernel
def hypergeometric(state: Stream, log_factorial: Array, good: int, bad: int, n_drawn: int) -> int:
    """Draw `n_drawn` balls of `good` + `bad` without replacement and count the good ones.

    Inversion from the mode outwards: the expected number of steps is about the standard deviation.
    """
    total = good + bad
    lowest, highest = max(0, n_drawn - bad), min(good, n_drawn)
    if lowest == highest:
        return lowest
    mode = max(lowest, min(highest, (n_drawn + 1) * (good + 1) // (total + 2)))
    log_probability = (
        log_factorial[good] - log_factorial[mode] - log_factorial[good - mode]
        + log_factorial[bad] - log_factorial[n_drawn - mode] - log_factorial[bad - n_drawn + mode]
        - log_factorial[total] + log_factorial[n_drawn] + log_factorial[total - n_drawn]
    )  # fmt: skip
    below = above = np.exp(log_probability)
    left = random_unit(state) - below
    down = up = mode
    while left >= 0.0:
        if up < highest:
            above *= np.float64((good - up) * (n_drawn - up)) / np.float64((up + 1) * (bad - n_drawn + up + 1))
            up += 1
            left -= above
            if left < 0.0:
                return up
        if down > lowest:
            below *= np.float64(down * (bad - n_drawn + down)) / np.float64((good - down + 1) * (n_drawn - down + 1))
            down -= 1
            left -= below
            if left < 0.0:
                return down
        if up == highest and down == lowest:
            break  # the probabilities add up to 1 but for rounding
    return mode


@lean_kernel
def draw_subset(state: Stream, size: int, n_drawn: int, chosen: Array) -> None:
    """Make `chosen` a uniform subset of `n_drawn` of the numbers 0 … `size` − 1, as a bit set.

    Where more than half are drawn, those that are left out are drawn instead.
    """
    n_words = (size + 63) >> 6
    for w in range(n_words):
        chosen[w] = np.uint64(0)
    left_out = 2 * n_drawn > size
    missing = size - n_drawn if left_out else n_drawn
    while missing > 0:
        i = random_below(state, size)
        bit = np.uint64(1) << np.uint64(i & 63)
        if chosen[i >> 6] & bit == 0:
            chosen[i >> 6] |= bit
            missing -= 1
    if left_out:
        for w in range(n_words):
            chosen[w] = ~chosen[w]
        if size & 63:
            chosen[n_words - 1] &= (np.uint64(1) << np.uint64(size & 63)) - np.uint64(1)
