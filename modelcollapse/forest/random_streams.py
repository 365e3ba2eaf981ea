"""Random numbers inside kernels: one stream per tree, made from (seed, tree index) and nothing else.

The generator is SplitMix64 (Steele, Lea & Flood 2014): a counter and a mixing function. Its state is an array of one
uint64, so that helpers can advance it in place.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelcollapse.forest.compilation import Int, inlined_kernel, lean_kernel

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
