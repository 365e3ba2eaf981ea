"""`load_corpus`: one function for every source; `build_corpus`: files under a name of one's own."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from modelcollapse.corpora.amazon import HUB_FILES, fetch
from modelcollapse.corpora.arrays import HASH_BYTES
from modelcollapse.corpora.cache import BrokenCorpusError, CorpusCache
from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.movies import movies_file
from modelcollapse.corpora.names import NamedCorpus, NameRegister, check_name
from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.progress import Progress, show_progress
from modelcollapse.corpora.sources import BUILT_IN, ReviewFiles, Source
from modelcollapse.corpora.synthetic import PREFIX
from modelcollapse.errors import CorpusError


def load_corpus(
    name_or_path: str | Path = "movies",
    *,
    workers: int | None = None,
    progress: bool | Progress | None = None,
    **options: Any,
) -> Corpus:
    """Load a corpus, building and caching it on first use.

    Parameters
    ----------
    name_or_path : str or Path
        A corpus of the package (see `BUILT_IN`), a name given to `build_corpus`, or a file.
    workers : int, optional
        Processes to clean text in; by default one for each processor. The result does not depend on it.
    progress : bool or callable, optional
        Whether to show a progress bar; by default on a terminal only. See `show_progress`.
    **options
        How to read and count, see `CorpusOptions`.

    Returns
    -------
    Corpus
        With memory-mapped arrays.

    Raises
    ------
    CorpusError
        If there is no such corpus, or it cannot be built.
    """
    named = NameRegister(CorpusCache().root).get(str(name_or_path))
    if named is not None and str(name_or_path) not in BUILT_IN:
        return _load_named(named, options, workers, progress)
    return _load(_find_source(name_or_path, CorpusOptions.parse(**options)), workers, progress)


def load_if_cached(name_or_path: str | Path, **options: Any) -> Corpus | None:
    """Load a corpus as `load_corpus` does if it has been built, else return None: nothing is built or downloaded."""
    register, cache = NameRegister(CorpusCache().root), CorpusCache()
    named = register.get(str(name_or_path)) if str(name_or_path) not in BUILT_IN else None
    try:
        if named is not None:
            return cache.load(named.key, named.name)
        source = _find_source(name_or_path, CorpusOptions.parse(**options))
        return cache.load(_key(source), source.name)
    except (FileNotFoundError, BrokenCorpusError, CorpusError):
        return None


def build_corpus(
    paths: Sequence[str | Path],
    name: str,
    *,
    workers: int | None = None,
    progress: bool | Progress | None = None,
    **options: Any,
) -> Corpus:
    """Build a corpus from one or more files and give it a name that `load_corpus` knows from then on.

    Parameters
    ----------
    paths : sequence of str or Path
        Files, read in this order.
    name : str
        Letters, digits, ``-``, ``_`` and ``.``.
    workers, progress, **options
        As for `load_corpus`.

    Raises
    ------
    CorpusError
        If the name is not valid or the corpus cannot be built.
    """
    check_name(name, tuple(BUILT_IN))
    parsed = CorpusOptions.parse(**options)
    absolute = [Path(path).expanduser().absolute() for path in paths]
    source = ReviewFiles.at(absolute, parsed, name)
    corpus = _load(source, workers, progress)
    entry = NamedCorpus(name, _key(source), [str(path) for path in absolute], parsed.model_dump(mode="json"))
    NameRegister(CorpusCache().root).put(entry)
    return corpus


def remove_corpus(name: str) -> int:
    """Remove a corpus from the cache, and its name if it has one. Files of the user are never touched.

    Parameters
    ----------
    name : str
        A name, or a key in the cache. A corpus of the package is removed with whatever options it was
        built, and with what was downloaded for it.

    Returns
    -------
    int
        Bytes that were freed.

    Raises
    ------
    CorpusError
        If nothing of this name is cached.
    """
    cache = CorpusCache()
    names = NameRegister(cache.root)
    named = names.get(name)
    found = [e for e in cache.entries() if (e.key == named.key if named else name in (e.name, e.key))]
    downloads = list(_downloads(name).glob("*")) if name in HUB_FILES else []
    if not found and not downloads and named is None:
        raise CorpusError(f"no corpus {name!r} is cached. See: modelcollapse corpus list")
    if named is not None:
        names.remove(name)
    in_use = {entry.key for entry in names.all()}
    gone = [entry for entry in found if entry.key not in in_use]
    for entry in gone:
        cache.remove(entry.key)
    freed = sum(entry.n_bytes for entry in gone) + sum(file.stat().st_size for file in downloads)
    for file in downloads:
        file.unlink()
    return freed


def _load_named(
    named: NamedCorpus, options: dict[str, Any], workers: int | None, progress: bool | Progress | None
) -> Corpus:
    asked, built = (CorpusOptions.parse(**values).model_dump() for values in (options, named.options))
    if other := [f"{name} {built[name]!r}, not {asked[name]!r}" for name in options if asked[name] != built[name]]:
        raise CorpusError(
            f"the corpus {named.name!r} was built with other options: {'; '.join(other)}. Leave them out, or build it "
            f"anew: modelcollapse corpus build FILE … --name {named.name}"
        )
    try:
        return CorpusCache().load(named.key, named.name)
    except (FileNotFoundError, BrokenCorpusError):
        source = ReviewFiles.at([Path(p) for p in named.paths], CorpusOptions.parse(**named.options), named.name)
        if _key(source) != named.key:
            raise CorpusError(
                f"the corpus {named.name!r} is no longer in the cache and its files have changed since. "
                f"Build it anew: modelcollapse corpus build {' '.join(named.paths)} --name {named.name}"
            ) from None
        return _load(source, workers, progress)


def _synthetic(name: str, options: CorpusOptions) -> Source:
    if options != CorpusOptions():
        raise CorpusError(f"{name!r} is made of counts, not text: options for reading and cleaning do not apply to it.")
    from modelcollapse.corpora.synthetic.parameters import SyntheticParameters
    from modelcollapse.corpora.synthetic.reviews import SyntheticReviews

    return SyntheticReviews(SyntheticParameters.parse(name))


def _downloads(name: str) -> Path:
    return CorpusCache().root / "downloads" / name


def _find_source(name_or_path: str | Path, options: CorpusOptions) -> Source:
    name_or_path = str(name_or_path)
    if name_or_path == "movies":
        return ReviewFiles.at([movies_file()], options, "movies")
    if name_or_path in HUB_FILES:
        hashes = tuple(file.identity for file in HUB_FILES[name_or_path])
        return ReviewFiles(name_or_path, options, hashes, partial(fetch, name_or_path, _downloads(name_or_path)))
    if name_or_path.startswith(f"{PREFIX}:"):
        return _synthetic(name_or_path, options)
    path = Path(name_or_path).expanduser()
    if not path.exists():
        names = [*BUILT_IN, *(entry.name for entry in NameRegister(CorpusCache().root).all())]
        raise CorpusError(f"no corpus and no file {name_or_path!r}. Known corpora: {', '.join(names)}.")
    return ReviewFiles.at([path], options)


def _key(source: Source) -> str:
    """Key in the cache: a hash of everything the corpus depends on."""
    return blake2b(json.dumps(source.identity(), sort_keys=True).encode(), digest_size=HASH_BYTES).hexdigest()


def _load(source: Source, workers: int | None, progress: bool | Progress | None) -> Corpus:
    key = _key(source)
    build = partial(_build, source, workers, progress)
    return CorpusCache().get_or_build(key, source.name, build, _say_waiting)


def _build(source: Source, workers: int | None, progress: bool | Progress | None, folder: Path) -> dict[str, Any]:
    with show_progress(progress) as show:
        return {"source": source.identity(), **source.build(folder, workers, show)}


def _say_waiting() -> None:
    print("Another process is building this corpus; waiting for it.", file=sys.stderr)  # noqa: T201
