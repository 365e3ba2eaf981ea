"""Corpora: documents in, counts out."""

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.load import build_corpus, load_corpus, locate_corpus, remove_corpus
from modelcollapse.corpora.options import CorpusOptions

__all__ = ["Corpus", "CorpusOptions", "build_corpus", "load_corpus", "locate_corpus", "remove_corpus"]
