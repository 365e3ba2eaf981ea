"""Files below one location: a local folder, or any file system that fsspec knows.

Files are written under a temporary name and then renamed (local folders), or in one PUT (object stores): a reader sees
a whole file or none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from modelcollapse import atomic
from modelcollapse.errors import RunFolderError
from modelcollapse.execution.store.paths import Shelf

#: File systems that can be read only, or hold one file or archive: a run is many files, written one by one.
_READ_ONLY = {"http", "https", "github", "gist", "git", "zip", "tar", "libarchive", "data", "reference"}


class Files:
    """Reads and writes the files below a location: a local path or any fsspec URL (``s3://bucket/run``).

    RunFolderError is raised if nothing here knows such a file system, or it does not answer, read or write.
    """

    def __init__(self, location: str | Path) -> None:
        self.location = str(location)
        self._fs, self._root = _file_system(self.location)
        self._protocols = {self._fs.protocol} if isinstance(self._fs.protocol, str) else {*self._fs.protocol}
        self._has_versions = "s3" in self._protocols
        self.is_local = isinstance(self._fs, LocalFileSystem)
        self._root = self._root or ("/" if self.is_local else "")
        self._errors: tuple[type[Exception], ...] = (OSError, ValueError) if self.is_local else (Exception,)

    def __str__(self) -> str:
        return self.location

    @property
    def is_kept(self) -> bool:
        """Whether what is written here outlasts this process."""
        return not isinstance(self._fs, MemoryFileSystem)

    def local_path(self, name: str) -> Path:
        """Return where a file of a local folder is written; raise RunFolderError if that is outside of the folder."""
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
        """Return a file's content; None if there is no such file."""
        with self._one_line_errors("read", name):
            try:
                return bytes(self._fs.cat_file(self._full(name)))
            except (FileNotFoundError, NotADirectoryError):
                return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file as a whole; where that fails, what was there before is still there."""
        self.check_writable()
        self._check_writer()
        with self._one_line_errors("write", name):
            if self.is_local:
                self._write_locally(self.local_path(name), content)
            else:
                self._fs.pipe_file(self._full(name), content)

    def update(self, name: str, change: Callable[[bytes | None], bytes]) -> None:
        """Write what `change` makes of a file's content (None if there is no such file).

        Local folders are locked for that; on S3 the file is written only if it is still the one that was read, and else
        `change` is called again: nothing that another process writes meanwhile is lost.
        """
        while True:
            version = self._version(name)
            content = change(self.read(name))
            if not self._has_versions:
                break
            self._check_writer()
            condition = {"mode": "create"} if version is None else {"IfMatch": version}
            try:
                self._fs.pipe_file(self._full(name), content, **condition)
            except Exception:  # each version of the client has its own
                if self._version(name) == version:
                    break  # it is not that: write it plainly, which says what is wrong
            else:
                return
        self.write(name, content)

    def _version(self, name: str) -> str | None:
        """Return what a store calls the version of a file that is there now; None if it has none."""
        if not self._has_versions:
            return None
        self._fs.invalidate_cache()
        with self._one_line_errors("read", name):
            try:
                return str(self._fs.info(self._full(name))["ETag"])
            except FileNotFoundError:
                return None

    def _full(self, name: str) -> str:
        """Return where a file is; raise RunFolderError if that is outside of the folder."""
        if "\0" in name or any(part in ("", ".", "..") for part in name.split("/")):
            raise RunFolderError(f"{name!r} is no name of a file in {self}: expected one without '..' and '//'.")
        if self.is_local:  # UTF-8 on the disk, whatever this system's encoding
            name = os.fsdecode(name.encode(errors="surrogateescape"))
        return f"{self._root.rstrip('/')}/{name}"

    def _check_writer(self) -> None:
        """Raise RunFolderError if this process must not write now."""

    def check_writable(self) -> None:
        """Raise RunFolderError if nothing can be written on such a file system."""
        if self._protocols & _READ_ONLY:
            raise RunFolderError(
                f"{self} can be read only: expected a folder, or a store that takes files (s3://…). "
                "Choose another --out."
            )

    def _make_root(self) -> None:
        Path(self._root).mkdir(parents=True, exist_ok=True)

    def _write_locally(self, path: Path, content: bytes) -> None:
        self._make_root()
        root = Path(self._root)
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

    def ids(self, shelf: Shelf) -> list[str]:
        """Return the ids of the chains or units that have a file on a shelf, sorted."""
        names = (name for name in self.entries(shelf.name) if name.endswith(shelf.suffix))
        return [name.removesuffix(shelf.suffix) for name in names]

    def entries(self, subfolder: str) -> list[str]:
        """Return the names of everything in a subfolder ("": the folder itself) that is not hidden, sorted."""
        self._fs.invalidate_cache()
        try:
            found = self._fs.ls(f"{self._root.rstrip('/')}/{subfolder}", detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        names = (path.rstrip("/").rsplit("/", 1)[-1] for path in found)
        return sorted(name for name in names if name[0] != ".")


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
