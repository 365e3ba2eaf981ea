"""What corpora there are: those of the package, those that a user gave a name, and whatever else is cached."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from modelcollapse.atomic import write_bytes
from modelcollapse.corpora.block_cache import BlockCache
from modelcollapse.corpora.cache import CacheEntry, CorpusCache, default_cache
from modelcollapse.corpora.sources.numbers import SKLEARN
from modelcollapse.corpora.sources.source import BUILT_IN
from modelcollapse.corpora.sources.synthetic import PREFIX
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

    def __init__(self) -> None:
        self._folder = default_cache() / "names"

    def path(self, name: str) -> Path:
        """File of a name that may or may not be known."""
        return self._folder / f"{name}.json"

    def get(self, name: str) -> NamedCorpus | None:
        """Return what a name stands for, if it is known."""
        if not _VALID.fullmatch(name):
            return None
        try:
            return NamedCorpus(**json.loads(self.path(name).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def put(self, entry: NamedCorpus) -> None:
        """Register a name, or replace what it stood for; raise CorpusError if it cannot be written or is not ours."""
        file = self.path(entry.name)
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

    def all(self) -> list[NamedCorpus]:
        """All names, sorted."""
        entries = [self.get(path.stem) for path in sorted(self._folder.glob("*.json"))]
        return [entry for entry in entries if entry is not None]


def check_name(name: str) -> None:
    """Raise CorpusError for a name that is no plain word, or that is taken by a corpus of the package."""
    if name in BUILT_IN or name.startswith(("synthetic", SKLEARN)):
        raise CorpusError(f"the name {name!r} belongs to a corpus of this package. Choose another --name.")
    if not _VALID.fullmatch(name):
        raise CorpusError(f"{name!r} is not a name. Use letters, digits, '-', '_' and '.', beginning with a letter.")


class CatalogueEntry(NamedTuple):
    """A corpus that can be loaded."""

    name: str  # what `load_corpus` and `remove_corpus` know it by
    what: str  # one line about it
    cached: CacheEntry | None  # nothing if it is not there


def list_catalogue() -> list[CatalogueEntry]:
    """List the package's corpora first, then named ones, what was built from files without a name, and blocks."""
    cached = {entry.key: entry for entry in CorpusCache().entries()}
    entries = []
    for name, what in BUILT_IN.items():
        mine = [cached.pop(key) for key, entry in list(cached.items()) if entry.name == name]
        entries += [CatalogueEntry(name, what, entry) for entry in mine] or [CatalogueEntry(name, what, None)]
    for named in NameRegister().all():
        what = "from " + ", ".join(Path(path).name for path in named.paths)
        entries.append(CatalogueEntry(named.name, what, cached.pop(named.key, None)))
    for entry in cached.values():
        ours = {PREFIX: "made up", SKLEARN: "of scikit-learn"}.get(entry.name.partition(":")[0])
        name, what = (entry.name, ours) if ours else (entry.key, f"{entry.name}, built without a name")
        entries.append(CatalogueEntry(name, what, entry))
    named_ones = {*BUILT_IN, *(entry.name for entry in entries)}
    for entry in BlockCache().entries():
        is_known = entry.name in named_ones or entry.name.partition(":")[0] in (PREFIX, SKLEARN)
        what = f"{entry.n_blocks:,} blocks of {entry.block_length} words, for text generation"
        name, what = (entry.name, what) if is_known else (entry.key, f"{entry.name}: {what}")
        entries.append(CatalogueEntry(name, what, entry))
    return entries
