"""Sources of numbers: files with tables or vectors, and what comes with scikit-learn."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.cache import VOCABULARY_FILE, write_names
from modelcollapse.corpora.counting.build import choose, write_labels
from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.origin import Origin
from modelcollapse.corpora.progress import Progress
from modelcollapse.corpora.reading.batches import RowBatch
from modelcollapse.corpora.reading.labels import LabelColumn
from modelcollapse.corpora.reading.read_report import ReadReport
from modelcollapse.corpora.reading.tables import Found, read_numbers
from modelcollapse.corpora.sources.source import hash_files
from modelcollapse.errors import CorpusError

#: Raised whenever the same files and options give other numbers than before.
NUMBERS_VERSION = 1

#: Options that are about text alone.
_OF_TEXT = ("text_column", "lemmatize", "stopwords", "ngrams")

#: What precedes the name of a data set of scikit-learn's.
SKLEARN = "sklearn"

#: Data sets that come with scikit-learn; and one that is drawn, with what is not its own default there.
_LOADED = ("digits", "breast_cancer", "wine", "iris")
_DRAWN = "make_classification"
_DRAWN_AS: Mapping[str, Any] = {
    "n_samples": 20_000, "n_features": 20, "n_informative": 10, "n_redundant": 4, "n_clusters_per_class": 2,
    "flip_y": 0.05, "random_state": 0,
}  # fmt: skip


@dataclass(frozen=True)
class NumberFiles:
    """Files with labelled rows of numbers."""

    name: str  # what the corpus is called
    options: CorpusOptions  # how to read
    hashes: tuple[str, ...]  # of each file's content, the labels' last
    paths: tuple[Path, ...]

    @classmethod
    def at(cls, paths: Sequence[Path], options: CorpusOptions, name: str | None = None) -> NumberFiles:
        """Take files that are there; raise CorpusError if one is not, or an option is about text."""
        idle = [option for option in _OF_TEXT if getattr(options, option) != CorpusOptions.model_fields[option].default]
        if idle:
            raise CorpusError(
                f"{idle[0]}: {paths[0].name} is read as numbers, where options for text do not apply. Leave it out"
                f"{', or leave out feature_columns' if options.feature_columns else ''}."
            )
        if options.labels_file is not None and len(paths) > 1:
            raise CorpusError(f"labels_file: found {len(paths)} files with vectors, expected one.")
        files = [*paths, *([Path(options.labels_file)] if options.labels_file else [])]
        return cls(name or paths[0].stem.split(".")[0], options, hash_files(files), tuple(paths))

    def identity(self) -> dict[str, Any]:
        """Files, options, and the version of what reads them."""
        return {
            "kind": "numbers",
            "files": list(self.hashes),
            "options": {name: v for name, v in self.options.identity().items() if name not in _OF_TEXT},
            "pipeline": NUMBERS_VERSION,
        }

    def build(self, folder: Path, workers: int | None, progress: Progress) -> Origin:
        """Read all rows."""
        report = ReadReport()
        found: list[Found] = []
        for number, path in enumerate(self.paths, start=1):
            found += read_numbers(path, self.options, report)
            progress("reading numbers", number, len(self.paths))
        columns = found[0].columns
        if other := next((f for f in found if f.columns != columns), None):
            raise CorpusError(
                f"files have other columns: {_differing(columns, other.columns)}. Say --feature-columns, or build a "
                "corpus of each."
            )
        write_numbers(found, report, self.options, folder)
        return Origin(self.identity(), report, None)


def _differing(some: Sequence[str], others: Sequence[str]) -> str:
    one_sided = [name for name in (*some, *others) if (name in some) != (name in others)]
    return f"{one_sided[0]!r} is not in all of them" if one_sided else "their order differs"


def write_numbers(found: Sequence[Found], report: ReadReport, options: CorpusOptions, folder: Path) -> None:
    """Write labelled numbers as a corpus; complete the report. Raise CorpusError if labels are no classes."""
    labels = LabelColumn(options.keep_stars, options.keep_going)
    for part, file in zip(found, report.files, strict=True):
        lines = list(range(1, len(part.labels) + 1))
        labels.add(RowBatch(file["file"], part.are_ratings, labels=part.labels, lines=lines))
    classes = labels.classes(report)
    features = np.concatenate([part.features for part in found]) if len(found) > 1 else found[0].features
    keep = choose(classes, lambda there: _repeated(features[there]), report, options)
    np.save(folder / "features.npy", features[keep].astype("<f4", copy=False))
    write_labels(classes, keep, folder)
    write_names(folder / VOCABULARY_FILE, found[0].columns)
    report.kept = int(keep.sum())


def _repeated(features: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Mark all but the first of equal rows."""
    rows = np.ascontiguousarray(features).view(np.dtype((np.void, features.itemsize * features.shape[1]))).ravel()
    repeated = np.ones(len(rows), bool)
    repeated[np.unique(rows, return_index=True)[1]] = False
    return repeated


@dataclass(frozen=True)
class SklearnData:
    """A data set that comes with scikit-learn, or that it draws."""

    name: str
    data_set: str
    options: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def parse(cls, name: str) -> SklearnData:
        """Read ``sklearn:digits`` or ``sklearn:make_classification,n_samples=5000``.

        Raise CorpusError if there is no such data set or option.
        """
        data_set, *options = name.removeprefix(f"{SKLEARN}:").split(",")
        if data_set not in (*_LOADED, _DRAWN):
            known = ", ".join(f"{SKLEARN}:{each}" for each in (*_LOADED, _DRAWN))
            raise CorpusError(f"no corpus {name!r}. scikit-learn brings: {known}.")
        if data_set in _LOADED and options:
            raise CorpusError(f"{name!r}: {data_set} has no options, found {options[0]!r}.")
        given = dict(_option(name, word) for word in options)
        return cls(name, data_set, tuple(sorted({**_DRAWN_AS, **given}.items())) if data_set == _DRAWN else ())

    def identity(self) -> dict[str, Any]:
        """Return the data set, its options and the version of the library."""
        release = ".".join(version("scikit-learn").split(".")[:2])
        return {"kind": SKLEARN, "data_set": self.data_set, "parameters": dict(self.options), "version": release}

    def build(self, folder: Path, workers: int | None, progress: Progress) -> Origin:
        """Load or draw it."""
        from sklearn import datasets

        if self.data_set == _DRAWN:
            make: Callable[..., Any] = datasets.make_classification
            try:
                features, target = make(**dict(self.options))
            except (TypeError, ValueError) as error:
                raise CorpusError(f"{self.name!r}: {' '.join(str(error).split())}") from error
            columns, names = [f"x{i}" for i in range(features.shape[1])], [str(c) for c in range(target.max() + 1)]
        else:
            bunch = getattr(datasets, f"load_{self.data_set}")()
            features, target = bunch.data, bunch.target
            columns, names = [str(name) for name in bunch.feature_names], [str(name) for name in bunch.target_names]
        report = ReadReport(read=len(target), files=[{"file": self.name, "form": "scikit-learn"}])
        found = Found(np.ascontiguousarray(features, np.float32), columns, [names[c] for c in target], False)
        write_numbers([found], report, CorpusOptions(), folder)
        return Origin(self.identity(), report, None)


def _option(name: str, word: str) -> tuple[str, Any]:
    """Return an option of what is drawn, as ``n_samples=5000``."""
    from sklearn.datasets import make_classification

    key, _, text = word.partition("=")
    known = [option for option in inspect.signature(make_classification).parameters if option != "return_X_y"]
    if key not in known:
        raise CorpusError(f"{name!r}: found the option {key!r}, expected one of {', '.join(known)}.")
    try:
        return key, int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        raise CorpusError(f"{name!r}: found {word!r}, expected a number, as n_samples=5000.") from None
