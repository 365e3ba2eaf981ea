"""How the language model's kernels are compiled and draw random numbers: see `modelcollapse.compilation`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from modelcollapse.compilation import Compiler

#: Kernels' arrays: their docstrings say which type they have.
Array: TypeAlias = npt.NDArray[Any]

#: Kernels' scalars: Python's numbers where they are called from Python, else machine numbers.
Int: TypeAlias = Any
Float: TypeAlias = Any

_COMPILER = Compiler(
    __package__, Path(__file__).parent, "compiling the language model's kernels, once for this machine …"
)

kernel, lean_kernel, inlined_kernel = _COMPILER.kernel, _COMPILER.lean_kernel, _COMPILER.inlined_kernel

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S11, _S27, _S30, _S31, _S32 = (np.uint64(shift) for shift in (11, 27, 30, 31, 32))


@inlined_kernel
def random_bits(state: Array) -> np.uint64:
    """Next 64 random bits of a stream, by SplitMix64 (Steele, Lea & Flood 2014).

    The stream is an array of one uint64, which begins with any seed and is advanced in place.
    """
    state[0] += _GAMMA
    z = state[0]
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@inlined_kernel
def random_unit(state: Array) -> Float:
    """Uniform float in [0, 1)."""
    return np.float64(random_bits(state) >> _S11) * (1.0 / 9007199254740992.0)


@inlined_kernel
def random_below(state: Array, bound: Int) -> Int:
    """Integer in [0, bound), bound < 2³²: no more than bound·2⁻³² away from uniform."""
    return np.int64(((random_bits(state) >> _S32) * np.uint64(bound)) >> _S32)
