"""A run's folder: the one object that knows its paths, and the only place that reads and writes them.

The folder may be on any file system that fsspec knows. Files are written under a temporary name and then renamed (local
folders), or in one PUT (object stores): a reader sees a whole file or none.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from modelcollapse.errors import RunFolderError
from modelcollapse.execution.lock import ObjectLock, local_lock
from modelcollapse.execution.record import ChainRecord, DamagedRecordError

FORMAT = 1

#: What spec.json must have, and what each of it is.
_SPEC_PARTS = {"corpus": dict, "sweeps": list, "versions": dict}

#: Files of an object store that are read or written at a time: each takes a round trip.
_CONNECTIONS = 16

_log = logging.getLogger(__name__)


class RunFolder:
    """Where a run is kept.

    Parameters
    ----------
    location : str or Path
        A local path or any fsspec URL (``s3://bucket/run``).
    """

    def __init__(self, location: str | Path) -> None:
        self.location = str(location)
        try:
            self._fs, self._root = fsspec.url_to_fs(self.location)
        except (ValueError, ImportError) as error:
            raise RunFolderError(f"Cannot use {self.location} as a run's folder: {error}.") from None
        self._root = self._root.rstrip("/")
        self.is_local = isinstance(self._fs, LocalFileSystem)
        self._errors: tuple[type[Exception], ...] = (OSError,) if self.is_local else (Exception,)
        self._lock: ObjectLock | None = None

    def __str__(self) -> str:
        return self.location

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
                return bytes(self._fs.cat_file(f"{self._root}/{name}"))
            except (FileNotFoundError, NotADirectoryError):
                return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file as a whole.

        Raises
        ------
        RunFolderError
            If it cannot be written (what was there before is still there), or another process works here now.
        """
        if self._lock is not None:
            self._lock.check()
        with self._one_line_errors("write", name):
            if self.is_local:
                self._replace(Path(f"{self._root}/{name}"), content)
            else:
                self._fs.pipe_file(f"{self._root}/{name}", content)

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

    def _replace(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        with self._one_line_errors("remove", name), suppress(FileNotFoundError):
            self._fs.rm_file(f"{self._root}/{name}")

    def names(self, subfolder: str, suffix: str) -> list[str]:
        """Return the names, without suffix, of a subfolder's files of one kind, sorted."""
        self._fs.invalidate_cache()
        try:
            found = self._fs.ls(f"{self._root}/{subfolder}", detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        names = (path.rstrip("/").rsplit("/", 1)[-1] for path in found)
        return sorted(name.removesuffix(suffix) for name in names if name.endswith(suffix) and name[0] != ".")

    def read_spec(self) -> dict[str, Any] | None:
        """Return spec.json; None if nothing was run here.

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
            is_whole = found != FORMAT or (
                all(isinstance(spec.get(part), kind) for part, kind in _SPEC_PARTS.items())
                and all(isinstance(spec["corpus"].get(key), str) for key in ("name", "fingerprint"))
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            is_whole = False
        if not is_whole:
            raise RunFolderError(
                f"{self.path('spec.json')} is damaged. Remove it and run the same command: finished chains are kept."
            )
        if found != FORMAT:
            raise RunFolderError(f"{self.path('spec.json')} has format {found}, this version knows format {FORMAT}.")
        return dict(spec)

    def write_spec(self, spec: dict[str, Any]) -> None:
        """Write spec.json."""
        text = json.dumps({"format": FORMAT, **spec}, indent=1, ensure_ascii=False) + "\n"
        self.write("spec.json", text.encode(errors="backslashreplace"))  # which is how JSON writes half characters

    def read_chain(self, chain_id: str) -> ChainRecord | None:
        """Return the most that is known of a chain: its finished file or its checkpoint, which may have gone further.

        A damaged file counts as missing: what it held is computed again.
        """
        # in this order a chain that ends in this moment is seen in one place or the other
        records = [self._read_record(f"{subfolder}/{chain_id}.parquet") for subfolder in ("partial", "chains")]
        return max((record for record in records if record), key=lambda record: len(record.rows), default=None)

    def read_chains(self, chain_ids: Iterable[str]) -> dict[str, ChainRecord]:
        """Return the most that is known of every chain of which something is known."""
        there = {*self.names("partial", ".parquet"), *self.names("chains", ".parquet")}
        wanted = [chain_id for chain_id in chain_ids if chain_id in there]
        with ThreadPoolExecutor(1 if self.is_local else _CONNECTIONS) as pool:
            records = list(pool.map(self.read_chain, wanted))
        return {chain_id: record for chain_id, record in zip(wanted, records, strict=True) if record}

    def _read_record(self, name: str) -> ChainRecord | None:
        content = self.read(name)
        if content is None:
            return None
        try:
            return ChainRecord.from_bytes(content)
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
    def locked(self) -> Iterator[None]:
        """Keep other drivers out: see `execution.lock`. What a killed driver left half-written is cleared away.

        Raises
        ------
        RunFolderError
            If another process is at work here.
        """
        if self.is_local:
            with local_lock(Path(self._root) / ".lock", self.location):
                for subfolder in ("chains", "partial", "failures"):
                    for leftover in Path(self._root, subfolder).glob(".*.tmp"):
                        leftover.unlink(missing_ok=True)
                yield
            return
        lock = ObjectLock(self._fs, f"{self._root}/lock.json", self.location)
        with self._one_line_errors("write", "lock.json"):
            lock.acquire()
        self._lock = lock
        try:
            yield
        finally:
            self._lock = None
            lock.release()
