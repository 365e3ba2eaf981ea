"""How the forest's kernels are compiled: see `modelcollapse.compilation`.

In the kernels, indices of hot loops are unsigned: for signed ones Numba provides for counting from the end, and the
loops do not vectorise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy.typing as npt

from modelcollapse.compilation import Compiler, Function

#: Kernels' arrays: their docstrings say which type they have.
Array: TypeAlias = npt.NDArray[Any]

#: Kernels' scalars: Python's numbers where they are called from Python, machine numbers where they come from arrays.
Int: TypeAlias = Any
Float: TypeAlias = Any
Bool: TypeAlias = Any

COMPILER = Compiler(
    __package__, Path(__file__).parent, "compiling the forest's kernels, once for this machine (about 20 seconds) …"
)

_compile_lazily = COMPILER.compile_lazily


def kernels_folder() -> Path | None:
    """Where Numba really keeps the kernels, which may be a place of its own; None where nothing can be kept."""

    def probe() -> None:
        """Be compiled by nobody: it has the places of the kernels, which are beside it."""

    place = cast(Any, kernel(probe)).stats.cache_path
    return None if place is None else Path(place)


def kernel(function: Function) -> Function:
    """Compile `function` with Numba on its first call: no Python objects, no GIL, cached on disk if possible."""
    return _compile_lazily(function, {})


def lean_kernel(function: Function) -> Function:
    """Compile, as `kernel` does, a function that allocates no memory and needs no reference counts for its arrays.

    Numba counts references to the arrays of a call atomically; for the small functions that a tree is grown by, that
    took four fifths of the time. Such a function may take views of arrays, but its callers own them.
    """
    return _compile_lazily(function, {"_nrt": False})


def inlined_kernel(function: Function) -> Function:
    """Compile, as `lean_kernel` does, a function that is called in a node: its code is copied to the caller.

    A call passes every array as seven words and a tuple of arrays as all of its arrays: hundreds of words for a
    training index, which costs more than reading a short posting list.
    """
    return _compile_lazily(function, {"_nrt": False, "forceinline": True})
