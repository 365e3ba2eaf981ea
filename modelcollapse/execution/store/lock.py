"""One driver at a time in a run's folder.

Locally the operating system keeps the lock: it ends with its process, however that ends. On an object store it is an
object that says who holds it, renewed while the holder lives: it spares a second driver the work of the first. Should
two start in the same moment, nothing is lost: both write the same chains, whole files at a time, the spec only over
what they have read (see `Files.update`), and the one whose object was replaced stops when it would renew it.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
import uuid
from pathlib import Path
from typing import IO, Any

from modelcollapse.errors import RunFolderError
from modelcollapse.execution.store.paths import PATHS

#: A holder renews its object this often; one that has not for so long is taken for dead.
RENEW_SECONDS = 15.0
STALE_SECONDS = 60.0

_POLL_SECONDS = 2.0

_held: set[str] = set()
_log = logging.getLogger(__name__)


class LocalLock:
    """The operating system's lock on a hidden file in a folder, which is made if it is not there.

    `location` is the run's folder as the user wrote it.
    """

    name = PATHS.local_lock

    def __init__(self, folder: Path, location: str) -> None:
        self._path, self._location = folder / self.name, location
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock; raise RunFolderError if another process holds it, or the file cannot be written."""
        import fcntl

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666), "r+")
        except OSError as error:
            raise RunFolderError(f"Cannot write {self._path}: {error.strerror}. Choose another --out.") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise _in_use_error(self._location) from None
        except OSError as error:
            file.close()
            raise RunFolderError(f"Cannot lock {self._path}: {error.strerror}. Choose another --out.") from None
        self._file = file
        try:
            self.check()
        except RunFolderError:
            self.release()
            raise

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def check(self) -> None:
        """Raise RunFolderError if the folder is not the one that was locked: it was moved, or the lock was removed."""
        assert self._file is not None
        try:
            is_there = os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
        except OSError:
            is_there = False
        if not is_there:
            raise RunFolderError(
                f"{self._location} was moved or removed while a sweep runs in it, so the sweep stops. Chains and "
                "checkpoints written until now are where the folder went: the same command with that --out goes on."
            )


class ObjectLock:
    """A sign on a store without locks that somebody works there: an object with host, process and time.

    `fs` is of fsspec, `path` the object's, and `location` the run's folder as the user wrote it.
    """

    name = PATHS.object_lock

    def __init__(self, fs: Any, path: str, location: str) -> None:
        self._fs, self._path, self._location = fs, path, location
        self._token = uuid.uuid4().hex
        self._stop = threading.Event()
        self._is_lost = False

    def acquire(self) -> None:
        """Take the lock and keep it alive; raise RunFolderError if somebody else is alive who holds it."""
        holder = self._read()
        if holder is not None:
            self._wait_for_the_end_of(holder)
        self._fs.pipe_file(self._path, self._content())
        _held.add(self._token)
        self._renewal = threading.Thread(target=self._renew, daemon=True)
        self._renewal.start()

    def release(self) -> None:
        """Give the lock back, if it is still held."""
        self._stop.set()
        self._renewal.join()
        _held.discard(self._token)
        if self._is_mine():
            self._fs.rm_file(self._path)

    def check(self) -> None:
        """Raise RunFolderError if another process has taken the lock over."""
        if self._is_lost:
            raise _in_use_error(self._location)

    def _content(self) -> bytes:
        about = {"token": self._token, "host": _host(), "process": os.getpid(), "time": time.time()}
        return json.dumps(about).encode()

    def _read(self) -> dict[str, Any] | None:
        """Return what the object says; None if there is none. A damaged one has the time 0: nobody renews it."""
        try:
            content = self._fs.cat_file(self._path)
        except FileNotFoundError:
            return None
        try:
            about = json.loads(content)
            return {
                "token": str(about["token"]), "host": str(about["host"]),
                "process": int(about["process"]), "time": float(about["time"]),
            }  # fmt: skip
        except (ValueError, KeyError, TypeError, RecursionError):
            return {"token": "", "host": "", "process": 0, "time": 0.0}

    def _is_mine(self) -> bool:
        found = self._read()
        return found is not None and found["token"] == self._token

    def _wait_for_the_end_of(self, holder: dict[str, Any]) -> None:
        """Return when a holder is known to be dead; raise RunFolderError when it shows a sign of life."""
        while time.time() - holder["time"] < STALE_SECONDS:
            alive = _is_alive(holder)
            if alive is False:
                return
            now = self._read()
            if alive or (now is not None and now != holder):
                raise _in_use_error(self._location, f" on {holder['host']}, process {holder['process']}")
            if now is None:
                return
            _log.warning("waiting: %s may still be in use by %s", self._location, holder["host"])
            time.sleep(_POLL_SECONDS)

    def _renew(self) -> None:
        while not self._stop.wait(RENEW_SECONDS):
            try:
                if not self._is_mine():
                    self._is_lost = True
                    return
                self._fs.pipe_file(self._path, self._content())
            except Exception:
                _log.warning("could not renew the lock on %s", self._location, exc_info=True)


def _is_alive(holder: dict[str, Any]) -> bool | None:
    """Return whether a holder's process lives; None if it is on another host."""
    if holder["host"] != _host():
        return None
    if holder["process"] == os.getpid():
        return holder["token"] in _held
    try:
        os.kill(holder["process"], 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _host() -> str:
    """Name this machine; names alone may be shared by many."""
    return f"{socket.gethostname()}-{uuid.getnode():012x}"


def _in_use_error(location: str, by: str = "") -> RunFolderError:
    return RunFolderError(
        f"Another process{by} is running a sweep in {location}: wait for it, or choose another --out."
    )
