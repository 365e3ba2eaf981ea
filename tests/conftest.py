"""Generated reviews and the corpus made of them: small, deterministic, learnable."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from matplotlib.figure import Figure
from sklearn.feature_extraction.text import CountVectorizer

from modelcollapse.corpora.corpus import Corpus

# a shell that runs the tests in the background tells them to ignore it
signal.signal(signal.SIGINT, signal.default_int_handler)

#: No example fails for the time that it takes: nothing depends on timing.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@dataclass(frozen=True)
class Reviews:
    """Token lists and labels."""

    documents: list[list[str]]
    labels: list[int]


def make_reviews(n_documents: int, seed: int = 0, n_words: int = 600) -> Reviews:
    """Draw words from a Zipf law that leans towards some words in positive documents and others in negative ones."""
    random = np.random.default_rng(seed)
    words = [f"word{i:04d}" for i in random.permutation(n_words)]
    base = 1 / np.arange(3, n_words + 3)
    lean = np.where(np.arange(n_words) % 5 == 0, 2.0, np.where(np.arange(n_words) % 5 == 1, 0.5, 1.0))
    labels = random.integers(0, 2, n_documents).tolist()
    documents = []
    for label in labels:
        weights = base * (lean if label else 1 / lean)
        length = 1 + random.poisson(14)
        documents.append([words[i] for i in random.choice(n_words, size=length, p=weights / weights.sum())])
    return Reviews(documents, labels)


def make_corpus(reviews: Reviews, name: str = "generated", ngrams: int = 1) -> Corpus:
    """Count words the plain way."""
    vectorizer = CountVectorizer(ngram_range=(1, ngrams))
    counts = vectorizer.fit_transform([" ".join(tokens) for tokens in reviews.documents])
    counts.sort_indices()
    terms = vectorizer.get_feature_names_out()
    labels = np.array(reviews.labels, dtype=np.uint8)
    return Corpus(
        data=counts.data.astype(np.int32),
        indices=counts.indices.astype(np.int32),
        indptr=counts.indptr.astype(np.int64),
        labels=labels,
        term_orders=np.array([term.count(" ") + 1 for term in terms], dtype=np.uint8),
        fingerprint=f"{name}-{len(labels)}-{ngrams}-{labels.tobytes().hex()[:64]}",
        name=name,
    )


@pytest.fixture(scope="session")
def reviews() -> Reviews:
    return make_reviews(1500)


@pytest.fixture(scope="session")
def corpus(reviews: Reviews) -> Corpus:
    return make_corpus(reviews)


@pytest.fixture(scope="session")
def rows_of() -> Callable[[Sequence[object]], list[dict[str, object]]]:
    """Return rows as dictionaries without the columns that measure time."""
    from dataclasses import asdict

    def deterministic(results: Sequence[object]) -> list[dict[str, object]]:
        rows = (asdict(result.row) for result in results)  # type: ignore[attr-defined]
        return [{key: value for key, value in row.items() if not key.endswith("_seconds")} for row in rows]

    return deterministic


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    """Serve an empty S3 bucket on this machine."""
    import fsspec
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        fs = fsspec.filesystem("s3", skip_instance_cache=True)
        fs.mkdir("bucket")
        yield "s3://bucket"
    server.stop()


@pytest.fixture(scope="session", autouse=True)
def _coarse_pictures() -> Iterator[None]:
    """Draw fewer pixels than people are given: pictures are most of the time that tests of commands take."""
    from modelcollapse.analysis.figures import style

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(style._SETTINGS, "savefig.dpi", 60)
        yield


@pytest.fixture
def _blank_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save blank figures, with what tells that they are ours: drawing is most of the time that a report takes."""
    _save_blank_figures(monkeypatch, lambda figure: None)


@pytest.fixture
def _drawn_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay figures out and draw them, so that all errors are raised, but save blank ones: half of the time."""
    _save_blank_figures(monkeypatch, Figure.draw_without_rendering)


def _save_blank_figures(monkeypatch: pytest.MonkeyPatch, before: Callable[[Figure], None]) -> None:
    original = Figure.savefig

    def savefig(figure: Figure, file: Any, *, format: str, metadata: Any, **options: Any) -> None:
        before(figure)
        original(Figure(figsize=(1, 1)), file, format=format, metadata=metadata)

    monkeypatch.setattr(Figure, "savefig", savefig)
