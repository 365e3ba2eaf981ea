"""A run's folder: the one object that knows its paths, and the only place that reads and writes them.

The folder may be on any file system that fsspec knows. Files are written under a temporary name and then renamed (local
folders), or in one PUT (object stores): a reader sees a whole file or none.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from modelcollapse.errors import RunFolderError
from modelcollapse.execution.record import ChainRecord, DamagedRecordError

FORMAT = 1


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
        self._is_local = isinstance(self._fs, LocalFileSystem)

    def __str__(self) -> str:
        return self.location

    def path(self, name: str) -> str:
        """Return the location of a file or folder in the run, for people to read and open."""
        return f"{self.location.rstrip('/')}/{name}"

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None if there is no such file."""
        try:
            return bytes(self._fs.cat_file(f"{self._root}/{name}"))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file as a whole."""
        target = f"{self._root}/{name}"
        if not self._is_local:
            self._fs.pipe_file(target, content)
            return
        path = Path(target)
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
        try:
            self._fs.rm_file(f"{self._root}/{name}")
        except FileNotFoundError:
            return

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
        except (ValueError, KeyError, TypeError, RecursionError):
            raise RunFolderError(f"{self.path('spec.json')} is damaged: expected JSON with a format number.") from None
        if found != FORMAT:
            raise RunFolderError(f"{self.path('spec.json')} has format {found}, this version knows format {FORMAT}.")
        return dict(spec)

    def write_spec(self, spec: dict[str, Any]) -> None:
        """Write spec.json."""
        self.write("spec.json", (json.dumps({"format": FORMAT, **spec}, indent=1, ensure_ascii=False) + "\n").encode())

    def finished_chains(self) -> list[str]:
        """Return the ids of the chains that reached their end."""
        return self.names("chains", ".parquet")

    def read_chain(self, chain_id: str) -> ChainRecord | None:
        """Return the most that is known of a chain: its finished file, or else its checkpoint.

        A damaged file counts as missing: what it held is computed again.
        """
        for name in (f"chains/{chain_id}.parquet", f"partial/{chain_id}.parquet"):
            content = self.read(name)
            if content is None:
                continue
            try:
                return ChainRecord.from_bytes(content)
            except DamagedRecordError:
                continue
        return None

    def write_chain(self, chain_id: str, record: ChainRecord) -> None:
        """Keep a finished chain; its checkpoint is no longer needed."""
        self.write(f"chains/{chain_id}.parquet", record.to_bytes())
        self.remove(f"partial/{chain_id}.parquet")
        self.remove(f"failures/{chain_id}.json")

    def write_checkpoint(self, chain_id: str, record: ChainRecord) -> None:
        """Keep what is known of a chain in flight."""
        self.write(f"partial/{chain_id}.parquet", record.to_bytes())

    def write_failure(self, chain_id: str, failure: dict[str, Any]) -> None:
        """Keep why a chain failed."""
        self.write(f"failures/{chain_id}.json", (json.dumps(failure, indent=1) + "\n").encode())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other drivers out of a local folder; the lock dies with its process.

        Raises
        ------
        RunFolderError
            If another process is at work here.
        """
        if not self._is_local:
            yield
            return
        import fcntl

        path = Path(self._root) / ".lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise RunFolderError(
                    f"Another process is running a sweep in {self.location}: wait for it, or choose another --out."
                ) from None
            yield
