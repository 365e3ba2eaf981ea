"""How a package's kernels are compiled: lazily, without the GIL, cached on disk where a disk can be written.

Numba keys a function's cache by the function's own source file, so a change in a helper module would leave stale
machine code in its callers. Kernels are therefore cached in a folder named by a hash of all their package's sources.
A folder that cannot be written is no error: Numba falls back to its own places, and then to no cache at all.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config as _numba_config
from numba.core import event
from platformdirs import user_cache_path

config: Any = _numba_config  # its settings are made at run time

#: Numba's files in a folder of kernels: index, machine code, and those two half-written.
_KERNEL = re.compile(r"\.(nbi|nbc)(\.tmp\.\w+)?$")

#: How long kernels are kept that no process loads: 30 days.
_KEPT_SECONDS = 30 * 24 * 3600

Function = TypeVar("Function", bound=Callable[..., Any])


class Compiler:
    """Compiles the kernels of one package, by import path and folder; says once per process that it is at work."""

    def __init__(self, package: str, sources: Path, announcement: str) -> None:
        self._sources = sources
        event.register("numba:compile", _Announcement(package, announcement))  # type: ignore[no-untyped-call]

    @cached_property
    def cache_folder(self) -> Path:
        """Folder of the compiled kernels, made: below this package's own in ``NUMBA_CACHE_DIR``, or in the user's."""
        digest = hashlib.sha256()
        for source in (*sorted(self._sources.glob("*.py")), Path(__file__)):
            digest.update(source.name.encode())
            digest.update(source.read_bytes())
        named = os.environ.get("NUMBA_CACHE_DIR")
        base = Path(named, "modelcollapse-kernels") if named else user_cache_path("modelcollapse") / "kernels"
        name = self._sources.name
        folder = base / f"{name}-{digest.hexdigest()[:16]}"
        with suppress(OSError):  # what cannot be written is not cached
            folder.mkdir(parents=True, exist_ok=True)
            folder.touch()
            _remove_unused(base, re.compile(rf"{name}-[0-9a-f]{{16}}"))
        return folder

    def kernel(self, function: Function) -> Function:
        """Compile `function` with Numba on its first call: no Python objects, no GIL, cached on disk if possible."""
        return self._compile_lazily(function)

    def lean_kernel(self, function: Function) -> Function:
        """Compile, as `kernel` does, a function that allocates no memory and needs no reference counts for its arrays.

        Numba counts references to the arrays of a call atomically; for the small functions that a tree is grown by, or
        a token drawn, that took most of the time. Such a function may take views of arrays, but its callers own them.
        """
        return self._compile_lazily(function, _nrt=False)

    def inlined_kernel(self, function: Function) -> Function:
        """Compile, as `lean_kernel` does, a function that is called for a node or token: its code is copied to callers.

        A call passes every array as seven words and a tuple of arrays as all of its arrays: hundreds of words for the
        forest's training index, which costs more than reading a short posting list.
        """
        return self._compile_lazily(function, _nrt=False, forceinline=True)

    def _compile_lazily(self, function: Function, **options: bool) -> Function:
        compile_lazily: Any = partial(cast(Any, numba.njit), nogil=True, error_model="numpy", **options)
        found = config.CACHE_DIR
        config.CACHE_DIR = str(self.cache_folder)
        try:
            return cast(Function, compile_lazily(cache=True)(function))
        except RuntimeError:  # no folder can be written: "no locator available"
            return cast(Function, compile_lazily()(function))
        finally:
            config.CACHE_DIR = found


def _remove_unused(base: Path, name: re.Pattern[str]) -> None:
    """Remove the kernels of other versions that no process has loaded for a month, and nothing else."""
    for folder in base.iterdir():
        is_ours = name.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink()
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


class _Announcement(event.Listener):
    """Says once per process that kernels are being compiled – not when they come from the cache."""

    def __init__(self, package: str, announcement: str) -> None:
        self._package, self._announcement = package, announcement
        self.made = False

    def on_start(self, event: Any) -> None:
        """Announce that Numba is about to compile the first of the kernels."""
        module = event.data["dispatcher"].py_func.__module__
        if not self.made and f"{module}.".startswith(f"{self._package}."):
            self.made = True
            logging.getLogger(self._package).warning(self._announcement)

    def on_end(self, event: Any) -> None:
        """Say nothing when a function is ready."""
