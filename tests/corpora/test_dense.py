"""A corpus of numbers is kept as it was read, and made again of its arrays."""

import pickle

import numpy as np
import pytest

from modelcollapse.corpora import DenseCorpus, build_corpus, load_corpus
from modelcollapse.corpora.cache import CorpusCache
from modelcollapse.corpora.dense import two_of_counts
from modelcollapse.corpora.describe import describe_corpus
from modelcollapse.errors import CorpusError


def test_loaded_again_it_is_the_same_and_mapped(own_cache):
    first, again = load_corpus("sklearn:wine"), load_corpus("sklearn:wine")
    assert first.fingerprint == again.fingerprint
    assert isinstance(again.features, np.memmap)
    assert not again.features.flags.writeable
    (entry,) = CorpusCache().entries()
    (own_cache / "corpora" / entry.key / "classes.txt").write_text("a\nb\nc\n")
    assert load_corpus("sklearn:wine").classes == first.classes  # damage is seen, and mended


def test_made_again_of_its_arrays():
    corpus = load_corpus("sklearn:digits")
    again = pickle.loads(pickle.dumps(corpus.maker))(*corpus.arrays)
    assert (again.classes, again.fingerprint) == (corpus.classes, corpus.fingerprint)
    assert len(pickle.dumps(corpus.maker)) < 1000


def test_names_of_columns_and_classes_count(tmp_path):
    prints = set()
    for header, label in (("x,label", "b"), ("y,label", "b"), ("x,label", "c")):
        file = tmp_path / "a.csv"
        file.write_text(f"{header}\n" + f"1,a\n2,{label}\n" * 20)
        prints.add(load_corpus(file).fingerprint)
    assert len(prints) == 3


def test_of_arrays():
    random = np.random.default_rng(0)
    features, labels = random.normal(size=(60, 3)), random.integers(0, 3, 60)
    corpus = DenseCorpus.of(features, labels)
    assert np.array_equal(corpus.features, features.astype(np.float32))
    assert [corpus.classes[c] for c in corpus.labels] == [str(c) for c in labels]
    assert corpus.fingerprint == DenseCorpus.of(features.tolist(), labels.tolist(), "other").fingerprint
    assert corpus.fingerprint != DenseCorpus.of(features, labels + 1).fingerprint
    for wrong in (
        (features, labels[1:]),
        (features[0], labels[:3]),
        ([["a"]] * 60, labels),
        (features * np.inf, labels),
    ):
        with pytest.raises(CorpusError, match="expected"):
            DenseCorpus.of(*wrong)


def test_equal_rows_and_balance(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("x,label\n" + "".join(f"{i % 50},{'abc'[i % 3]}\n" for i in range(60)))
    assert load_corpus(file).origin.rows.duplicates == 10
    assert load_corpus(file, drop_duplicates=True).n_documents == 50
    file.write_text("x,label\n" + "".join(f"{i},{'abca'[i % 4]}\n" for i in range(60)))
    assert np.bincount(load_corpus(file, balance=True).labels).tolist() == [15, 15, 15]


def test_named_corpora_of_several_files(tmp_path):
    for name, header in (("a", "x,z,label"), ("b", "x,z,label"), ("c", "x,w,label")):
        (tmp_path / f"{name}.csv").write_text(f"{header}\n" + "1,2,0\n3,4,1\n")
    corpus = build_corpus([tmp_path / "a.csv", tmp_path / "b.csv"], "both")
    assert load_corpus("both").fingerprint == corpus.fingerprint
    assert corpus.features.tolist() == [[1, 2], [3, 4]] * 2
    with pytest.raises(CorpusError, match="'z' is not in all of them"):
        build_corpus([tmp_path / "a.csv", tmp_path / "c.csv"], "both")


def test_what_is_about_words_in_two_classes_says_so():
    with pytest.raises(CorpusError, match="'sklearn:iris' has numbers, but a search takes two classes of texts"):
        two_of_counts(load_corpus("sklearn:iris"), "a search")


def test_it_is_described(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("x,y,label\n" + "1,7,a\n,7,b\n2,7,c\n" * 20)
    facts = dict(describe_corpus(load_corpus(file)))
    assert facts["classes"] == "3: a 20, b 20, c 20"
    assert (facts["columns"], facts["constant columns"], facts["missing values"]) == ("2", "1", "20 (16.7%)")
    assert "<DenseCorpus 'a': 60 documents, 2 columns" in repr(load_corpus(file))
    assert "constant columns" in load_corpus(file)._repr_html_()
