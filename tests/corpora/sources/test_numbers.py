"""What comes with scikit-learn is a corpus as it stands there."""

import numpy as np
import pytest
from sklearn import datasets

from modelcollapse.corpora import load_corpus
from modelcollapse.errors import CorpusError


@pytest.mark.parametrize("name", ["digits", "breast_cancer", "wine", "iris"])
def test_data_sets_are_scikit_learns(name):
    bunch = getattr(datasets, f"load_{name}")()
    corpus = load_corpus(f"sklearn:{name}")
    assert np.array_equal(corpus.features, bunch.data.astype(np.float32))
    names = [str(n) for n in bunch.target_names]
    assert [corpus.classes[c] for c in corpus.labels] == [names[c] for c in bunch.target]


def test_drawn_ones_take_options():
    corpus = load_corpus("sklearn:make_classification,n_samples=900,n_classes=5,flip_y=0.0")
    assert (corpus.n_documents, corpus.classes) == (900, ("0", "1", "2", "3", "4"))
    other = load_corpus("sklearn:make_classification,n_samples=900,n_classes=5,flip_y=0.0,random_state=1")
    assert other.fingerprint != corpus.fingerprint


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("sklearn:faces", {}, "scikit-learn brings: sklearn:digits, "),
        ("sklearn:iris,n_samples=3", {}, "iris has no options, found 'n_samples=3'"),
        ("sklearn:make_classification,rows=3", {}, "found the option 'rows', expected one of n_samples"),
        ("sklearn:make_classification,n_samples=many", {}, "expected a number"),
        ("sklearn:make_classification,n_informative=50", {}, "Number of informative"),
        ("sklearn:digits", {"ngrams": 2}, "options for reading do not apply"),
    ],
)
def test_clear_errors(name, options, message):
    with pytest.raises(CorpusError, match=message):
        load_corpus(name, **options)
