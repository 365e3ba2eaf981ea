"""How the forest's kernels are compiled: lazily, without the GIL, cached on disk where a disk can be written.

Numba keys a function's cache by the function's own source file, so a change in a helper module would leave stale
machine code in its callers. The kernels are therefore cached in a folder named by a hash of all the forest's sources.
A folder that cannot be written is no error: Numba falls back to its own places, and then to no cache at all.

In the kernels, indices of hot loops are unsigned: for signed ones Numba provides for counting from the end, and the
loops do not vectorise.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

import numba
import numpy.typing as npt
from numba.core import config as _numba_config
from numba.core import event
from platformdirs import user_cache_path

#: Kernels' arrays: their docstrings say which type they have.
Array: TypeAlias = npt.NDArray[Any]

#: Kernels' scalars: Python's numbers where they are called from Python, machine numbers where they come from arrays.
Int: TypeAlias = Any
Float: TypeAlias = Any
Bool: TypeAlias = Any

config: Any = _numba_config  # its settings are made at run time

#: Folders of a version's kernels, and Numba's files in them: index, machine code, and those two half-written.
_NAME = re.compile(r"forest-[0-9a-f]{16}")
_KERNEL = re.compile(r"\.(nbi|nbc)(\.tmp\.\w+)?$")

#: How long kernels are kept that no process loads: 30 days.
_KEPT_SECONDS = 30 * 24 * 3600

logger = logging.getLogger("modelcollapse.forest")

Function = TypeVar("Function", bound=Callable[..., Any])


@cache
def cache_folder() -> Path:
    """Folder of this version's compiled kernels: below this package's own in ``NUMBA_CACHE_DIR``, or in the user's."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    named = os.environ.get("NUMBA_CACHE_DIR")
    base = Path(named, "modelcollapse-kernels") if named else user_cache_path("modelcollapse") / "kernels"
    folder = base / f"forest-{digest.hexdigest()[:16]}"
    with suppress(OSError):  # what cannot be written is not cached
        folder.mkdir(parents=True, exist_ok=True)
        folder.touch()
        _remove_unused(base)
    return folder


def kernels_folder() -> Path | None:
    """Where Numba really keeps the kernels, which may be a place of its own; None where nothing can be kept."""

    def probe() -> None:
        """Be compiled by nobody: it has the places of the kernels, which are beside it."""

    place = cast(Any, kernel(probe)).stats.cache_path
    return None if place is None else Path(place)


def _remove_unused(base: Path) -> None:
    """Remove the kernels of other versions that no process has loaded for a month, and nothing else."""
    for folder in base.iterdir():
        is_ours = _NAME.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink()
        if is_ours and folder.stat().st_mtime < time.time() - _KEPT_SECONDS:
            _remove_kernels(folder)


def _remove_kernels(folder: Path) -> None:
    """Remove Numba's files, and the folders that are empty then. Other processes may do the same at this moment."""
    for place, _, files in os.walk(folder, topdown=False):
        for file in files:
            if _KERNEL.search(file):
                with suppress(OSError):
                    Path(place, file).unlink()
        with suppress(OSError):  # it holds something else
            Path(place).rmdir()


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


def _compile_lazily(function: Function, options: dict[str, bool]) -> Function:
    compile_lazily: Any = partial(cast(Any, numba.njit), nogil=True, error_model="numpy", **options)
    found = config.CACHE_DIR
    config.CACHE_DIR = str(cache_folder())
    try:
        return cast(Function, compile_lazily(cache=True)(function))
    except RuntimeError:  # no folder can be written: "no locator available"
        return cast(Function, compile_lazily()(function))
    finally:
        config.CACHE_DIR = found


class _Announcement(event.Listener):
    """Says once per process that kernels are being compiled – not when they come from the cache."""

    def __init__(self) -> None:
        self.made = False

    def on_start(self, event: Any) -> None:
        """Announce that Numba is about to compile the first of the kernels."""
        module = event.data["dispatcher"].py_func.__module__
        if not self.made and module.startswith(__package__):
            self.made = True
            logger.warning("compiling the forest's kernels, once for this machine (about 20 seconds) …")

    def on_end(self, event: Any) -> None:
        """Say nothing when a function is ready."""


event.register("numba:compile", _Announcement())  # type: ignore[no-untyped-call]
