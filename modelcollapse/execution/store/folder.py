"""A run's folder: the one object that knows its paths, and the only place that reads and writes them.

The folder may be on any file system that fsspec knows. Files are written under a temporary name and then renamed (local
folders), or in one PUT (object stores): a reader sees a whole file or none.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import fsspec
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from modelcollapse import atomic
from modelcollapse.errors import RunFolderError
from modelcollapse.execution.store import ours
from modelcollapse.execution.store.lock import LocalLock, ObjectLock
from modelcollapse.execution.store.record import ChainRecord, DamagedRecordError, OtherVersionError

#: Of spec.json. It is also what keeps earlier versions away from chain files that they do not know.
FORMAT = 2
_FORMATS = (1, 2)

#: What spec.json must have, and what each of it is.
_SPEC_PARTS = {"corpus": dict, "sweeps": list, "versions": dict}

#: Files of an object store that are read or written at a time: each takes a round trip.
_CONNECTIONS = 16

#: Figures may have any name.
_FIGURES = re.compile(r".+\.(png|svg)")

#: File systems that can be read only, or hold one file or archive: a run is many files, written one by one.
_READ_ONLY = {"http", "https", "github", "gist", "git", "zip", "tar", "libarchive", "data", "reference"}

_log = logging.getLogger(__name__)


class RunFolder:
    """Where a run is kept.

    Parameters
    ----------
    location : str or Path
        A local path or any fsspec URL (``s3://bucket/run``).

    Raises
    ------
    RunFolderError
        If nothing here knows such a file system, or it does not answer.
    """

    def __init__(self, location: str | Path) -> None:
        self.location = str(location)
        self._fs, self._root = _file_system(self.location)
        self.is_local = isinstance(self._fs, LocalFileSystem)
        self._root = self._root or ("/" if self.is_local else "")
        self._errors: tuple[type[Exception], ...] = (OSError, ValueError) if self.is_local else (Exception,)
        self._lock: ObjectLock | LocalLock | None = None

    def __str__(self) -> str:
        return self.location

    @property
    def is_kept(self) -> bool:
        """Whether what is written here outlasts this process."""
        return not isinstance(self._fs, MemoryFileSystem)

    def local_path(self, name: str) -> Path:
        """Return where a file of a local folder is written.

        Raises
        ------
        RunFolderError
            If that is outside of the folder.
        """
        path, root = Path(self._full(name)), Path(self._root)
        for link in (path, *path.parents):
            if link == root:
                break
            if link.is_symlink():
                raise RunFolderError(
                    f"{link} is a link, to {link.readlink()}: what belongs to a run is written into its folder only. "
                    "Put a folder or a file in the link's place."
                )
        return path

    def path(self, name: str) -> str:
        """Return the location of a file or folder in the run, for people to read and open."""
        return f"{self.location.rstrip('/')}/{name}"

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None if there is no such file.

        Raises
        ------
        RunFolderError
            If it cannot be read.
        """
        with self._one_line_errors("read", name):
            try:
                return bytes(self._fs.cat_file(self._full(name)))
            except (FileNotFoundError, NotADirectoryError):
                return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file as a whole.

        Raises
        ------
        RunFolderError
            If it cannot be written (what was there before is still there), would be outside of the folder, or another
            process works here now.
        """
        self._check_writable()
        if self._lock is not None:
            self._lock.check()
        with self._one_line_errors("write", name):
            if self.is_local:
                self._write_locally(self.local_path(name), content)
            else:
                self._fs.pipe_file(self._full(name), content)

    def _full(self, name: str) -> str:
        """Return where a file is.

        Raises
        ------
        RunFolderError
            If that is outside of the folder.
        """
        if "\0" in name or any(part in ("", ".", "..") for part in name.split("/")):
            raise RunFolderError(f"{name!r} is no name of a file in {self}: expected one without '..' and '//'.")
        if self.is_local:  # UTF-8 on the disk, whatever this system's encoding
            name = os.fsdecode(name.encode(errors="surrogateescape"))
        return f"{self._root.rstrip('/')}/{name}"

    def _check_writable(self) -> None:
        protocols = {self._fs.protocol} if isinstance(self._fs.protocol, str) else {*self._fs.protocol}
        if protocols & _READ_ONLY:
            raise RunFolderError(
                f"{self} can be read only: expected a folder, or a store that takes files (s3://…). "
                "Choose another --out."
            )

    def _write_locally(self, path: Path, content: bytes) -> None:
        """Write a file; only its own folder is made. While it is locked, the run's folder is known to be there."""
        root = Path(self._root)
        if self._lock is None:
            root.mkdir(parents=True, exist_ok=True)
        for folder in reversed(path.relative_to(root).parents[:-1]):
            (root / folder).mkdir(exist_ok=True)
        atomic.write_bytes(path, content)

    @contextmanager
    def _one_line_errors(self, verb: str, name: str) -> Iterator[None]:
        """Turn what a file system raises – stores have errors of their own – into the user's error."""
        try:
            yield
        except RunFolderError:
            raise
        except self._errors as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise RunFolderError(
                f"Cannot {verb} {self.path(name)}: {reason}. What was written before is safe; "
                "mend this, and the same command goes on from there."
            ) from error

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        with self._one_line_errors("remove", name), suppress(FileNotFoundError):
            self._fs.rm_file(self._full(name))

    def names(self, subfolder: str, suffix: str) -> list[str]:
        """Return the names, without suffix, of a subfolder's files of one kind, sorted."""
        return [name.removesuffix(suffix) for name in self._entries(subfolder) if name.endswith(suffix)]

    def _entries(self, subfolder: str) -> list[str]:
        """Return the names of everything in a subfolder ("": the folder itself) that is not hidden, sorted."""
        self._fs.invalidate_cache()
        try:
            found = self._fs.ls(f"{self._root.rstrip('/')}/{subfolder}", detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        names = (path.rstrip("/").rsplit("/", 1)[-1] for path in found)
        return sorted(name for name in names if name[0] != ".")

    def read_spec(self) -> dict[str, Any] | None:
        """Return spec.json; None if nothing was run here.

        Its ``models`` are those of each sweep (see `execution.store.models`); None for sweeps of older versions.

        Raises
        ------
        RunFolderError
            If it is damaged or of an unknown format.
        """
        content = self.read("spec.json")
        if content is None:
            return None
        try:
            spec = json.loads(content)
            found = spec["format"]
            is_whole = (isinstance(found, int) and found not in _FORMATS) or (
                all(isinstance(spec.get(part), kind) for part, kind in _SPEC_PARTS.items())
                and isinstance(spec.setdefault("models", [None] * len(spec["sweeps"])), list)
                and len(spec["models"]) == len(spec["sweeps"])
                and all(isinstance(spec["corpus"].get(key), str) for key in ("name", "fingerprint"))
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            is_whole = False
        if not is_whole:
            raise RunFolderError(self._what_is_wrong_with_spec(content))
        if found not in _FORMATS:
            raise RunFolderError(
                f"{self.path('spec.json')} has format {found}, this version knows {' and '.join(map(str, _FORMATS))}: "
                "it was written by another version of modelcollapse. Use that one; nothing was changed."
            )
        return dict(spec)

    def _what_is_wrong_with_spec(self, content: bytes) -> str:
        where = self.path("spec.json")
        if ours.is_spec_of_a_run(content) or not ours.foreign(self._entries, self.read):
            return (
                f"{where} is damaged. Rename it to .spec.json.damaged and run the same command: "
                "finished chains are kept."
            )
        return f"{where} is no run of modelcollapse: choose another folder (--out)."

    def write_spec(self, spec: dict[str, Any]) -> None:
        """Write spec.json, in this version's format whatever it was read in."""
        content = {"format": FORMAT, **{key: value for key, value in spec.items() if key != "format"}}
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        self.write("spec.json", text.encode(errors="backslashreplace"))  # which is how JSON writes half characters

    def read_chain(self, chain_id: str) -> ChainRecord | None:
        """Return the most that is known of a chain: its finished file or its checkpoint, which may have gone further.

        A damaged file counts as missing: what it held is computed again.

        Raises
        ------
        RunFolderError
            If a file is whole, but of a version that is not known here.
        """
        # in this order a chain that ends in this moment is seen in one place or the other
        records = [self.read_record(subfolder, chain_id) for subfolder in ("partial", "chains")]
        return max((record for record in records if record), key=lambda record: len(record.rows), default=None)

    def read_chains(self, chain_ids: Iterable[str]) -> dict[str, ChainRecord]:
        """Return the most that is known of every chain of which something is known."""
        there = {*self.names("partial", ".parquet"), *self.names("chains", ".parquet")}
        wanted = [chain_id for chain_id in chain_ids if chain_id in there]
        with ThreadPoolExecutor(1 if self.is_local else _CONNECTIONS) as pool:
            records = list(pool.map(self.read_chain, wanted))
        return {chain_id: record for chain_id, record in zip(wanted, records, strict=True) if record}

    def read_record(self, subfolder: str, chain_id: str) -> ChainRecord | None:
        """Return what one file holds of a chain: see `read_chain`."""
        name = f"{subfolder}/{chain_id}.parquet"
        content = self.read(name)
        if content is None:
            return None
        try:
            return ChainRecord.from_bytes(content)
        except OtherVersionError as error:
            raise RunFolderError(
                f"{self.path(name)} was written by another version of modelcollapse: {error}. Use that version, or "
                "another --out; nothing was changed."
            ) from None
        except DamagedRecordError as error:
            _log.warning("%s is damaged (%s): what it held is computed again", self.path(name), error)
            return None

    def write_chain(self, chain_id: str, record: ChainRecord) -> None:
        """Keep a finished chain; its checkpoint is no longer needed."""
        self.write(f"chains/{chain_id}.parquet", record.to_bytes())
        self.remove(f"partial/{chain_id}.parquet")
        self.remove(f"failures/{chain_id}.json")

    def write_checkpoints(self, records: Mapping[str, ChainRecord]) -> None:
        """Keep what is known of chains in flight. Every one is tried, whatever becomes of the others.

        Raises
        ------
        RunFolderError
            If any cannot be written.
        """
        with ThreadPoolExecutor(1 if self.is_local else _CONNECTIONS) as pool:
            written = [
                pool.submit(self.write, f"partial/{chain_id}.parquet", record.to_bytes())
                for chain_id, record in records.items()
            ]
        for future in written:
            future.result()

    def write_failure(self, chain_id: str, failure: dict[str, Any]) -> None:
        """Keep why a chain failed."""
        self.write(f"failures/{chain_id}.json", (json.dumps(failure, indent=1) + "\n").encode())

    def read_failure(self, chain_id: str) -> dict[str, Any] | None:
        """Return why a chain failed; None if it did not, or if that cannot be read any more."""
        try:
            failure = json.loads(self.read(f"failures/{chain_id}.json") or b"null")
        except (ValueError, RecursionError):
            return None
        return failure if isinstance(failure, dict) else None

    def remove_failure(self, chain_id: str) -> None:
        """Forget that a chain failed."""
        self.remove(f"failures/{chain_id}.json")

    @contextmanager
    def locked(self, spec: Literal["spec.json", "search.json"] = "spec.json") -> Iterator[None]:
        """Keep other drivers out: see `execution.store.lock`. What a killed driver left half-written is cleared away.

        Parameters
        ----------
        spec : {"spec.json", "search.json"}
            What says what is here: a run or a search.

        Raises
        ------
        RunFolderError
            If another process is at work here, or the folder holds files that are not a run's, or not a search's.
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

    def check_usable(self, spec: Literal["spec.json", "search.json"] = "spec.json") -> None:
        """Raise RunFolderError if this is no place for a run (or a search): see `locked`."""
        self._check_writable()
        if self.is_local and Path(self._root).is_file():
            raise RunFolderError(f"{self} is a file: expected a folder. Choose another --out.")
        other, holds = ours.OTHERS[spec]
        if self.read(other) is not None:
            raise RunFolderError(f"{self} holds {holds}: choose another --out.")
        if self.read(spec) is not None:  # what it says is checked by those who use it
            return
        with self._one_line_errors("read", spec):
            foreign = ours.foreign(self._entries, self.read)
        if foreign:
            named = ", ".join(foreign[:3]) + (", …" if len(foreign) > 3 else "")
            raise RunFolderError(
                f"{self} holds files that are not a run's ({named}): expected a new or an empty folder, or a run's. "
                "Choose another --out."
            )

    def _clear_away(self) -> None:
        """Remove what writers that were killed left half-written."""
        root = Path(self._root)
        kinds = {root: ours.WRITTEN, root / "figures": _FIGURES, **{root / store: ours.STORED for store in ours.STORES}}
        for folder, names in kinds.items():
            for leftover in atomic.unfinished(folder, names):
                with suppress(OSError):
                    leftover.unlink()


def _file_system(location: str) -> tuple[Any, str]:
    """Return the file system that a location is on, and the folder's path in it."""
    if "::" in location:
        raise RunFolderError(
            f"Cannot use {location} as a run's folder: found a chain of URLs (::), expected a path or one URL."
        )
    try:
        fs, root = fsspec.url_to_fs(location)
    except Exception as error:  # each file system has errors of its own
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        advice = (
            'Install what it needs: pip install "modelcollapse[cluster]"'
            if isinstance(error, ImportError) and location.startswith(("s3://", "s3a://"))
            else "Expected a path or a URL such as s3://bucket/run"
        )
        raise RunFolderError(f"Cannot use {location} as a run's folder: {reason}. {advice}.") from None
    return fs, root.rstrip("/")
