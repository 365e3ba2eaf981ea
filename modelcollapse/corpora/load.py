"""`load_corpus`: one function for every source; `build_corpus`: files under a name of one's own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from modelcollapse.corpora.block_cache import BlockCache
from modelcollapse.corpora.cache import CorpusCache
from modelcollapse.corpora.catalogue import NamedCorpus, NameRegister, check_name
from modelcollapse.corpora.counting.npy_files import HASH_BYTES
from modelcollapse.corpora.dense import AnyCorpus, two_of_counts
from modelcollapse.corpora.option_fields import CorpusFields
from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.origin import Origin
from modelcollapse.corpora.progress import ShowProgress, show_progress
from modelcollapse.corpora.reading.tables import holds_numbers
from modelcollapse.corpora.sources.amazon import HUB_FILES, fetch
from modelcollapse.corpora.sources.numbers import SKLEARN, NumberFiles, SklearnData
from modelcollapse.corpora.sources.source import BUILT_IN, ReviewFiles, Source, movies_file
from modelcollapse.corpora.sources.synthetic import PREFIX
from modelcollapse.errors import CorpusError
from modelcollapse.fields import documented
from modelcollapse.names import is_file, means_file, printable, user_path


@documented(CorpusFields)
def load_corpus(
    name_or_path: str | Path = "movies",
    *,
    workers: int | None = None,
    progress: ShowProgress = None,
    **options: Any,
) -> AnyCorpus:
    """Load a corpus, building and caching it on first use.

    Parameters
    ----------
    name_or_path : str or Path
        A corpus of the package (see `BUILT_IN`), a name given to `build_corpus`, or a file. Names come first: for a
        file that has the name of a corpus give ``./name``, or a Path.
    workers : int, optional
        Processes to clean text in; by default one for each processor. The result does not depend on it.
    progress : bool or callable, optional
        Whether to show a progress bar; by default on a terminal or in a notebook only. Or who is called instead, with
        what is being done and the fraction of it that is done.
    **options
        {fields}

    Returns
    -------
    Corpus or DenseCorpus
        With memory-mapped arrays.

    Raises
    ------
    CorpusError
        If there is no such corpus, or it cannot be built.

    Examples
    --------
    >>> from modelcollapse import load_corpus
    >>> corpus = load_corpus("synthetic:100,seed=3", progress=False)
    >>> corpus.n_documents, corpus.counts.shape[0], corpus.name
    (100, 100, 'synthetic:100,seed=3')
    """
    parsed = CorpusOptions.parse(**options)
    found = _find(name_or_path, parsed, tell=True)
    if isinstance(found, NamedCorpus):
        return _load_named(found, parsed, workers, progress)
    return _load(found, workers, progress)


def locate_corpus(name_or_path: str | Path) -> str:
    """Return what `load_corpus` takes in a form that means the same from every working directory."""
    if not _is_file(name_or_path):
        return str(name_or_path)
    path = user_path(str(name_or_path))
    return str(path.absolute()) if is_file(path) else str(name_or_path)


def load_if_cached(name_or_path: str | Path, **options: Any) -> AnyCorpus | None:
    """Load a corpus as `load_corpus` does if it has been built, else return None: nothing is built or downloaded."""
    try:
        found = _find(name_or_path, CorpusOptions.parse(**options))
        return CorpusCache().load(found.key if isinstance(found, NamedCorpus) else _key(found), found.name)
    except CorpusError:
        return None


def build_corpus(
    paths: str | Path | Sequence[str | Path],
    name: str | None = None,
    *,
    workers: int | None = None,
    text_file: str | Path | None = None,
    progress: ShowProgress = None,
    **options: Any,
) -> AnyCorpus:
    """Build a corpus from files and give it a name, or build one of the package's ahead of its first use.

    Parameters
    ----------
    paths : str, Path or sequence of these
        Files, read in this order; or one corpus of the package.
    name : str, optional
        What `load_corpus` knows it by from then on: letters, digits, ``-``, ``_`` and ``.``. Several files need one.
    text_file : str or Path, optional
        Also write the reviews of a synthetic corpus as text to this CSV file.
    workers, progress, **options
        As for `load_corpus`.

    Returns
    -------
    Corpus or DenseCorpus
        With memory-mapped arrays.

    Raises
    ------
    CorpusError
        If the name is not valid, or the corpus cannot be built or written.

    Examples
    --------
    >>> from modelcollapse.corpora import build_corpus
    >>> build_corpus("synthetic:100", progress=False).n_documents
    100
    """
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    if not files:
        raise CorpusError(f"found no file to build {repr(name) if name else 'a corpus'} from, expected one or more.")
    if name is not None:
        corpus = _build_named(files, name, CorpusOptions.parse(**options), workers, progress)
    elif len(files) == 1:
        corpus = load_corpus(files[0], workers=workers, progress=progress, **options)
    else:
        raise CorpusError("several files make one corpus only under a name. Add --name NAME.")
    if text_file is not None:
        from modelcollapse.corpora.sources.synthetic.text import write_reviews

        write_reviews(two_of_counts(corpus, "text_file"), user_path(str(text_file)))
    return corpus


def _build_named(
    files: list[str | Path], name: str, options: CorpusOptions, workers: int | None, progress: ShowProgress
) -> AnyCorpus:
    check_name(name)
    absolute = [Path(path).expanduser().absolute() for path in files]
    source = _files(absolute, options, name)
    corpus = _load(source, workers, progress)
    entry = NamedCorpus(name, _key(source), [str(path) for path in absolute], options.model_dump(mode="json"))
    NameRegister().put(entry)
    return corpus


def remove_corpus(name: str) -> int:
    """Remove a corpus from the cache by its name or key, and its name; return how many bytes were freed.

    A corpus of the package is removed with whatever options it was built, and with what was downloaded for it; any with
    its blocks for text generation, too. Files of the user are never touched. Raise CorpusError if nothing of this name
    is cached, or it cannot be removed.
    """
    caches = (CorpusCache(), BlockCache())
    names = NameRegister()
    named = names.get(name)
    wanted = (named.key, name) if named else (name,)
    found = [
        (cache, entry)
        for cache in caches
        for entry in cache.entries()
        if entry.key in wanted or (entry.name == name and (named is None or entry.block_length))
    ]
    downloads = _downloaded(name)
    if not found and not downloads and named is None:
        raise CorpusError(f"no corpus {name!r} is cached. See: modelcollapse corpus list")
    in_use = {entry.key for entry in names.all() if entry != named}
    gone = [(cache, entry) for cache, entry in found if entry.key not in in_use]
    for cache, entry in gone:
        cache.remove(entry.key)
    freed = sum(entry.n_bytes for _, entry in gone) + sum(file.stat().st_size for file in downloads)
    for file in downloads if named is None else [*downloads, names.path(name)]:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise CorpusError(f"cannot remove {file}: {error.strerror}.") from error
    return freed


def _downloaded(name: str) -> list[Path]:
    """Return what was downloaded for a corpus, in part or whole."""
    whole = [_downloads(name) / Path(file.path).name for file in HUB_FILES.get(name, ())]
    return [file for path in whole for file in (path, path.with_name(path.name + ".part")) if file.is_file()]


def _other_options(named: NamedCorpus, options: CorpusOptions) -> str:
    """Say which options were given that a corpus was not built with."""
    asked, built = options.model_dump(exclude_unset=True), CorpusOptions.parse(**named.options).model_dump()
    return "; ".join(f"{key} {built[key]!r}, not {asked[key]!r}" for key in asked if asked[key] != built[key])


def _load_named(named: NamedCorpus, options: CorpusOptions, workers: int | None, progress: ShowProgress) -> AnyCorpus:
    if other := _other_options(named, options):
        raise CorpusError(
            f"the corpus {named.name!r} was built with other options: {other}. Leave them out, or build it anew: "
            f"modelcollapse corpus build FILE … --name {named.name}"
        )
    if (corpus := CorpusCache().load(named.key, named.name)) is not None:
        return corpus
    source = _named_files(named)
    if _key(source) != named.key:
        raise CorpusError(
            f"the corpus {named.name!r} is no longer in the cache and its files have changed since. "
            f"Build it anew: modelcollapse corpus build {' '.join(named.paths)} --name {named.name}"
        )
    return _load(source, workers, progress)


def _downloads(name: str) -> Path:
    return CorpusCache().root / "downloads" / name


def _is_file(name_or_path: str | Path, tell: bool = False) -> bool:
    """Whether a file is meant, not a corpus that has a name."""
    if isinstance(name_or_path, Path):
        return True
    if not isinstance(name_or_path, str) or not name_or_path.strip():  # a spec file may hold anything
        raise CorpusError(f"corpus: found {name_or_path!r}, expected a corpus' name or a file.")
    is_name = name_or_path in BUILT_IN or name_or_path.startswith((f"{PREFIX}:", f"{SKLEARN}:"))
    known = is_name or NameRegister().get(name_or_path) is not None
    return means_file(name_or_path, known, tell)


def _find(name_or_path: str | Path, options: CorpusOptions, tell: bool = False) -> NamedCorpus | Source:
    """Return what a name or path means: names come before files."""
    name = str(name_or_path)
    if _is_file(name_or_path, tell):
        path = user_path(name)
        if not os.path.exists(path):
            known = [*BUILT_IN, *(entry.name for entry in NameRegister().all())]
            raise CorpusError(f"no corpus and no file {name!r}. Known corpora: {', '.join(known)}.")
        return _files([path], options)
    named = None if name in BUILT_IN else NameRegister().get(name)
    return _of_package(name, options) if named is None else named


def find_source(name_or_path: str | Path, options: dict[str, Any]) -> Source:
    """Return what a corpus is made from; raise CorpusError if there is no such corpus.

    A name means the options that it was given with: others are told to do nothing, since runs are stored that say them.
    """
    parsed = CorpusOptions.parse(**options)
    found = _find(name_or_path, parsed, tell=True)
    if not isinstance(found, NamedCorpus):
        return found
    if other := _other_options(found, parsed):
        message = f"The corpus {found.name!r} is read with the options that it was built with: {other}."
        sys.stderr.write(f"{printable(message)}\n")
    return _named_files(found)


def _of_package(name: str, options: CorpusOptions) -> Source:
    if name == "movies":
        return ReviewFiles.at([movies_file()], options, "movies")
    if name in HUB_FILES:
        hashes = tuple(file.identity for file in HUB_FILES[name])
        return ReviewFiles(name, options, hashes, partial(fetch, name, _downloads(name)))
    if name.startswith(f"{SKLEARN}:"):
        if options != CorpusOptions():
            raise CorpusError(f"{name!r} comes as numbers, not in a file: options for reading do not apply to it.")
        return SklearnData.parse(name)
    if options != CorpusOptions():
        raise CorpusError(f"{name!r} is made of counts, not text: options for reading and cleaning do not apply to it.")
    from modelcollapse.corpora.sources.synthetic.parameters import SyntheticParameters
    from modelcollapse.corpora.sources.synthetic.reviews import SyntheticReviews

    return SyntheticReviews(SyntheticParameters.parse(name))


def _named_files(named: NamedCorpus) -> Source:
    return _files([Path(path) for path in named.paths], CorpusOptions.parse(**named.options), named.name)


def _files(paths: list[Path], options: CorpusOptions, name: str | None = None) -> Source:
    """Return files as what they hold: texts, or numbers."""
    if all(path.is_file() for path in paths) and holds_numbers(paths[0], options):
        return NumberFiles.at(paths, options, name)
    return ReviewFiles.at(paths, options, name)


def _key(source: Source) -> str:
    return cache_key(source.identity())


def cache_key(identity: Mapping[str, Any]) -> str:
    """Return the key in the cache: a hash of everything that a corpus depends on."""
    return blake2b(json.dumps(identity, sort_keys=True).encode(), digest_size=HASH_BYTES).hexdigest()


def _load(source: Source, workers: int | None, progress: ShowProgress) -> AnyCorpus:
    return CorpusCache().get_or_build(_key(source), source.name, partial(_build, source, workers, progress))


def _build(source: Source, workers: int | None, progress: ShowProgress, folder: Path) -> Origin:
    with show_progress(progress) as show:
        return source.build(folder, workers, show)
