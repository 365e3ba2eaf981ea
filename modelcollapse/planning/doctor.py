"""What this machine offers to a sweep, and what to change."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modelcollapse.corpora.cache import CorpusCache
from modelcollapse.execution.ray.scheduling import WORKER_BYTES

_GB = 1e9

#: A disk with less is soon full.
LEAST_DISK = 2 * _GB

#: Beyond a bare worker: a chain of some ten thousand documents.
MEMORY_PER_CORE = 3 * WORKER_BYTES


@dataclass(frozen=True)
class Finding:
    """Something that was looked at.

    Attributes
    ----------
    subject, found : str
        What was looked at, and how it is.
    advice : str
        What to change; empty if all is well.
    """

    subject: str
    found: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything, one thing after the other.

    Examples
    --------
    >>> [finding.subject for finding in examine()][:3]
    ['Ray', 'cores', 'memory']
    """
    for check in (_ray, _cores, _memory, _shared_memory, _kernels, _corpus_cache, _working_folder):
        yield check()


def _ray() -> Finding:
    found = f"Ray {importlib.metadata.version('ray')}, Python {sys.version.split()[0]}"
    if address := os.environ.get("RAY_ADDRESS"):
        return Finding("Ray", f"{found}; RAY_ADDRESS={address}", "Unset RAY_ADDRESS unless sweeps shall run there.")
    return Finding("Ray", f"{found}; sweeps start their own instance")


def _cores() -> Finding:
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    busy = os.getloadavg()[0]
    advice = f"Others use them now: fewer chains at a time with --workers {max(1, mine - round(busy))}."
    return Finding("cores", f"{mine}, load {busy:.1f}", advice if busy > mine / 2 else "")


def _memory() -> Finding:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    n_fitting = int(total * 0.7 / MEMORY_PER_CORE)  # Ray keeps the rest for its object store
    cores = os.cpu_count() or 1
    advice = f"Enough for some {n_fitting} chains at a time: --workers {max(1, n_fitting)}."
    return Finding("memory", f"{total / _GB:.1f} GB", advice if n_fitting < cores else "")


def _shared_memory() -> Finding:
    folder = Path("/dev/shm")
    if not folder.is_dir():
        return Finding("shared memory", "no /dev/shm: Ray shares the corpus by files in /tmp")
    size, corpus = shutil.disk_usage(folder).total, _largest_corpus()
    found = f"/dev/shm {size / _GB:.1f} GB, largest corpus {corpus / _GB:.1f} GB"
    enough = size >= 2 * corpus and size >= _GB
    return Finding("shared memory", found, "" if enough else "Enlarge /dev/shm (Docker: --shm-size), twice the corpus.")


def _kernels() -> Finding:
    from modelcollapse.compilation import config
    from modelcollapse.forest.compilation import kernels_folder

    if config.DISABLE_JIT:
        return Finding("compiled kernels", "none: NUMBA_DISABLE_JIT is set", "Forests grow slowly so: unset it.")
    advice = "Kernels are compiled in every process: set NUMBA_CACHE_DIR to a folder of yours."
    folder = kernels_folder()
    if folder is None:
        return Finding("compiled kernels", "no folder for them can be written", advice)
    return _writable("compiled kernels", folder, advice)


def _corpus_cache() -> Finding:
    advice = "Set MODELCOLLAPSE_CACHE to a folder of yours with room for corpora."
    return _writable("corpus cache", CorpusCache().folder, advice)


def _working_folder() -> Finding:
    return _writable("this folder", Path.cwd(), "Give runs a folder elsewhere: --out.")


def _writable(subject: str, folder: Path, advice: str) -> Finding:
    """Write a file into a folder, or into what is there of it, and see how much room is left."""
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"1")
    except OSError as error:
        return Finding(subject, f"{folder}: {error.strerror}", advice)
    free = shutil.disk_usage(there).free
    found = f"{folder}, {free / _GB:.1f} GB free"
    return Finding(subject, found, "" if free >= LEAST_DISK else f"Little room. {advice}")


def _largest_corpus() -> int:
    n_bytes: Counter[Path] = Counter()
    for array in CorpusCache().folder.glob("*/*.npy"):
        n_bytes[array.parent] += array.stat().st_size
    return max(n_bytes.values(), default=0)
