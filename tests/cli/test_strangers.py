"""What comes from strangers – rows, run folders, spec files, reviews – through every command that reads it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest

from modelcollapse.analysis.statistics.arms import AnalysisError
from modelcollapse.analysis.study.published import is_original_file, read_original
from modelcollapse.searches.results import read_search
from tests.analysis.fake import World, fake_results

MARKUP = 'x"><script>alert(1)</script><svg onload="alert(2)">'
ESCAPES = "\x1b]0;pwned\x07\x1b[2J\r\nline"
MATHS = r"$\frac{1}{0}$ $"
HOSTILE = (MARKUP, ESCAPES, MATHS, "a|b`c`\\", "../../../escaped/pwn", "\u202emoc", "_under")


class Page(HTMLParser):
    """Notes what a browser would run."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_script = tag == "script"
        self.handlers += [name for name, value in attrs if name.startswith("on") or "javascript:" in (value or "")]

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data)
            self._in_script = False


def check_output(folder: Path) -> None:
    """Assert that what was written below a folder is well-formed and runs nothing but the report's own script."""
    for file in folder.rglob("*.svg"):
        tree = ElementTree.fromstring(file.read_text())
        assert not [e for e in tree.iter() if isinstance(e.tag, str) and e.tag.endswith("script")]
        assert not [name for e in tree.iter() for name in e.keys() if name.startswith("on")]  # noqa: SIM118
    for file in folder.rglob("*.html"):
        page = Page()
        page.feed(file.read_text())
        assert page.handlers == []
        assert all(script.lstrip().startswith("for (const table") for script in page.scripts)
        assert len(page.scripts) == 1


@pytest.fixture(autouse=True)
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _own_folders: None) -> Path:
    """A folder to work in, with files of somebody else around it and a module that must not be imported."""
    (tmp_path / "around").mkdir()
    (tmp_path / "around" / "diary.txt").write_text("mine")
    (tmp_path / "escaped").mkdir()
    inner = tmp_path / "a" / "yard"
    inner.mkdir(parents=True)
    (tmp_path / "evil_learner.py").write_text("raise SystemExit('imported')\nclass Learner: ...\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(inner)
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path / "a" / "cache"))
    return inner


def around(yard: Path) -> dict[str, str]:
    """Checksums of everything outside of the yard and the cache."""
    root = yard.parent.parent
    files = [path for path in root.rglob("*") if path.is_file() and root / "a" not in path.parents]
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if "__pycache__" not in path.parts
    }


def rows(**changed: Any) -> pl.DataFrame:
    """Rows of two seeds and two rates, with columns replaced."""
    frame = fake_results(World(rates=(0.0, 0.3), seeds=range(2), sizes=(500, 600, 700), experiment="mine"))
    return frame.with_columns(pl.lit(value).alias(name) for name, value in changed.items())


def assert_clean(code: int, out: str, err: str) -> None:
    assert code in (0, 2), err
    assert "Traceback" not in err
    assert all(c.isprintable() or c in "\n\N{NO-BREAK SPACE}" for c in out + err)
    if code == 2:
        assert len(err.splitlines()) == 1
        assert len(err) < 3000


READERS = [("plot",), ("report",), ("compare",)]


def test_hostile_text_in_exported_rows_stays_text(call, yard):
    before = around(yard)
    rows(model=MARKUP, model_params=MATHS, regime="_under", label_rule="a|b`c`\\").write_csv("rows.csv")
    for command in (*READERS, ("export", "again.csv")):
        assert_clean(*call(command[0], "rows.csv", *command[1:]))
    check_output(yard)
    assert (yard / "rows/report.html").exists()
    assert around(yard) == before
    assert {path.name for path in yard.iterdir()} <= {"rows.csv", "again.csv", "rows"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_of_experiments_are_one_line_and_no_path(call, yard, text):
    before = around(yard)
    rows(experiment=text).write_csv("rows.csv")
    for command in READERS:
        code, out, err = call(*command, "rows.csv")
        assert code == 2
        assert_clean(code, out, err)
    assert around(yard) == before
    assert [path.name for path in yard.iterdir()] == ["rows.csv"]


RESULT_FILES = {
    "ratio,cv,score,time": ("0.1,0,0.8,1", "0.2,0,0.9,2"),
    "initial_ratio,new_ratio,cv,score,time": ("0.1,0.1,0,0.8,1", "0.1,0.2,0,0.7,1"),
    "initial_size,new_size,colapse_rate,cv,score,time": ("1000,1000,0,0,0.8,1", "1000,2000,0.1,0,0.8,1"),
    "fold,is_study,accuracy,seconds,max_depth": ("0,true,0.5,1,3", "0,false,0.6,2,4"),
    "param_max_depth,split0_test_score,split1_test_score,mean_fit_time": ("1,0.5,0.6,1", "2,0.7,0.8,2"),
    "generation,score,collapse_rate,min_df,ngram_range,max_features,n_estimators,max_depth,min_samples_split,"
    "min_samples_leaf,bootstrap": ("0,0.8,0.05,1,(1; 1),sqrt,9,24,2,1,False", "1,0.8,0.04,3,(1; 8),log2,9,17,3,2,True"),
}
WRONG = ("nan", "inf", "-inf", "-1", "1e300", "9" * 30, "\x1b[2J", "\u202emoc", "words")


def read_result_file(content: bytes) -> None:
    Path("rows.csv").write_bytes(content)
    if read_search(content, "rows.csv") is None and is_original_file("rows.csv"):
        read_original("rows.csv")


@pytest.mark.parametrize("header", RESULT_FILES)
def test_values_that_no_result_file_can_have_are_one_line(header):
    """Of the original study and of searches: every cell and every name of a column is somebody's."""
    for place in range(header.count(",") + 1):
        is_word = header.split(",")[place] in ("max_depth", "max_features", "param_max_depth")
        for wrong in WRONG:
            cells = [row.split(",") for row in RESULT_FILES[header]]
            cells[1][place] = wrong
            content = "\n".join((header, *map(",".join, cells))).encode()
            if (is_word and wrong.isprintable()) or (wrong == "nan" and "split0" in header):
                continue  # a parameter may be any word, and an invalid combination has no score
            with pytest.raises(AnalysisError) as refused:
                read_result_file(content)
            assert str(refused.value).isprintable(), (place, wrong)
            assert "\n" not in str(refused.value)


def test_what_is_in_result_files_is_shown_and_not_obeyed(call, yard):
    before = around(yard)
    for number, (header, (first, second)) in enumerate(RESULT_FILES.items()):
        for name, content in {
            "named": f"{header},{ESCAPES!s}\n{first},1\n{second},1\n",
            "short": f"{header}\n{first}\n{second[:5]}\n",
            "bytes": f"{header}\n{first}\n\udcff{second}\n",
            "empty": f"{header}\n",
        }.items():
            file = f"{name}{number}.csv"
            Path(file).write_bytes(content.encode(errors="surrogateescape"))
            for command in READERS:
                assert_clean(*call(*command, file))
    file = "grid.csv"
    Path(file).write_text(f"param_{MARKUP},split0_test_score,split1_test_score\n{MARKUP},0.5,0.6\n2,0.7,0.8\n")
    assert_clean(*call("plot", file))
    check_output(yard)
    assert around(yard) == before


@pytest.mark.parametrize("name", ["...csv", "..csv", ".csv", "below/..csv", "below/...csv", "....parquet"])
def test_a_file_without_a_name_before_its_suffix_is_one_line(call, yard, name):
    """What is made of it would go to a folder of that name: the folder it is in, or the one above."""
    (yard / "below").mkdir()
    write = rows().write_parquet if name.endswith("parquet") else rows().write_csv
    write(yard / name)
    there = sorted(yard.parent.rglob("*"))
    for command in READERS:
        code, out, err = call(*command, name)
        assert_clean(code, out, err)
        assert code == 2
        assert "rename the file" in err or name == ".csv"  # a hidden file without a suffix
    assert sorted(yard.parent.rglob("*")) == there


@pytest.mark.parametrize("name", ["x" * 5000 + ".csv", "x\0.csv", "x\0.parquet"])
def test_what_can_be_no_path_is_one_line(call, yard, name):
    for command in READERS:
        code, out, err = call(*command, name)
        assert_clean(code, out, err)
        assert code == 2
    assert not list(yard.iterdir())


GRID_SEARCH = {"format": 1, "search": "hyperparameters", "corpus": {"name": "c", "fingerprint": "f"}, "searches": []}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{}", "search.json is no search of modelcollapse"),
        (b"\xff\x00", "search.json is no search of modelcollapse"),
        (b'{"query": "shoes", "format": "json"}', "search.json is no search of modelcollapse"),
        (json.dumps({**GRID_SEARCH, "format": 7}).encode(), "search.json has format 7, this version knows 1"),
        (json.dumps(GRID_SEARCH).encode(), "has no results.csv yet"),
    ],
)
def test_a_search_of_somebody_else_is_said_to_be_none(call, yard, content, message):
    (yard / "found").mkdir()
    (yard / "found/search.json").write_bytes(content)
    for command in (*READERS, ("export", "again.csv")):
        code, out, err = call(command[0], "found", *command[1:])
        assert_clean(code, out, err)
        assert code == 2
        assert message in err
    assert [path.name for path in yard.rglob("*")] == ["found", "search.json"]


def test_results_of_something_else_in_a_searchs_folder_are_one_line(call, yard):
    (yard / "found").mkdir()
    (yard / "found/search.json").write_text(json.dumps(GRID_SEARCH))
    (yard / "found/results.csv").write_text("a,b\n1,2\n")
    code, out, err = call("plot", "found")
    assert_clean(code, out, err)
    assert "results.csv holds no results of a search" in err


@pytest.mark.parametrize("column", ["chain_id", "model", "model_params", "regime", "label_rule"])
def test_control_characters_in_exported_rows_are_one_line(call, column):
    for text in (ESCAPES, "\u202emoc"):
        rows(**{column: text}).write_csv("rows.csv")
        for command in READERS:
            code, out, err = call(*command, "rows.csv")
            assert code == 2
            assert_clean(code, out, err)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("accuracy", float("nan"), "found nan in the column accuracy, expected a number from 0 to 1"),
        ("accuracy", 7.0, "found 7.0 in the column accuracy"),
        ("accuracy", None, "found None in the column accuracy"),
        ("log_loss", float("inf"), "found inf in the column log_loss, expected a finite number"),
        ("collapse_rate", -0.5, "found -0.5 in the column collapse_rate"),
        ("n_seen", -5, "found -5 in the column n_seen"),
        ("n_seen", 2**62, "found 4611686018427387904 in the column n_seen"),
        ("n_test", 0, "found 0 in the column n_test, expected a whole number from 1 up"),
        ("generation", -1, "found -1 in the column generation"),
        ("seed", None, "found None in the column seed"),
        ("n_seen", "many", "Cannot read rows.csv"),
        ("experiment", "", "experiment: found ''"),
        ("regime", "", "found '' in the column regime"),
        ("model", "x" * 5000, "expected one line of text"),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_values_that_no_run_can_have_are_one_line(call, column, value, message, suffix):
    frame = rows(**{column: value})
    write = frame.write_csv if suffix == "csv" else frame.write_parquet
    write(f"rows.{suffix}")
    for command in READERS:
        code, out, err = call(*command, f"rows.{suffix}")
        assert code == 2
        assert message.replace("rows.csv", f"rows.{suffix}") in err
        assert_clean(code, out, err)


def test_files_that_are_no_rows_are_one_line(call, yard):
    frame = rows()
    pl.concat([frame, frame]).write_csv("twice.csv")
    assert call("compare", "twice.csv", "twice.csv")[0] == 0
    many = pl.concat([frame.with_columns(experiment=pl.lit(f"e{i}")) for i in range(1000)])
    many.write_csv("many.csv")
    (yard / "wide.csv").write_text(",".join(f"c{i}" for i in range(100_000)) + "\n1\n")
    (yard / "long.csv").write_text("x" * 3_000_000 + "\n1\n")
    (yard / "nul.csv").write_bytes(b"\0" * 5000)
    (yard / "latin.csv").write_bytes("experiment,müll\n1,ü\n".encode("latin-1"))
    (yard / "escape.csv").write_text(f"score,{ESCAPES}\n1,2\n")
    frame.with_columns(accuracy=pl.struct("seed")).write_parquet("nested.parquet")
    for name in ("many.csv", "wide.csv", "long.csv", "nul.csv", "latin.csv", "escape.csv", "nested.parquet"):
        for command in READERS:
            code, out, err = call(*command, name)
            assert code == 2, (name, command)
            assert_clean(code, out, err)


SWEEP = (
    "--executor", "inprocess", "--rates", "0,0.5", "--seeds", "2", "--initial-size", "100", "--final-size", "200",
    "--increment", "100", "--test-size", "100", "--model", "naive-bayes",
)  # fmt: skip


def spec_of(call: Any) -> dict[str, Any]:
    """A small run in ``run``; what its spec.json holds."""
    assert call("run", "demo", *SWEEP, "--corpus", "synthetic:600", "--out", "run")[0] == 0
    return json.loads(Path("run/spec.json").read_text())


@pytest.mark.filterwarnings("ignore:run was begun with other versions")
def test_a_hostile_run_folder_harms_nobody(call, yard):
    spec = spec_of(call)
    for sample in Path("run/chains").iterdir():
        Path("run/failures").mkdir(exist_ok=True)
        failure = {"reason": MARKUP + ESCAPES, "details": ESCAPES, "is_own": MARKUP}
        Path("run/failures", sample.stem + ".json").write_text(json.dumps(failure))
    before = around(yard)
    text = "\ud800".join(HOSTILE)
    about = {**spec, "versions": {text: text}}
    corpus = {**spec["corpus"], "name": text}
    walk(call, {**about, "corpus": {**corpus, "origin": {text: [text]}}})
    walk(call, {**about, "corpus": {**corpus, "origin": text, "given": {"name_or_path": text}}}, ("status", "resume"))
    check_output(yard)
    sweep = spec["sweeps"][0]
    for key, value in [(key, value) for key in sweep for value in (MARKUP, ESCAPES, "../x", None, [[1]], {"a": 1})]:
        walk(call, {**spec, "sweeps": [{**sweep, key: value}]}, ("status",))
    for given in ({"workers": MARKUP}, {"name_or_path": 5}, {"text_column": 5}, [], {"name_or_path": "\0"}):
        walk(call, {**spec, "corpus": {**spec["corpus"], "given": given}}, ("resume",))
    learner = {**sweep, "model": ["evil_learner:Learner"]}
    walk(call, {**spec, "sweeps": [learner]})
    assert "evil_learner" not in sys.modules
    assert around(yard) == before


def walk(
    call: Any,
    spec: dict[str, Any],
    commands: tuple[str, ...] = ("status", "report", "export", "compare", "resume"),
) -> None:
    """Give a spec.json to every command that reads a run."""
    Path("run/spec.json").write_text(json.dumps(spec))
    more = {"export": ("rows.csv",), "compare": ("run",), "resume": ("--executor", "inprocess")}
    for command in commands:
        assert_clean(*call(command, "run", *more.get(command, ())))


def test_figures_of_a_hostile_run_folder(call, yard):
    spec = spec_of(call)
    spec["corpus"] = {**spec["corpus"], "name": MARKUP, "origin": None}
    walk(call, spec, ("plot", "status"))
    check_output(yard)


def reviews(column: str = "text", text: str = "good film", n: int = 40) -> bytes:
    """Labelled reviews as CSV."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column, "label"])
    writer.writerows([f"{text} word{i % 7} word{i % 5}", i % 2] for i in range(n))
    return out.getvalue().encode()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_of_columns_and_files(call, yard, text):
    file = yard / f"{text.replace('/', ':')}.csv"
    file.write_bytes(reviews(text))
    for arguments in (("corpus", "info", file), ("corpus", "info", file, "--text-column", text)):
        assert_clean(*call(*arguments))
    assert_clean(*call("corpus", "build", file, "--text-column", text, "--name", "shop"))
    assert_clean(*call("corpus", "list"))
    name = yard / "plain.csv"
    name.write_bytes(reviews("text", text))
    code, out, err = call("run", "demo", *SWEEP, "--corpus", name, "--test-size", "10", "--initial-size", "10",
                          "--final-size", "20", "--increment", "10", "--out", "run")  # fmt: skip
    assert_clean(code, out, "".join(line for line in err.splitlines(keepends=True) if code == 0 or "modelc" in line))


@pytest.mark.parametrize(
    "content",
    [
        lambda: (",".join(f"c{i}" for i in range(100_000)) + "\n").encode() * 3,
        lambda: reviews("text", "x" * 20_000_000, n=1),
        lambda: reviews("text", "x y\n" * 5_000_000, n=1),
        lambda: reviews() + b"\0" * 70_000,
        lambda: reviews() + "grün,1\n".encode("latin-1"),
        lambda: reviews().decode().encode("utf-16"),
        lambda: b"\x1b[2J," * 20 + b"\n1",
    ],
    ids=["wide", "cell", "quoted-cell", "nul", "mixed", "utf-16", "escapes"],
)
def test_hostile_reviews_are_one_line(call, yard, content):
    (yard / "r.csv").write_bytes(content())
    code, out, err = call("corpus", "info", "r.csv")
    assert code == 2
    assert_clean(code, out, err)


@pytest.mark.parametrize("given", ["5", "true", "[]", '""', "{a = 1}", "2020-01-01", "1.5", '"a\\nb"', '"\\u0000"'])
def test_a_corpus_of_another_kind_in_a_spec_file_is_one_line(call, yard, given):
    (yard / "mine.toml").write_text(f"rates = 0\ninitial_size = 100\ncorpus = {given}\n")
    code, out, err = call("run", "mine.toml", "--dry-run")
    assert code == 2
    assert "corpus" in err
    assert_clean(code, out, err)


@pytest.mark.parametrize(
    "line",
    [
        "seeds = true", "seeds = 20.0", "final_size = []", "final_size = true", "increment = true", "min_df = true",
        "test_size = 1e300", "trees = 999999999999999999", "model_param = {alpha = [[1]]}", "rates = {a = 1}",
        'model_param = {alpha = "\\u001b[2J"}', "model_param = {alpha = {a = 1}}", "model = 5", "sizes = 2020-01-01",
        'experiment = ""', "experiment = 5", 'regime = [""]', "label_rule = [1]", "ngrams = true",
        'encoding = "\\u0000"',
    ],
)  # fmt: skip
def test_a_value_of_another_kind_in_a_spec_file_is_one_line(call, yard, line):
    key = line.split(" ")[0]
    base = {"rates": "0", "initial_size": "100", "model": '"naive-bayes"'}
    lines = [f"{name} = {value}" for name, value in base.items() if name != key]
    (yard / "mine.toml").write_text("\n".join([*lines, line]))
    code, out, err = call("run", "mine.toml", "--corpus", "synthetic:300", "--dry-run")
    assert code == 2
    assert_clean(code, out, err)
