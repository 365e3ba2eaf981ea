"""Corpora: documents in, counts or numbers out."""

from typing import TYPE_CHECKING

from modelcollapse.lazy import importer

if TYPE_CHECKING:
    from modelcollapse.corpora.corpus import Corpus
    from modelcollapse.corpora.dense import DenseCorpus
    from modelcollapse.corpora.load import build_corpus, load_corpus, load_if_cached, locate_corpus, remove_corpus
    from modelcollapse.corpora.options import CorpusOptions

__all__ = [
    "Corpus", "CorpusOptions", "DenseCorpus", "build_corpus", "load_corpus", "load_if_cached", "locate_corpus",
    "remove_corpus",
]  # fmt: skip

__getattr__ = importer(
    __name__,
    {
        "corpus": ["Corpus"],
        "dense": ["DenseCorpus"],
        "options": ["CorpusOptions"],
        "load": [name for name in __all__ if name.islower()],
    },
)
