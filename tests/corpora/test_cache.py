"""The cache never holds a broken corpus, whoever builds, dies or writes into it."""

import errno
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from modelcollapse.corpora import build_corpus, load_corpus, remove_corpus
from modelcollapse.corpora.cache import CorpusCache
from modelcollapse.corpora.catalogue import list_catalogue
from modelcollapse.corpora.counting import build
from modelcollapse.corpora.counting.npy_files import ArrayWriter, hash_array, load_array
from modelcollapse.corpora.reading import files
from modelcollapse.errors import CorpusError

WORDS = ("good", "bad", "film", "dog", "food", "plot", "slow", "warm")


@pytest.fixture
def reviews_file(tmp_path):
    path = tmp_path / "reviews.csv"
    rows = [f"{WORDS[i % 8]} {WORDS[i * i % 7]} number{i % 11},{i % 2}" for i in range(300)]
    path.write_text("text,label\n" + "\n".join(rows))
    return path


@pytest.fixture
def builds(monkeypatch):
    """A list with one entry for every build that is begun."""
    begun = []
    original = build.build_from_rows

    def counted(*args, **kwargs):
        begun.append(1)
        return original(*args, **kwargs)

    monkeypatch.setattr(build, "build_from_rows", counted)
    return begun


def folders(cache):
    return sorted(path.name for path in (cache / "corpora").iterdir() if path.is_dir())


def test_built_once_and_memory_mapped(reviews_file, builds):
    first, second = load_corpus(reviews_file), load_corpus(reviews_file)
    assert len(builds) == 1
    assert first.fingerprint == second.fingerprint
    for array in (second.data, second.indices, second.indptr, second.labels, second.term_orders):
        assert isinstance(array, np.memmap)
        assert not array.flags.writeable
    dtypes = [second.data.dtype, second.indices.dtype, second.indptr.dtype, second.labels.dtype]
    assert dtypes == [np.int32, np.int32, np.int64, np.uint8]
    assert second.counts.has_canonical_format
    assert np.shares_memory(second.counts.data, second.data)


def test_key_depends_on_content_and_options_only(reviews_file, builds, tmp_path):
    load_corpus(reviews_file)
    reviews_file.rename(tmp_path / "renamed")
    load_corpus(tmp_path / "renamed")
    assert len(builds) == 1
    load_corpus(tmp_path / "renamed", stopwords=False)
    assert len(builds) == 2
    (tmp_path / "renamed").write_text((tmp_path / "renamed").read_text() + "\nnew text,1")
    load_corpus(tmp_path / "renamed")
    assert len(builds) == 3


def test_fingerprint_is_of_the_content(reviews_file, tmp_path):
    """Other options, same counts: same fingerprint. One other word, one other label: another."""
    corpus = load_corpus(reviews_file)
    assert load_corpus(reviews_file, keep_going=True).fingerprint == corpus.fingerprint
    text = reviews_file.read_text()
    for changed in (text.replace("warm", "cold"), text.replace(",0", ",1", 1)):
        reviews_file.write_text(changed)
        assert load_corpus(reviews_file).fingerprint != corpus.fingerprint


@pytest.mark.parametrize("rows_at_once", [7, 64])
def test_same_bits_for_any_size_of_batches(reviews_file, monkeypatch, rows_at_once):
    expected = load_corpus(reviews_file, ngrams=2)
    monkeypatch.setattr(files, "BATCH_ROWS", rows_at_once)
    remove_corpus("reviews")
    corpus = load_corpus(reviews_file, ngrams=2, workers=1)
    assert corpus.fingerprint == expected.fingerprint
    assert corpus.origin == expected.origin


@pytest.mark.parametrize(
    "name", ["data.npy", "indices.npy", "indptr.npy", "labels.npy", "term_orders.npy", "vocabulary.txt", "corpus.json"]
)
@pytest.mark.parametrize("damage", ["missing", "cut", "changed"])
def test_damage_is_detected_and_mended(reviews_file, own_cache, builds, name, damage):
    expected = load_corpus(reviews_file).fingerprint
    file = own_cache / "corpora" / folders(own_cache)[0] / name
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    else:
        middle = len(content) * 3 // 4
        file.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    again = load_corpus(reviews_file)
    assert again.fingerprint == expected
    if (name, damage) != ("corpus.json", "changed"):  # there the change may be in what is only information
        assert len(builds) == 2


def test_other_format_is_built_anew(reviews_file, own_cache, builds):
    load_corpus(reviews_file)
    about = own_cache / "corpora" / folders(own_cache)[0] / "corpus.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"format": 0}))
    load_corpus(reviews_file)
    assert len(builds) == 2


def test_failing_build_leaves_nothing(reviews_file, own_cache, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(build, "write_vocabulary", full)
    with pytest.raises(CorpusError, match=r"No space left on device\. Make room there, or set MODELCOLLAPSE_CACHE"):
        load_corpus(reviews_file)
    assert folders(own_cache) == []


def test_cache_that_cannot_be_written(reviews_file, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(CorpusError, match="cannot write the corpus"):
        load_corpus(reviews_file)


def test_killed_build(reviews_file, own_cache):
    """A build killed with SIGKILL in its middle: the next one cleans up and succeeds."""
    script = textwrap.dedent(
        f"""
        import time
        from modelcollapse.corpora import load_corpus
        from modelcollapse.corpora.counting import build
        build.write_vocabulary = lambda *_: (print("now", flush=True), time.sleep(60))
        load_corpus({str(reviews_file)!r}, workers=1)
        """
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "now\n"
        process.kill()
    assert [name.startswith(".building-") for name in folders(own_cache)] == [True]
    corpus = load_corpus(reviews_file)
    assert corpus.n_documents == 300
    assert [name.startswith(".") for name in folders(own_cache)] == [False]


def _load_and_tell(path, queue):
    from modelcollapse.corpora.counting import build as build_module

    built = []
    original = build_module.build_from_rows

    def slow(*args, **kwargs):
        built.append(1)
        time.sleep(0.3)
        return original(*args, **kwargs)

    build_module.build_from_rows = slow
    queue.put((load_corpus(path, workers=1).fingerprint, len(built)))


def test_two_processes_build_once(reviews_file):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=_load_and_tell, args=(reviews_file, queue)) for _ in range(2)]
    for process in processes:
        process.start()
    results = [queue.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    queue.close()
    queue.join_thread()
    assert len({fingerprint for fingerprint, _ in results}) == 1
    assert sum(built for _, built in results) == 1


def test_names(reviews_file, own_cache, builds, tmp_path):
    built = build_corpus([reviews_file], "shop", stopwords=False)
    assert built.name == "shop"
    assert load_corpus("shop").fingerprint == built.fingerprint
    assert load_corpus("shop", stopwords=False).fingerprint == built.fingerprint
    with pytest.raises(CorpusError, match="'shop' was built with other options"):
        load_corpus("shop", stopwords=True, ngrams=2)
    assert [(e.name, e.cached.n_documents) for e in list_catalogue() if e.cached] == [("shop", 300)]
    for file in own_cache.glob("corpora/*/data.npy"):
        file.unlink()
    assert load_corpus("shop").fingerprint == built.fingerprint
    assert len(builds) == 2
    for file in own_cache.glob("corpora/*/data.npy"):
        file.unlink()
    reviews_file.write_text("text,label\nother,1\nreviews,0\n")
    with pytest.raises(CorpusError, match=r"its files have changed since\. Build it anew: modelcollapse corpus build"):
        load_corpus("shop")
    remove_corpus("shop")
    with pytest.raises(CorpusError, match="no corpus and no file 'shop'"):
        load_corpus("shop")
    with pytest.raises(CorpusError, match="no corpus 'shop' is cached"):
        remove_corpus("shop")
    for name in ("movies", "synthetic", "a/b", "../x", ""):
        with pytest.raises(CorpusError, match="name"):
            build_corpus([reviews_file], name)


def test_remove_deletes_nothing_outside(reviews_file, own_cache):
    load_corpus(reviews_file)
    for name in (str(reviews_file), f"../../{reviews_file.parent.name}", "..", "."):
        with pytest.raises(CorpusError, match="is cached"):
            remove_corpus(name)
    assert reviews_file.is_file()
    assert len(folders(own_cache)) == 1


def test_two_names_for_the_same_files(reviews_file):
    build_corpus([reviews_file], "one")
    build_corpus([reviews_file], "two")
    assert remove_corpus("one") == 0
    assert load_corpus("two").n_documents == 300
    assert remove_corpus("two") > 0
    assert not CorpusCache().entries()


def test_pickle_is_small_and_complete(reviews_file):
    corpus = load_corpus(reviews_file)
    before = len(pickle.dumps(corpus))
    assert corpus.counts.shape == (300, corpus.n_terms)
    assert len(pickle.dumps(corpus)) == before
    again = pickle.loads(pickle.dumps(corpus))
    assert again.fingerprint == corpus.fingerprint
    assert (again.counts != corpus.counts).nnz == 0
    assert again.load_vocabulary().tolist() == corpus.load_vocabulary().tolist()


def test_same_bits_from_several_processes_of_a_script_without_main_guard(reviews_file, tmp_path):
    expected = load_corpus(reviews_file, ngrams=2).fingerprint
    remove_corpus("reviews")
    script = tmp_path / "script.py"
    script.write_text(
        "from modelcollapse.corpora import load_corpus\n"
        "from modelcollapse.corpora.counting import parallel\n"
        "from modelcollapse.corpora.reading import files\n"
        "files.BATCH_ROWS, parallel.BATCHES_ALONE = 20, 1\n"
        f"print(load_corpus({str(reviews_file)!r}, ngrams=2, workers=2).fingerprint)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=os.environ, check=True)
    assert (done.stdout, done.stderr) == (f"{expected}\n", "")


def test_array_writer(tmp_path):
    values = np.arange(1000, dtype=np.int32)
    with ArrayWriter(tmp_path / "a.npy", np.int32) as writer:
        for piece in np.array_split(values, 7):
            writer.append(piece)
    np.testing.assert_array_equal(load_array(tmp_path / "a.npy"), values)
    np.save(tmp_path / "b.npy", values)
    assert hash_array(load_array(tmp_path / "b.npy")) == hash_array(load_array(tmp_path / "a.npy"))
    assert hash_array(values) != hash_array(values.astype(np.int64))
