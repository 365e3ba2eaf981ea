"""Corpora: documents in, counts out."""

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.load import load_corpus
from modelcollapse.corpora.options import CorpusOptions

__all__ = ["Corpus", "CorpusOptions", "load_corpus"]
