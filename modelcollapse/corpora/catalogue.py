"""What corpora there are: those of the package, named ones, and whatever else is cached."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modelcollapse.corpora.cache import CorpusCache
from modelcollapse.corpora.registry import NameRegister
from modelcollapse.corpora.sources.source import BUILT_IN
from modelcollapse.corpora.sources.synthetic import PREFIX


@dataclass(frozen=True)
class CatalogueEntry:
    """A corpus that can be loaded."""

    name: str  # what `load_corpus` and `remove_corpus` know it by
    what: str  # one line about it
    n_documents: int = 0  # in the cache; 0 if it is not there
    n_bytes: int = 0


@dataclass(frozen=True)
class Catalogue:
    """All corpora, and the folder of the cache."""

    folder: Path
    entries: list[CatalogueEntry]


def list_catalogue() -> Catalogue:
    """List the package's corpora first, then named ones, then what was built from files without a name."""
    cache = CorpusCache()
    cached = {entry.key: entry for entry in cache.entries()}
    entries = []
    for name, what in BUILT_IN.items():
        mine = [cached.pop(key) for key, entry in list(cached.items()) if entry.name == name]
        if not mine:
            entries.append(CatalogueEntry(name, what))
        entries += [CatalogueEntry(name, what, entry.n_documents, entry.n_bytes) for entry in mine]
    for named in NameRegister(cache.root).all():
        size = cached.pop(named.key, None)
        what = "from " + ", ".join(Path(path).name for path in named.paths)
        sizes = (size.n_documents, size.n_bytes) if size else (0, 0)
        entries.append(CatalogueEntry(named.name, what, *sizes))
    for entry in cached.values():
        made_up = entry.name.startswith(f"{PREFIX}:")
        name, what = (entry.name, "made up") if made_up else (entry.key, f"{entry.name}, built without a name")
        entries.append(CatalogueEntry(name, what, entry.n_documents, entry.n_bytes))
    return Catalogue(cache.folder, entries)
