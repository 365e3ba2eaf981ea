"""Draws synthetic reviews as counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from modelcollapse.corpora.cache import VOCABULARY_FILE
from modelcollapse.corpora.counting.npy_files import ArrayWriter, load_array
from modelcollapse.corpora.origin import BayesError, Lengths, Origin
from modelcollapse.corpora.progress import Progress
from modelcollapse.corpora.reading.read_report import ReadReport
from modelcollapse.corpora.sources.synthetic import PREFIX
from modelcollapse.corpora.sources.synthetic.language import Language, bayes_errors, stream
from modelcollapse.corpora.sources.synthetic.parameters import SyntheticParameters

#: Raised whenever the same parameters give other reviews than before.
GENERATOR_VERSION = 1

_DOCUMENTS_AT_ONCE = 50_000


@dataclass(frozen=True)
class SyntheticReviews:
    """A source of synthetic reviews with given statistics."""

    parameters: SyntheticParameters

    @property
    def name(self) -> str:
        """``synthetic:N``, with the parameters that are not the usual ones."""
        return self.parameters.name

    def identity(self) -> dict[str, Any]:
        """Parameters, and the version of what draws reviews from them."""
        return {
            "kind": PREFIX,
            "parameters": self.parameters.model_dump(mode="json"),
            "generator": GENERATOR_VERSION,
        }

    def build(self, folder: Path, workers: int | None, progress: Progress) -> Origin:
        """Draw all reviews and write them as counts, in this process: it takes seconds."""
        language = Language(self.parameters)
        documents = draw_documents(self.parameters, language.n_topics)
        used = np.zeros(self.parameters.vocabulary, bool)
        sizes = [np.zeros(1, np.int64)]
        errors = []
        all_words = folder / "words.tmp"
        with ArrayWriter(folder / "data.npy", np.int32) as data, ArrayWriter(all_words, np.int32) as indices:
            for counts in draw_counts(self.parameters, language, documents):
                data.append(counts.data)
                indices.append(counts.indices)
                used[counts.indices] = True
                sizes.append(np.diff(counts.indptr))
                log_odds = language.log_odds(counts, self.parameters.balance)
                errors.append(bayes_errors(log_odds, self.parameters.label_noise))
                progress("drawing reviews", sum(map(len, errors)) / self.parameters.documents)
        _keep_used(all_words, used, folder)
        np.save(folder / "indptr.npy", np.cumsum(np.concatenate(sizes)))
        np.save(folder / "labels.npy", documents.labels)
        words = [language.words[i] for i in np.flatnonzero(used)]
        (folder / VOCABULARY_FILE).write_text("".join(f"{word}\n" for word in words), encoding="utf-8", newline="\n")
        error = np.concatenate(errors)
        bayes_error = BayesError(float(error.mean()), float(error.std() / np.sqrt(len(error))))
        report = ReadReport(read=len(error), kept=len(error))
        return Origin(self.identity(), report, Lengths.of(documents.lengths), bayes_error)


@dataclass(frozen=True)
class Documents:
    """What is drawn of reviews before their words."""

    classes: npt.NDArray[np.uint8]  # that words are drawn for
    labels: npt.NDArray[np.uint8]  # classes that noise may have changed
    topics: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]  # number of words


def draw_documents(parameters: SyntheticParameters, n_topics: int) -> Documents:
    """Draw classes (exactly balanced as asked for, up to rounding), labels, topics and lengths."""
    n = parameters.documents
    classes = (np.arange(n) < round(parameters.balance * n)).astype(np.uint8)
    stream(parameters.seed, "classes").shuffle(classes)
    wrong = stream(parameters.seed, "noise").random(n) < parameters.label_noise
    topics = stream(parameters.seed, "topic of each").integers(n_topics, size=n)
    return Documents(classes, classes ^ wrong, topics, draw_lengths(parameters))


def draw_lengths(parameters: SyntheticParameters) -> npt.NDArray[np.int64]:
    """Draw the number of words of each document."""
    normals = stream(parameters.seed, "lengths").standard_normal(parameters.documents)
    lengths = np.rint(parameters.median_length * np.exp(parameters.length_spread * normals)).astype(np.int64)
    return np.maximum(lengths, 1)


def draw_counts(
    parameters: SyntheticParameters, language: Language, documents: Documents
) -> Iterator[sparse.csr_matrix]:
    """Yield the counts of some reviews at a time: every word is drawn independently given class and topic."""
    groups = [(label, topic) for label in (0, 1) for topic in range(language.n_topics)]
    thresholds = {group: language.thresholds(*group) for group in groups}
    n_words = parameters.vocabulary
    for first in range(0, parameters.documents, _DOCUMENTS_AT_ONCE):
        here = slice(first, first + _DOCUMENTS_AT_ONCE)
        lengths, draw = documents.lengths[here], stream(parameters.seed, f"words {first}")
        keys = []
        for label, topic in groups:
            chosen = np.flatnonzero((documents.classes[here] == label) & (documents.topics[here] == topic))
            limits = thresholds[label, topic]
            words = np.searchsorted(limits, draw.integers(limits[-1], size=int(lengths[chosen].sum())), "right")
            keys.append(np.repeat(chosen, lengths[chosen]) * n_words + words)
        distinct, counts = np.unique(np.concatenate(keys), return_counts=True)
        sizes = np.bincount(distinct // n_words, minlength=len(lengths))
        indptr = np.concatenate([[0], np.cumsum(sizes)])
        yield sparse.csr_matrix((counts, distinct % n_words, indptr), shape=(len(lengths), n_words))


def _keep_used(all_words: Path, used: npt.NDArray[np.bool_], folder: Path) -> None:
    """Renumber words so that those that never occur have no number."""
    numbers = np.cumsum(used) - 1
    words = load_array(all_words)
    with ArrayWriter(folder / "indices.npy", np.int32) as indices:
        for first in range(0, len(words), 1 << 24):
            indices.append(numbers[words[first : first + (1 << 24)]])
    np.save(folder / "term_orders.npy", np.ones(int(used.sum()), np.uint8))
    all_words.unlink()
