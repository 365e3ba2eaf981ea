"""Local files are written as a whole: a reader, and whoever comes after a crash, finds the old file or the new one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: What `replacing` calls a file that is not complete: hidden, and named by the process that writes it.
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.\d+\.tmp")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to, and put it in a file's place when the block ends without an error.

    A link stays a link: the file it leads to is replaced. What is no regular file (``/dev/stdout``, a pipe) cannot be
    replaced and is written to as it is. The folder must exist. The temporary file is beside the file, and gone
    afterwards whatever happens. Raise OSError if it cannot be written; what was there before is still there.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(path))
    if target.exists() and not target.is_file():
        yield target
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file's content, as `replacing` does."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def unfinished(folder: Path, names: re.Pattern[str]) -> Iterator[Path]:
    """Yield what writers that were killed left half-written in a folder of files whose names match."""
    for path in folder.glob(".*.tmp"):
        found = _TEMPORARY.fullmatch(path.name)
        if found and names.fullmatch(found["name"]):
            yield path


def readable(name: str) -> str:
    """Return a file's name as text: one that this system's encoding cannot read is read as UTF-8."""
    return os.fsencode(name).decode(errors="replace")
