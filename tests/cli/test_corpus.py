"""The ``corpus`` commands."""

import pytest
from typer.testing import CliRunner

from modelcollapse.cli.corpus import app
from modelcollapse.corpora import load_corpus
from modelcollapse.errors import CorpusError, ModelCollapseError
from tests.corpora.conftest import data_folder, own_cache  # noqa: F401  (a fixture)


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "export.csv"
    rows = [f"{i},{1 + i % 5},Title {i},Dogs like it {i % 7}" for i in range(500)]
    path.write_text("Id,Score,Summary,Text\n" + "\n".join(rows) + "\nonly one field\n")
    return path


def invoke(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if isinstance(result.exception, ModelCollapseError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def numbers(output, row):
    """The numbers of a row of a printed table."""
    rests = [line.strip().removeprefix(row).strip() for line in output.splitlines() if line.strip().startswith(row)]
    (rest,) = [rest for rest in rests if rest[:1].isdigit()]
    return [part for part in rest.replace(",", "").split() if part.isdigit()]


def test_build_info_list_remove(shop):
    options = ("--text-column", "Summary", "--text-column", "Text", "--rating-column", "Score")
    built = invoke("build", shop, "--name", "shop", *options)
    assert "export.csv  CSV (text: Summary + Text; rating: Score)" in built
    assert numbers(built, "rows read") == ["501"]
    assert numbers(built, "left out: 3 stars") == ["100"]
    assert numbers(built, "unusable: wrong number of fields") == ["1"]
    assert "unusable: export.csv, line 502: wrong number of fields: 1 instead of 4" in built
    assert numbers(built, "documents kept") == ["400"]
    info = invoke("info", "shop")
    corpus = load_corpus("shop")
    assert numbers(info, "documents")[0] == "400"
    assert corpus.fingerprint in info
    assert "positive" in info
    assert "50.0%" in info
    assert "text_column=Summary+Text" in info
    listed = invoke("list")
    (line,) = [line for line in listed.splitlines() if line.startswith("shop")]
    assert line.split()[:4] == ["shop", "from", "export.csv", "400"]
    assert "movies" in listed
    assert "Removed shop" in invoke("remove", "shop")
    assert "export.csv" not in invoke("list")


def test_options_reach_the_corpus(shop):
    output = invoke(
        "build",
        shop,
        "--ngrams",
        "1-2",
        "--no-lemmatize",
        "--no-stopwords",
        "--drop-duplicates",
        "--balance",
        "--text-column",
        "Text",
        "--workers",
        "1",
    )
    corpus = load_corpus(
        shop, ngrams=2, lemmatize=False, stopwords=False, drop_duplicates=True, balance=True, text_column="Text"
    )
    assert corpus.fingerprint in output
    assert "terms by n-gram order" in output
    assert {"dogs", "it", "like it"} <= set(corpus.load_vocabulary())
    assert numbers(output, "documents kept") == [str(corpus.n_documents)]


def test_synthetic_with_text(tmp_path):
    output = invoke("build", "synthetic:200,vocabulary=500", "--text-file", tmp_path / "reviews.csv")
    assert "Bayes error" in output
    again = invoke("info", tmp_path / "reviews.csv")
    assert load_corpus("synthetic:200,vocabulary=500").fingerprint in again
    assert "synthetic:200,vocabulary=500" in invoke("list")
    assert "Removed" in invoke("remove", "synthetic:200,vocabulary=500")


def test_several_files_need_a_name(shop):
    with pytest.raises(CorpusError, match="several files make one corpus only under a name"):
        invoke("build", shop, shop)
    assert numbers(invoke("build", shop, shop, "--name", "twice"), "rows read") == ["1002"]


def test_shop_export_of_the_shared_data():
    path = data_folder() / "star_rated_reviews.csv"
    if not path.is_file():
        pytest.skip("the shared data are not here")
    output = invoke("build", path)
    assert numbers(output, "rows read") == ["1999"]
    assert numbers(output, "left out: 3 stars") == ["162"]
    assert numbers(output, "documents kept") == ["1837"]
