"""Numbers are read from every form people have them in; what is no number is said in one line."""

import gzip
import io
import json

import numpy as np
import polars as pl
import pytest

from modelcollapse.corpora import DenseCorpus, load_corpus
from modelcollapse.errors import CorpusError

ROWS = 40
RANDOM = np.random.default_rng(0)
FRAME = pl.DataFrame(
    {
        "": range(ROWS),
        "age": RANDOM.integers(18, 90, ROWS),
        "height": RANDOM.normal(size=ROWS),
        "city": ["Bern", "Oslo"] * (ROWS // 2),
        "smokes": [True, False, True, True] * (ROWS // 4),
        "label": RANDOM.permutation(["no", "yes"] * (ROWS // 2)),
    }
)


def written(frame, form):
    buffer = io.BytesIO()
    if form == "parquet":
        frame.write_parquet(buffer)
    elif form == "json":
        frame.write_ndjson(buffer)
    else:
        frame.write_csv(buffer, separator={"csv": ",", "tsv": "\t", "gz": ";"}[form])
    return gzip.compress(buffer.getvalue()) if form == "gz" else buffer.getvalue()


@pytest.mark.parametrize("form", ["csv", "tsv", "gz", "json", "parquet"])
def test_all_columns_with_numbers_are_features(form, tmp_path):
    file = tmp_path / "people"
    file.write_bytes(written(FRAME, form))
    corpus = load_corpus(file)
    assert isinstance(corpus, DenseCorpus)
    typed = form in ("json", "parquet")  # where true is no word
    columns = ["age", "height", *(["smokes"] if typed else [])]
    assert corpus.load_columns().tolist() == columns
    expected = FRAME.select(pl.col(*columns).cast(pl.Float32)).to_numpy()
    assert np.array_equal(corpus.features, expected)
    assert corpus.features.dtype == np.float32
    assert corpus.labels.tolist() == (FRAME["label"] == "yes").cast(int).to_list()
    assert corpus.labels.dtype == np.uint8
    assert "city" in corpus.origin.rows.files[0]["not used"]


def test_columns_that_are_named_are_taken_in_their_order(tmp_path):
    file = tmp_path / "people.csv"
    file.write_bytes(written(FRAME, "csv"))
    assert load_corpus(file, feature_columns=["height,age"]).load_columns().tolist() == ["height", "age"]
    assert load_corpus(file, feature_columns="age").features.shape == (ROWS, 1)
    assert load_corpus(file, feature_columns="*").load_columns().tolist() == ["age", "height"]


@pytest.mark.parametrize("options", [{}, {"feature_columns": "*"}])
@pytest.mark.parametrize("n_columns", [1_800, 2_500])
def test_a_table_may_be_wider_than_what_is_looked_at_to_tell_forms_apart(tmp_path, options, n_columns):
    file = tmp_path / "wide.csv"
    names = [f"expression of the gene {i:05}" for i in range(n_columns)]
    rows = [[*map(str, row), label] for row, label in zip(np.eye(ROWS, n_columns), "ab" * 20, strict=True)]
    file.write_text("".join(",".join(row) + "\n" for row in [[*names, "label"], *rows]))
    records = file.with_suffix(".jsonl")
    records.write_text("\n".join(json.dumps({**dict(zip(names, row, strict=False)), "label": row[-1]}) for row in rows))
    for corpus in (load_corpus(file, **options), load_corpus(records, **options)):
        assert corpus.features.shape == (ROWS, n_columns)
        assert corpus.load_columns().tolist() == names


def test_columns_of_one_name_are_told_apart_by_their_places(tmp_path):
    file = tmp_path / "same.csv"
    file.write_text("a,a,a (2),label\n" + "1,2,3,no\n4,5,6,yes\n" * 5)
    corpus = load_corpus(file, feature_columns="*")
    assert corpus.load_columns().tolist() == ["a", "a (2)", "a (2) (3)"]
    assert corpus.features[:2].tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(("keep_going", "words"), [(False, "1 of 1 rows cannot be used"), (True, "holds no rows")])
def test_a_table_of_which_no_row_can_be_read_is_refused(tmp_path, keep_going, words):
    file = tmp_path / "classic.csv"
    file.write_bytes(FRAME.write_csv().replace("\n", "\r").encode())
    with pytest.raises(CorpusError, match=words):
        load_corpus(file, feature_columns="*", keep_going=keep_going)


def test_text_comes_before_numbers_unless_they_are_asked_for(tmp_path):
    file = tmp_path / "a.csv"
    FRAME.with_columns(text=pl.lit("good day")).write_csv(file)
    assert not isinstance(load_corpus(file), DenseCorpus)
    assert load_corpus(file, feature_columns="*").n_terms == 2
    FRAME.with_columns(words=pl.lit("I like it very much")).write_csv(file)
    with pytest.raises(CorpusError, match="which column is the text"):
        load_corpus(file)


def test_what_is_missing_is_nan(tmp_path):
    file = tmp_path / "a.csv"
    values = ["1", "", "NA", "?", "nan", "-2.5e3", "null", "3"] * 5
    pl.DataFrame({"x": values, "z": range(40), "label": [0, 1] * 20}).write_csv(file)
    corpus = load_corpus(file)
    assert corpus.n_missing == 25
    assert np.nansum(corpus.features[:8, 0]) == pytest.approx(1 - 2500 + 3)


def test_vectors_in_a_column(tmp_path):
    vectors = RANDOM.normal(size=(ROWS, 7)).astype(np.float32)
    label = ["a", "b", "c", "c"] * (ROWS // 4)
    for kind in (pl.List(pl.Float32), pl.Array(pl.Float32, 7)):
        file = tmp_path / "vectors.parquet"
        pl.DataFrame(
            {"id": range(ROWS), "vector": pl.Series(vectors.tolist(), dtype=kind), "label": label}
        ).write_parquet(file)
        corpus = load_corpus(file)
        assert np.array_equal(corpus.features, vectors)
        assert corpus.classes == ("a", "b", "c")
        assert corpus.labels.dtype == np.uint16


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4"])
def test_vectors_in_an_npy_file(dtype, tmp_path):
    vectors = (10 * RANDOM.normal(size=(ROWS, 5))).astype(dtype)
    labels = ["x", "y"] * (ROWS // 2)
    np.save(tmp_path / "v.npy", vectors)
    (tmp_path / "labels.txt").write_text("label\n" + "\n".join(labels))
    np.save(tmp_path / "labels.npy", np.array(labels))
    of_text, of_npy = (
        load_corpus(tmp_path / "v.npy", labels_file=tmp_path / f"labels.{end}") for end in ("txt", "npy")
    )
    assert np.array_equal(of_text.features, vectors.astype(np.float32))
    assert of_text.fingerprint == of_npy.fingerprint
    assert of_text.classes == ("x", "y")


def vector_file(rows):
    frame = pl.DataFrame({"vector": rows, "label": [0, 1] * (len(rows) // 2)})
    return written(frame, "parquet")


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"x,label\n1,0\ninf,1\n", {}, "'x' is inf in row 2 .*expected finite numbers"),
        (b"x,label\n1,0\n1e39,1\n", {}, r"'x' is 1e\+39 in row 2"),
        (b"x,label\n1,0\ntwo,1\n", {"feature_columns": "x"}, "the column 'x' has 'two', expected numbers"),
        (b"x,label\n1,0\n2,1\n", {"feature_columns": "y"}, "no column 'y'. It has: 'x', 'label'"),
        (b"x,label\n1,0\n2,1\n", {"feature_columns": "x,label"}, "'label' is the label, which no model may see"),
        (b"x,label\n1,0\n2,1\n", {"feature_columns": "x", "ngrams": 2}, "ngrams: .*options for text do not apply"),
        (b"x,label\n1,0\n2,1\n", {"feature_columns": "x", "stopwords": False}, "stopwords: .*or leave out"),
        (b"x,label\n1,0\n2,0\n", {}, "not two classes: found 0"),
        (b"x,y\n1,0\n2,0\n", {"feature_columns": "x"}, "which column is the label"),
        (b"x,label\n" + b"".join(b"1,%d\n" % i for i in range(2000)), {}, "more than 1,000 different values"),
        (vector_file([[1.0, 2.0]] * 3 + [[1.0]]), {}, "'vector' has 1 numbers in row 4, expected vectors of one"),
        (vector_file([[1.0, 2.0]] * 3 + [None]), {}, "'vector' has nothing in row 4"),
        (b"\x93NUMPY\x01\x00", {"labels_file": "/nowhere"}, "cannot read"),
    ],
)  # fmt: skip
def test_clear_errors(content, options, message, tmp_path):
    file = tmp_path / "a"
    file.write_bytes(content)
    with pytest.raises(CorpusError, match=message) as caught:
        load_corpus(file, **options)
    assert "\n" not in str(caught.value)


def test_an_npy_file_needs_as_many_labels(tmp_path):
    np.save(tmp_path / "v.npy", np.zeros((4, 2)))
    with pytest.raises(CorpusError, match="has no labels: say --labels-file"):
        load_corpus(tmp_path / "v.npy")
    (tmp_path / "l.txt").write_text("0\n1\n")
    with pytest.raises(CorpusError, match=r"l.txt has 2 labels, expected one for each of 4 vectors"):
        load_corpus(tmp_path / "v.npy", labels_file=tmp_path / "l.txt")
    np.save(tmp_path / "many.npy", np.arange(60.0).reshape(30, 2))
    (tmp_path / "c.csv").write_text("\n".join(["category", *["a", "b", "c"] * 10]))
    assert load_corpus(tmp_path / "many.npy", labels_file=tmp_path / "c.csv").classes == ("a", "b", "c")
    np.save(tmp_path / "v.npy", np.zeros(4))
    with pytest.raises(CorpusError, match=r"shape \(4,\), expected a row of numbers"):
        load_corpus(tmp_path / "v.npy", labels_file=tmp_path / "l.txt")


def test_records_without_some_fields_have_missing_values(tmp_path):
    records = [{"x": i, "label": i % 2} | ({"z": 1.5} if i % 3 else {}) for i in range(30)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    corpus = load_corpus(tmp_path / "a.jsonl")
    assert corpus.load_columns().tolist() == ["x", "z"]
    assert corpus.n_missing == 10
