"""Files of every form give the same corpus; what cannot be used is counted and shown with its line."""

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile

import polars as pl
import pytest
import zstandard

from modelcollapse.corpora import load_corpus
from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.reading.files import read_files
from modelcollapse.corpora.reading.read_report import ReadReport
from modelcollapse.errors import CorpusError

REVIEWS = [
    ("Great dog food", 'My dogs "love" it,\nreally', 1),
    ("Awful", "Never again; broke at once", 0),
    ("Fine | nice", "Works, as\tdescribed", 1),
    ("Waste", "of money — naïve me", 0),
] * 5


def texts(separator=": "):
    return [f"{title}{separator}{body}" for title, body, _ in REVIEWS]


def csv_text(header, rows, delimiter=","):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([header, *rows] if header else rows)
    return out.getvalue()


def fasttext(labels=("__label__1", "__label__2")):
    return "".join(f"{labels[y]} {t}: {b}\n".replace("\nreally", " really") for t, b, y in REVIEWS)


def original_form():
    rows = [f'"{y + 1}","{t}","' + b.replace('"', '""').replace("\n", "\\n") + '"\n' for t, b, y in REVIEWS]
    return "".join(rows)


def json_lines():
    return "".join(json.dumps({"label": y, "title": t, "content": b}) + "\n" for t, b, y in REVIEWS)


def table(**kwargs):
    return csv_text(["label", "title", "content"], [(y, t, b) for t, b, y in REVIEWS], **kwargs)


def parquet_bytes():
    out = io.BytesIO()
    pl.DataFrame(
        {"label": [y for *_, y in REVIEWS], "title": [r[0] for r in REVIEWS], "content": [r[1] for r in REVIEWS]}
    ).write_parquet(out)
    return out.getvalue()


def tgz(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


#: What a central directory says of a plain member, and of an encrypted one.
ENCRYPTED = (b"PK\1\2\x14\3\x14\0\0", b"PK\1\2\x14\3\x14\0\1")


def zipped(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


FORMS = {
    "fasttext": fasttext().encode(),
    "fasttext-bz2": bz2.compress(fasttext().encode()),
    "fasttext-gz": gzip.compress(fasttext().encode()),
    "fasttext-xz": lzma.compress(fasttext().encode()),
    "fasttext-zst": zstandard.compress(fasttext().encode()),
    "fasttext-words": fasttext(("__label__neg", "__label__POS")).encode(),
    "original": original_form().encode(),
    "original-tgz": tgz({"set/readme.txt": b"1,2,3", "set/test.csv": original_form().encode()}),
    "csv": table().encode(),
    "csv-bom": b"\xef\xbb\xbf" + table().encode(),
    "csv-semicolons": table(delimiter=";").encode(),
    "csv-bars": table(delimiter="|").encode(),
    "tsv": table(delimiter="\t").encode(),
    "csv-unix-lines": table().replace("\r\n", "\n").encode(),
    "json-lines": json_lines().encode(),
    "parquet": parquet_bytes(),
    "parquet-zip": zipped({"README.md": "a,b", "data/reviews.parquet": parquet_bytes()}),
    "csv-bz2-in-zip": zipped({"test.csv.bz2": bz2.compress(table().encode())}),
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "reviews.parquet"
    pl.DataFrame({"text": texts(), "label": [y for *_, y in REVIEWS]}).write_parquet(path)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_corpus(form, tmp_path, expected):
    path = tmp_path / "no-suffix-helps"
    path.write_bytes(FORMS[form])
    corpus = load_corpus(path)
    assert corpus.fingerprint == load_corpus(expected).fingerprint
    assert corpus.labels.tolist() == [y for *_, y in REVIEWS]
    assert corpus.origin.rows.read == len(REVIEWS)


@pytest.mark.parametrize(
    ("negative", "positive"),
    [
        ("0", "1"),
        ("1", "2"),
        ("-1", "1"),
        ("0.0", "1.0"),
        ("neg", "pos"),
        ("Negative", "POSITIVE"),
        ("False", "True"),
        ("no", "yes"),
        ("-1", "+1"),
    ],
)
def test_two_classes_in_all_spellings(negative, positive, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(csv_text(["text", "label"], [(f"word{i}", [negative, positive][i % 2]) for i in range(10)]))
    assert load_corpus(path).labels.tolist() == [0, 1] * 5


@pytest.mark.parametrize("values", [[True, False], [2, 1], [1.0, -1.0]])
def test_labels_that_are_not_strings(values, tmp_path):
    frame = pl.DataFrame({"text": ["good", "bad"] * 3, "label": values * 3})
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_ndjson(tmp_path / "a.jsonl")
    for name in ("a.parquet", "a.jsonl"):
        assert load_corpus(tmp_path / name).labels.tolist() == [1, 0] * 3


def test_star_ratings(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(csv_text(["Stars", "Review"], [(s, f"text {s}") for s in ("1", "2", "3", "4", "5", "5.0", "3.5")]))
    corpus = load_corpus(path, rating_column="Stars", text_column="Review")
    assert corpus.labels.tolist() == [0, 0, 1, 1, 1]
    assert corpus.origin.rows.left_out == {"3 stars": 1, "3.5 stars": 1}
    assert load_corpus(path).fingerprint == corpus.fingerprint


def test_text_column_are_joined(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(csv_text(["head", "body", "label"], [("alpha", "beta", 0), ("", "gamma", 1), ("delta", " ", 1)]))
    corpus = load_corpus(path, text_column=["head", "body"])
    assert corpus.load_vocabulary().tolist() == ["alpha", "beta", "delta", "gamma"]
    assert corpus.counts.toarray().tolist() == [[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]


def test_columns_by_number_mean_no_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(csv_text(None, [("id1", "pos", "alpha"), ("id2", "neg", "beta")]))
    corpus = load_corpus(path, text_column=["3"], label_column="2")
    assert corpus.labels.tolist() == [1, 0]


def test_unquoted_tab_separated(tmp_path):
    rows = [f'{i % 2}\t"starts with a quote {i}' for i in range(20)]
    path = tmp_path / "a.tsv"
    path.write_text("label\ttext\n" + "\n".join(rows))
    assert load_corpus(path).n_documents == 20


def test_text_may_stand_beyond_what_is_looked_at_to_tell_forms_apart(tmp_path):
    path = tmp_path / "wide.csv"
    header = [f"measured value number {i}" for i in range(4_000)]
    path.write_text(csv_text([*header, "text", "label"], [[*map(len, header), "good day", i % 2] for i in range(20)]))
    assert load_corpus(path).n_documents == 20


def test_several_files_and_archive_members(tmp_path):
    archive = tmp_path / "set.tgz"
    archive.write_bytes(tgz({"s/test.csv": original_form().encode(), "s/train.csv": original_form().encode() * 2}))
    assert load_corpus(archive).n_documents == 3 * len(REVIEWS)
    assert load_corpus(archive, member="test.csv").n_documents == len(REVIEWS)
    with pytest.raises(CorpusError, match=r"does not hold 'dev.csv'. It holds: s/test.csv, s/train.csv"):
        load_corpus(archive, member="dev.csv")


def test_encodings(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("text,label\ngood,1\nbad,0\ncafé,1\n".encode("latin-1"))
    with pytest.raises(CorpusError, match=r"a.csv, line 4: byte 0xe9 is not UTF-8. .*--encoding latin-1"):
        load_corpus(path)
    corpus = load_corpus(path, encoding="latin-1")
    assert corpus.load_vocabulary().tolist() == ["bad", "café", "good"]
    path.write_bytes("text,label\ngood,1\nbad,0\ncafé,1\n".encode("utf-16"))
    with pytest.raises(CorpusError, match="is not text in UTF-8"):
        load_corpus(path)
    assert load_corpus(path, encoding="utf-16").fingerprint == corpus.fingerprint
    with pytest.raises(CorpusError, match="unknown encoding"):
        load_corpus(path, encoding="utf-99")
    with pytest.raises(CorpusError, match="not a text encoding"):
        load_corpus(path, encoding="hex")
    path.write_bytes(path.read_bytes()[2:])
    with pytest.raises(CorpusError, match=r"is not UTF-16: .*BOM"):
        load_corpus(path, encoding="utf-16")


def rows_with_faults(n=1000):
    lines = ["text,label"] + [f"good {i},{i % 2}" for i in range(n)]
    lines[10], lines[20], lines[30], lines[40] = "only one field", "   ,1", "odd label,7", '"stray" quote,1'
    return "\n".join(lines)


def test_bad_rows_are_counted_and_shown_with_their_lines(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(rows_with_faults())
    rows = load_corpus(path).origin.rows
    assert rows.read == 1000
    assert rows.kept == 996
    assert rows.bad == {"wrong number of fields": 1, "empty text": 1, "stray quote": 1, "unknown label": 1}
    assert rows.bad_rows[0].startswith("a.csv, line 11: wrong number of fields: 1 instead of 2")
    assert {row.split(":")[0] for row in rows.bad_rows} == {f"a.csv, line {n}" for n in (11, 21, 31, 41)}


def test_too_many_bad_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(rows_with_faults(200))
    with pytest.raises(CorpusError, match=r"3 of 200 rows cannot be used .*line 11.*--keep-going"):
        load_corpus(path)
    assert load_corpus(path, keep_going=True).n_documents == 196


def test_bad_lines_of_json_and_fasttext(tmp_path):
    path = tmp_path / "a"
    lines = [json.dumps({"text": f"good {i}", "label": i % 2}) for i in range(500)]
    lines[3:6] = ["{broken", "[1]", json.dumps({"text": "x"})]
    path.write_text("\n".join(lines))
    assert load_corpus(path).origin.rows.bad == {"not a JSON object": 2, "missing field": 1}
    lines = [f"__label__{1 + i % 2} good {i}" for i in range(500)]
    lines[3:5] = ["no label", "__label__1 __label__2 both"]
    path.write_text("\n".join(lines))
    bad = load_corpus(path).origin.rows.bad
    assert bad == {"no __label__ at its beginning": 1, "more than one label": 1}


def test_duplicates_and_balance(tmp_path):
    path = tmp_path / "a.csv"
    rows = [("same", 1), ("same", 0), ("other", 1), ("more", 1), ("same", 1), ("last", 0)]
    path.write_text(csv_text(["text", "label"], rows))
    corpus = load_corpus(path)
    assert (corpus.n_documents, corpus.origin.rows.duplicates) == (6, 2)
    corpus = load_corpus(path, drop_duplicates=True)
    assert corpus.labels.tolist() == [1, 1, 1, 0]
    assert corpus.origin.rows.left_out == {"duplicate": 2}
    corpus = load_corpus(path, balance=True)
    assert corpus.labels.tolist() == [1, 0, 1, 0]
    assert corpus.origin.rows.left_out == {"surplus of the larger class": 2}
    assert "more" not in corpus.load_vocabulary()


def test_document_left_empty_by_cleaning_is_kept(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(csv_text(["text", "label"], [("good dog", 1), ("The of !!! a", 0), ("bad", 0)]))
    corpus = load_corpus(path)
    assert corpus.n_documents == 3
    assert corpus.indptr.tolist() == [0, 2, 2, 3]
    assert corpus.origin.tokens.empty_documents == 1


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", {}, "a is empty"),
        (b"\n\n", {}, "holds no rows"),
        (b"text,label\n", {}, "no row with text and label"),
        (b"text,label\na,1\nb,1\n", {}, r"not two classes: found 1 \(2\)"),
        (b"text,label\na,1\nb,2\nc,3\n", {}, r"not two classes: found .*3 \(1\).*--rating-column"),
        (b"text,label\na,1\nb,0\n", {"text_column": ["body"]}, r"no column 'body'. It has: 'text', 'label'"),
        (b"text,label\na,1\nb,0\n", {"label_column": "y"}, "no column 'y'"),
        (b"foo,bar\na,1\nb,0\n", {}, "which column is the text.*--text-column"),
        (b"text,bar\na,1\nb,0\n", {}, "which column is the label.*--label-column"),
        (b"text,label\na,1\nb,0\n", {"member": "x"}, "not an archive"),
        (b'text,label\n"open,1\nb,0\n' + b"c,0\n" * 9000, {}, "line 2: a quote is opened here and not closed"),
        (b'[{"text": "a", "label": 1}]', {}, "one JSON array"),
        (b"PAR1 and then nothing", {}, "cannot read a"),
        (zipped({"a.csv": table()}).replace(*ENCRYPTED), {}, "cannot read a: .*encrypted"),
        (b'{"text": "a", "label": 1}\n' + b"[" * 90_000, {}, "not a JSON object"),
        (gzip.compress(table().encode() * 50)[:-20], {}, "cannot read a: .*damaged or incomplete"),
        (b"text,label\nthe,1\n...,0\n", {}, "no document has a word left"),
        (b"text,rating\na,1\nb,9\n", {}, r"not two classes: found 1 \(1\), 9 \(1\). Expected stars"),
        (b"\x00\x01\x02\x03", {}, "is not text in UTF-8"),
    ],
)
def test_clear_errors(content, options, message, tmp_path, own_cache):
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=message) as caught:
        load_corpus(path, **options)
    assert "\n" not in str(caught.value)
    assert not [p for p in own_cache.rglob("*") if p.is_dir() and p.name != "corpora"]


def test_labels_of_too_many_kinds(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(csv_text(["text", "label"], [(f"w{i}", f"label {i}") for i in range(2000)]))
    with pytest.raises(CorpusError, match=r"more than 1,000 different values.*a.csv, line 1002"):
        load_corpus(path)


def test_unknown_options_and_missing_files(tmp_path):
    with pytest.raises(CorpusError, match=r"unknown corpus option 'colour'. Known are: text_column"):
        load_corpus("movies", colour=1)
    with pytest.raises(CorpusError, match="n-gram ranges begin at 1"):
        load_corpus("movies", ngrams="2-3")
    with pytest.raises(CorpusError, match=r"no corpus and no file 'nowhere'. Known corpora: movies"):
        load_corpus("nowhere")
    with pytest.raises(CorpusError, match="it is a folder"):
        load_corpus(tmp_path)
    with pytest.raises(CorpusError, match="exclude each other"):
        load_corpus("movies", rating_column="a", label_column="b")


def test_advance_tells_bytes_read(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(table().encode()))
    told = []
    batches = list(read_files([path, path], CorpusOptions(), ReadReport(), told.append))
    assert sum(map(len, batches)) == 2 * len(REVIEWS)
    assert told == sorted(told)
    assert told[-1] == 2 * path.stat().st_size


@pytest.mark.parametrize("name", [b"re*views?[1].parquet", b"caf\xe9.parquet", b"~.parquet", b"[.parquet"])
def test_a_parquet_files_name_is_no_pattern(name, tmp_path, expected):
    """Nor need it be text: the file that was named is read, and no other that fits."""
    pl.DataFrame({"text": ["else"] * 4, "label": [0, 1, 0, 1]}).write_parquet(tmp_path / "re-views11.parquet")
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(expected.read_bytes())
    assert load_corpus(path).fingerprint == load_corpus(expected).fingerprint
