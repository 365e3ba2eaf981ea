import gzip
import io
import zipfile

import pytest

from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.reading.files import read_files
from modelcollapse.corpora.reading.read_report import ReadReport
from modelcollapse.errors import CorpusError


def texts(path):
    return [text for batch in read_files([path], CorpusOptions(), ReadReport()) for text in batch.texts]


def test_the_word_custard_makes_no_archive(tmp_path):
    content = "text,label\n" + "a" * 245 + "custard pie,1\nbad,0\n"
    (tmp_path / "r.csv").write_text(content)
    assert content[257:262] == "ustar"
    assert texts(tmp_path / "r.csv") == ["a" * 245 + "custard pie", "bad"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_are_read_each_once(tmp_path):
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as archive:
        archive.writestr("r.csv", "text,label\nfirst,1\n")
        archive.writestr("r.csv", "text,label\nsecond,0\n")
    assert texts(tmp_path / "r.zip") == ["first", "second"]


def test_a_member_without_a_name_is_passed_over(tmp_path):
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as archive:
        archive.writestr("a.csv", "text,label\nfirst,1\n")
        archive.writestr("b.csv", "text,label\nsecond,0\n")
        archive.infolist()[0].filename = ""  # as a damaged directory of the archive may have it
    assert texts(tmp_path / "r.zip") == ["second"]


def test_an_endless_line_is_refused_where_it_is_too_long(tmp_path, monkeypatch):
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
        file.write(b"text,label\n")
        for _ in range(40):
            file.write(b"x" * 1_000_000)
    (tmp_path / "r.gz").write_bytes(packed.getvalue())
    n_read = 0
    read = gzip.GzipFile.read

    def counted(self, size=-1):
        nonlocal n_read
        content = read(self, size)
        n_read += len(content)
        return content

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    with pytest.raises(CorpusError, match="line 2: the line is longer than 10 MB"):
        texts(tmp_path / "r.gz")
    assert n_read < 14_000_000
