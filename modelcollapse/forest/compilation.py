"""How the forest's kernels are compiled: see `modelcollapse.compilation`.

In the kernels, indices of hot loops are unsigned: for signed ones Numba provides for counting from the end, and the
loops do not vectorise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy.typing as npt

from modelcollapse.compilation import Compiler

#: Kernels' arrays: their docstrings say which type they have.
Array: TypeAlias = npt.NDArray[Any]

#: Kernels' scalars: Python's numbers where they are called from Python, machine numbers where they come from arrays.
Int: TypeAlias = Any
Float: TypeAlias = Any
Bool: TypeAlias = Any

COMPILER = Compiler(
    __package__, Path(__file__).parent, "compiling the forest's kernels, once for this machine (about 20 seconds) …"
)

kernel, lean_kernel, inlined_kernel = COMPILER.kernel, COMPILER.lean_kernel, COMPILER.inlined_kernel


def kernels_folder() -> Path | None:
    """Where Numba really keeps the kernels, which may be a place of its own; None where nothing can be kept."""

    def probe() -> None:
        """Be compiled by nobody: it has the places of the kernels, which are beside it."""

    place = cast(Any, kernel(probe)).stats.cache_path
    return None if place is None else Path(place)
