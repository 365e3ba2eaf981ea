import numpy as np
import pytest

from modelcollapse.corpora import build_corpus, load_corpus, remove_corpus
from modelcollapse.corpora.blocks import load_blocks
from modelcollapse.corpora.catalogue import list_catalogue
from modelcollapse.errors import CorpusError


def write_file(path, texts):
    path.write_text("text,label\n" + "\n".join(f'"{text}",{i % 2}' for i, text in enumerate(texts)))
    return path


def test_words_and_signs_stand_in_order(tmp_path):
    file = write_file(tmp_path / "reviews.csv", ["It's good, good!", "Bad: it's good."] * 4)
    corpus = load_blocks(file, block_length=10, min_count=4)
    said = [corpus.vocabulary[token] for token in corpus.blocks[0]]
    assert said == ["it's", "good", ",", "good", "!", "<end>", "bad", ":", "it's", "good"]
    assert corpus.n_documents == 4 * (6 + 6) // 10
    assert corpus.origin.rows.kept == 8


def test_rare_words_are_one_token(tmp_path):
    file = write_file(tmp_path / "reviews.csv", ["good bad film"] * 5 + ["good bad plot"])
    corpus = load_blocks(file, block_length=4, min_count=2)
    assert corpus.vocabulary == ("<unk>", "<end>", "bad", "good", "film")
    assert corpus.blocks[-1].tolist() == [3, 2, 0, 1]


def test_synthetic_words_have_the_shares_they_should_and_depend_on_the_last_one():
    name = "synthetic:20000,vocabulary=50,zipf_exponent=1,zipf_shift=0"
    corpus = load_blocks(name, min_count=1)
    assert corpus.fingerprint == load_blocks(name, min_count=1).fingerprint
    tokens = corpus.blocks.ravel()
    words = tokens[tokens != 1]
    due = 1 / np.arange(1, 51)
    found = np.bincount(words, minlength=52)[2:] / len(words)
    np.testing.assert_allclose(found, due / due.sum(), rtol=0.06)
    after = tokens[1:][tokens[:-1] == 40]
    assert np.bincount(after, minlength=52)[2:].max() / len(after) > 0.4


@pytest.mark.parametrize(
    ("texts", "length", "words"), [(["a b"] * 9, 128, "at least one block"), (["a"] * 9, 4, "two words")]
)
def test_a_corpus_that_is_too_small_is_refused(tmp_path, texts, length, words):
    with pytest.raises(CorpusError, match=words):
        load_blocks(write_file(tmp_path / "reviews.csv", texts), block_length=length)


def test_a_block_has_as_many_words_as_measures_need(tmp_path):
    with pytest.raises(CorpusError, match=r"block_length.* 3"):
        load_blocks(write_file(tmp_path / "reviews.csv", ["good bad film"] * 9), block_length=3)


def test_blocks_are_read_once_and_then_mapped_from_the_cache(tmp_path, monkeypatch):
    file = write_file(tmp_path / "reviews.csv", ["good bad film"] * 9)
    first = load_blocks(file, block_length=4, min_count=2)

    def read(*arguments):
        raise AssertionError("read again")

    monkeypatch.setattr("modelcollapse.corpora.blocks.read_files", read)
    again = load_blocks(file, block_length=4, min_count=2)
    assert isinstance(again.blocks, np.memmap)
    assert (again.fingerprint, again.vocabulary) == (first.fingerprint, first.vocabulary)
    assert (again.blocks == first.blocks).all()
    with pytest.raises(AssertionError, match="read again"):
        load_blocks(file, block_length=5, min_count=2)


def test_a_cache_that_was_changed_is_built_anew(tmp_path, monkeypatch):
    file = write_file(tmp_path / "reviews.csv", ["good bad film"] * 9)
    first = load_blocks(file, block_length=4, min_count=2)
    path = first.blocks.filename
    with open(path, "r+b") as opened:
        opened.seek(-1, 2)
        opened.write(b"\x7f")
    assert load_blocks(file, block_length=4, min_count=2).fingerprint == first.fingerprint


def test_no_column_of_labels_is_needed(tmp_path):
    file = tmp_path / "texts.csv"
    file.write_text("text,when\n" + "good bad film,2020\n" * 9)
    labelled = write_file(tmp_path / "reviews.csv", ["good bad film"] * 9)
    assert load_blocks(file, block_length=4).fingerprint == load_blocks(labelled, block_length=4).fingerprint


@pytest.mark.parametrize(
    ("options", "words"),
    [({"block_length": 1}, "block_length"), ({"min_count": 0}, "min_count"), ({"block_length": "x"}, "block_length"),
     ({"blok_length": 3}, "unknown corpus option 'blok_length'")],
)  # fmt: skip
def test_impossible_options_are_refused(options, words):
    with pytest.raises(CorpusError, match=words):
        load_blocks("movies", **options)


def test_blocks_of_a_corpus_with_a_name_are_read_as_it_was_built(tmp_path, capsys):
    build_corpus(write_file(tmp_path / "reviews.csv", ["good bad film"] * 9), "shop")
    blocks = load_blocks("shop", block_length=4, min_count=2, encoding="utf-8")
    assert capsys.readouterr().err == ""
    assert load_blocks("shop", block_length=4, min_count=2, encoding="utf-16").fingerprint == blocks.fingerprint
    assert "with the options that it was built with: encoding 'utf-8', not 'utf-16'." in capsys.readouterr().err
    with pytest.raises(CorpusError, match="unknown corpus option 'blok_length'"):
        load_blocks("shop", blok_length=4)


def listed():
    return [(name, what, cached.n_documents) for name, what, cached in list_catalogue() if cached]


def test_blocks_are_listed_beside_other_corpora_and_removed_with_them(tmp_path):
    file = write_file(tmp_path / "reviews.csv", ["good bad film"] * 9)
    build_corpus([str(file)], "shop")
    load_blocks("shop", block_length=4, min_count=2)
    load_corpus("synthetic:100")
    corpus = load_blocks("synthetic:100", block_length=8)
    blocks = f"{corpus.n_documents:,} blocks of 8 words, for text generation"
    assert listed() == [
        ("shop", "from reviews.csv", 9),
        ("synthetic:100", "made up", 100),
        ("shop", "9 blocks of 4 words, for text generation", 9),
        ("synthetic:100", blocks, 100),
    ]
    assert remove_corpus("shop") > 0
    assert remove_corpus("synthetic:100") > 0
    assert listed() == []


def test_blocks_of_a_file_without_a_name_are_removed_by_their_key(tmp_path):
    load_blocks(write_file(tmp_path / "reviews.csv", ["good bad film"] * 9), block_length=4, min_count=2)
    ((key, what, _),) = listed()
    assert what == "reviews: 9 blocks of 4 words, for text generation"
    assert remove_corpus(key) > 0
    assert listed() == []
