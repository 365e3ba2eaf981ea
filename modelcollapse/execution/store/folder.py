"""The folder of a run or a search: who may use it, who works in it, and what stands in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from modelcollapse import atomic
from modelcollapse.errors import RunFolderError
from modelcollapse.execution.store import ours
from modelcollapse.execution.store.chains import Chains, Failures
from modelcollapse.execution.store.files import Files
from modelcollapse.execution.store.lock import LocalLock, ObjectLock
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.execution.store.spec import run_spec, search_spec

#: With one of them a folder cannot hold the other: what that one says.
_HOLDS = {
    PATHS.spec: f"a run of sweeps ({PATHS.spec}), not a search",
    PATHS.search: f"a search ({PATHS.search}), not a run of sweeps",
}


class RunFolder(Files):
    """Where a run or a search is kept: its spec, what is known of chains, and why chains or units failed."""

    def __init__(self, location: str | Path) -> None:
        super().__init__(location)
        self.spec, self.search = run_spec(self), search_spec(self)
        self.chains, self.failures = Chains(self), Failures(self)
        self._lock: ObjectLock | LocalLock | None = None

    def _check_writer(self) -> None:
        """Raise RunFolderError if another process works here now."""
        if self._lock is not None:
            self._lock.check()

    def _make_root(self) -> None:
        """Make the folder; while it is locked, it is known to be there, and must not be made anew."""
        if self._lock is None:
            super()._make_root()

    @contextmanager
    def locked(self, spec: str = PATHS.spec) -> Iterator[None]:
        """Keep other drivers out: see `execution.store.lock`. What a killed driver left half-written is cleared away.

        `spec` is the file that says what is here: of a run, or ``PATHS.search`` of a search. RunFolderError is raised
        if another process is at work here, or the folder holds files that are not a run's, or not a search's.
        """
        self.check_usable(spec)
        lock = self._make_lock()
        with self._one_line_errors("write", lock.name):
            lock.acquire()
        self._lock = lock
        try:
            if self.is_local:
                self._clear_away()
            yield
        finally:
            self._lock = None
            lock.release()

    def _make_lock(self) -> ObjectLock | LocalLock:
        if self.is_local:
            return LocalLock(Path(self._root), self.location)
        return ObjectLock(self._fs, f"{self._root}/{ObjectLock.name}", self.location)

    def check_usable(self, spec: str = PATHS.spec) -> None:
        """Raise RunFolderError if this is no place for a run (or a search): see `locked`."""
        self.check_writable()
        if self.is_local and Path(self._root).is_file():
            raise RunFolderError(f"{self} is a file: expected a folder. Choose another --out.")
        for other in {*PATHS.specs} - {spec}:
            if self.read(other) is not None:
                raise RunFolderError(f"{self} holds {_HOLDS[other]}: choose another --out.")
        if self.read(spec) is not None:  # what it says is checked by those who use it
            return
        with self._one_line_errors("read", spec):
            foreign = ours.foreign(self)
        if foreign:
            named = ", ".join(foreign[:3]) + (", …" if len(foreign) > 3 else "")
            raise RunFolderError(
                f"{self} holds files that are not a run's ({named}): expected a new or an empty folder, or a run's. "
                "Choose another --out."
            )

    def _clear_away(self) -> None:
        """Remove what writers that were killed left half-written."""
        for folder, names in PATHS.written().items():
            for leftover in atomic.unfinished(Path(self._root, folder), names):
                with suppress(OSError):
                    leftover.unlink()
