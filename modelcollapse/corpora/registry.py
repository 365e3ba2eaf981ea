"""Names a user gave to corpora built from files."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from modelcollapse.atomic import write_bytes
from modelcollapse.errors import CorpusError

_VALID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class NamedCorpus:
    """What a name stands for."""

    name: str
    key: str  # of the built corpus in the cache
    paths: list[str]  # absolute paths of the files it was built from
    options: dict[str, Any]  # the options it was built with


class NameRegister:
    """The names known in a cache directory, a small file each."""

    def __init__(self, root: Path) -> None:
        self._folder = root / "names"

    def get(self, name: str) -> NamedCorpus | None:
        """Return what a name stands for, if it is known."""
        if not _VALID.fullmatch(name):
            return None
        try:
            return NamedCorpus(**json.loads((self._folder / f"{name}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def put(self, entry: NamedCorpus) -> None:
        """Register a name, or replace what it stood for; raise CorpusError if it cannot be written or is not ours."""
        file = self._folder / f"{entry.name}.json"
        if file.exists() and self.get(entry.name) is None:
            raise CorpusError(f"{file} is not a name of a corpus: rename it, or choose another --name.")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_bytes(file, json.dumps(asdict(entry), indent=1).encode())
        except OSError as error:
            raise CorpusError(
                f"cannot write {file}: {error.strerror}. The corpus is built: make room there, or set "
                "MODELCOLLAPSE_CACHE to another folder, and give the same command again."
            ) from error

    def remove(self, name: str) -> None:
        """Forget a name, if it is known; raise CorpusError if its file cannot be removed."""
        if self.get(name) is None:
            return
        file = self._folder / f"{name}.json"
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise CorpusError(f"cannot remove {file}: {error.strerror}.") from error

    def all(self) -> list[NamedCorpus]:
        """All names, sorted."""
        entries = [self.get(path.stem) for path in sorted(self._folder.glob("*.json"))]
        return [entry for entry in entries if entry is not None]


def check_name(name: str, taken: tuple[str, ...]) -> None:
    """Raise CorpusError for a name that is no plain word, or that is taken by a corpus of the package."""
    if name in taken or name.startswith("synthetic"):
        raise CorpusError(f"the name {name!r} belongs to a corpus of this package. Choose another --name.")
    if not _VALID.fullmatch(name):
        raise CorpusError(f"{name!r} is not a name. Use letters, digits, '-', '_' and '.', beginning with a letter.")
