"""The command line, as users meet it: real processes where signals and imports matter, one process elsewhere."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from modelcollapse import open_run
from modelcollapse.cli.execute import interruptible

SWEEP = [
    "run", "demo", "--executor", "inprocess", "--rates", "0,0.5", "--seeds", "2", "--initial-size", "100",
    "--final-size", "400", "--increment", "100", "--test-size", "200", "--model", "naive-bayes",
]  # fmt: skip


def table(folder: Path) -> pl.DataFrame:
    results = open_run(folder).results()
    kept = [name for name in results.columns if not name.endswith("_seconds")]
    return results.select(kept).sort("chain_id", "n_seen")


def test_more_than_two_classes_run_with_classes_by_name(call, tmp_path):
    words = ["good film", "bad film", "a book"]
    lines = [f"{words[i % 3]} number {i},{('gut', 'schlecht', 'Buch')[i % 3]}" for i in range(600)]
    (tmp_path / "three.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    sweep = [*SWEEP, "--corpus", "three.csv", "--out", "three"]
    code, out, err = call(*sweep, "--model", "forest,naive-bayes", "--trees", "5")
    assert code == 0, err
    assert "forest-sklearn runs in its place" in err
    assert "100 → 400" in out
    code, out, _ = call("report", "three")
    assert code == 0
    page = (tmp_path / "three" / "report.html").read_text()
    assert all(f">{name}</td>" in page for name in ("Buch", "gut", "schlecht"))
    code, out, _ = call("status", "three")
    assert "domain multiclass" in out
    code, _, err = call(*sweep, "--label-rule", "soft")
    assert code == 2
    assert "counts a document for both of two classes" in err
    code, out, err = call(*sweep, "--model", "naive-bayes", "--until-ci", "0.2")
    assert code == 0, err
    assert "Widest paired 95 % interval at the end" in out
    code, out, err = call("plan", *SWEEP[1:2], "--corpus", "three.csv", "--cores", "4")
    assert code == 0, err
    assert "hours" in out


def test_run_prints_what_happened_and_goes_on(call, reviews_csv, tmp_path):
    corpus = ["--corpus", reviews_csv, "--text-column", "review", "--label-column", "label"]
    code, out, err = call(*SWEEP, *corpus)
    assert code == 0
    assert "4 chains; 16 generations to run → runs/demo" in err
    assert "50 %" in out
    assert "100 → 400" in out
    code, _, err = call(*SWEEP, *corpus, "--seeds", "3")
    assert "6 chains, 4 finished before; 8 generations to run" in err
    code, out, _ = call("status", "runs/demo")
    assert "6/6" in out
    code, out, _ = call("resume", "runs/demo", "--executor", "inprocess", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert [(event["event"], event.get("generations")) for event in events[::2]] == [("planned", 0), ("planned", 0)]
    assert table(tmp_path / "runs/demo").height == 24


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:99999", "nowhere"])
def test_a_cluster_that_is_not_there_is_one_line(call, address):
    code, _, err = call(*SWEEP, "--corpus", "synthetic:1000", "--executor", "ray", "--address", address)
    assert code == 2
    assert err.splitlines()[1].startswith(f"modelcollapse: Cannot connect to Ray at {address} (")
    assert len(err.splitlines()) == 2


def test_dry_run_lists_chains_and_touches_nothing(call, reviews_csv, tmp_path):
    code, out, _ = call(*SWEEP, "--corpus", reviews_csv, "--dry-run")
    assert code == 0
    assert "4 chains, 0 finished, 0 begun; 16 generations to run → runs/demo" in out
    assert len(out.splitlines()) == 6
    assert list(tmp_path.iterdir()) == []


def test_options_override_the_spec_file(call, reviews_csv, tmp_path):
    (tmp_path / "mine.toml").write_text(
        f'corpus = "{reviews_csv}"\nrates = "0:1:0.5"\ninitial_size = 100\nfinal_size = 300\nincrement = 100\n'
        'test_size = 200\nmodel = "naive-bayes"\n'
    )
    code, out, _ = call("run", "mine.toml", "--rates", "0,1", "--dry-run")
    assert code == 0
    assert "2 chains, 0 finished, 0 begun; 6 generations to run → runs/mine" in out


def test_experiments_are_listed(call):
    code, out, _ = call("experiments")
    assert code == 0
    for name in ("baseline", "total-collapse", "collapse-rates", "low-rates", "fine-rates"):
        assert name in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nothing"], "Found no experiment and no spec file 'nothing'. Expected one of demo"),
        (["run", "none.toml"], "Cannot read the spec file none.toml"),
        (["run", "bad.toml"], "found the key 'rate', expected one of"),
        ([*SWEEP, "--rates", "0,1.1"], "rates: found 1.1, expected rates in [0, 1]"),
        ([*SWEEP, "--colour"], "No such option: --colour"),
        ([*SWEEP, "--model", "forrest"], "Found no learner 'forrest'"),
        ([*SWEEP, "--model-param", "max_depth=3"], "which naive-bayes does not have"),
        ([*SWEEP, "--model-param", "alpha=-1,1"], "does not take alpha=-1"),
        ([*SWEEP, "--corpus", "missing.csv"], "missing.csv"),
        ([*SWEEP, "--corpus", "DATA", "--text-column", "txt"], "txt"),
        ([*SWEEP, "--corpus", "three.csv"], "labels are not two classes: found 5"),
        ([*SWEEP, "--corpus", "empty.csv"], "there is no row with text and label"),
        ([*SWEEP, "--corpus", "DATA", "--final-size", "5000"], "needs 5,200 documents"),
        ([*SWEEP, "--scale", "0"], "scale: found 0"),
        (["status", "nowhere"], "Found no run in nowhere"),
        (["run"], "Missing argument"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(call, reviews_csv, tmp_path, arguments, message):
    (tmp_path / "bad.toml").write_text("rate = 1\n")
    (tmp_path / "three.csv").write_text("text,label\n" + "".join(f"some words {i},{i % 3 + 5}\n" for i in range(27)))
    (tmp_path / "empty.csv").write_text("text,label\n")
    before = sorted(tmp_path.iterdir())
    code, out, err = call(*[reviews_csv if argument == "DATA" else argument for argument in arguments])
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert message in err
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_with_another_corpus_is_refused(call, reviews_csv, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(reviews_csv.read_text().replace("word0001", "word0002"))
    assert call(*SWEEP, "--corpus", reviews_csv)[0] == 0
    code, _, err = call(*SWEEP, "--corpus", other)
    assert code == 2
    assert "holds a run on the corpus 'shop'" in err


def test_failed_chains_are_exit_code_1(call, reviews_csv):
    failing = [
        *SWEEP, "--corpus", reviews_csv, "--model", "sklearn.neighbors:KNeighborsClassifier", "--model-param",
        "n_neighbors=100000,3",
    ]  # fmt: skip
    code, _, err = call(*failing)
    assert code == 1
    assert "4 chains failed; why: runs/demo/failures" in err
    code, _, err = call(*failing, "--log-file", "my.log")
    assert code == 1
    assert "4 failed before (--retry-failed runs them again); 0 generations to run" in err
    assert "Traceback" not in Path("my.log").read_text()
    code, _, err = call("resume", "runs/demo", "--executor", "inprocess", "--retry-failed", "--log-file", "my.log")
    assert code == 1
    assert "16 generations to run" in err
    assert "Traceback" in Path("my.log").read_text()


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "modelcollapse", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


HEAVY = {"ray", "polars", "sklearn", "scipy", "numba", "nltk", "matplotlib", "pandas", "numpy", "jinja2"}


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [(["--help"], {*HEAVY, "pydantic", "rich"}), (["run", "--help"], HEAVY), (["generational", "--help"], HEAVY)],
)
def test_help_imports_nothing_heavy(arguments, heavy):
    code = (
        f"import sys; sys.argv = ['modelcollapse', *{arguments}]; heavy = {heavy}\n"
        "from modelcollapse.cli import main\n"
        "try: main()\n"
        "except SystemExit as stopped: assert not stopped.code\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_what_runs_chains_imports_no_figures_and_no_reader_of_words():
    code = (
        "import sys\n"
        "import modelcollapse.analysis.outcomes, modelcollapse.runs.sweeping, modelcollapse.execution.ray.executor\n"
        "assert not {'ray', 'matplotlib', 'nltk'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


SLOW = [
    *SWEEP, "--seeds", "4", "--model", "forest-sklearn", "--trees", "30", "--increment", "40", "--final-size", "600",
]  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(reviews_csv, tmp_path_factory) -> Path:
    run = tmp_path_factory.mktemp("undisturbed")
    process = start(*SLOW, "--corpus", reviews_csv, "--out", run, "--executor", "inprocess")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return run


def test_an_interruption_that_python_swallows_is_made_again(capsys):
    class TakenApart:
        def __del__(self):
            raise KeyboardInterrupt

    def wait_long():
        TakenApart()
        for _ in range(1000):
            time.sleep(0.01)

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with pytest.raises(SystemExit) as left, interruptible("runs/first"):
            wait_long()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert left.value.code == 130
    assert "What was computed is kept in runs/first" in capsys.readouterr().err


@pytest.mark.ray
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("executor", "how"),
    [("inprocess", signal.SIGINT), ("ray", signal.SIGTERM), ("ray", signal.SIGKILL)],
)
def test_stopped_and_started_again_it_ends_with_the_same_table(call, reviews_csv, tmp_path, undisturbed, executor, how):
    arguments = [*SLOW, "--corpus", reviews_csv, "--out", tmp_path / "run", "--workers", "2"]
    run = tmp_path / "run"
    process = start(*arguments, "--executor", executor)
    deadline = time.monotonic() + 100
    while not list(run.glob("chains/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "demo" in call("status", run)[1]
    assert "Another process is running a sweep" in call(*arguments)[2]
    process.send_signal(how)
    _, err = process.communicate(timeout=60)
    assert process.returncode == (-signal.SIGKILL if how == signal.SIGKILL else 130), err
    if how != signal.SIGKILL:
        assert f"kept in {run}; the same command goes on from it" in err
    kept = table(run)
    assert 0 < kept.height < table(undisturbed).height

    code, _, err = call("resume", run, "--executor", "inprocess")
    assert code == 0, err
    assert "finished before" in err
    assert table(run).equals(table(undisturbed))
    assert not list(run.glob("partial/*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_says_so(call, monkeypatch, number):
    monkeypatch.setattr("modelcollapse.corpora.catalogue.list_catalogue", lambda: signal.raise_signal(number))
    assert call("corpus", "list") == (130, "", "modelcollapse: Interrupted.\n")


def test_an_interruption_that_a_library_makes_an_error_of_is_one_all_the_same(tmp_path):
    code = """
import os, signal, sys
from modelcollapse import cli, errors
def app(standalone_mode):
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        raise errors.LearnerError("Found no learner: its library failed to import.") from None
cli.command_line = lambda: app
cli.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (130, "modelcollapse: Interrupted.\n")


def test_what_makes_the_table_say_little_is_said_below_it(call, tmp_path):
    texts = [f"good fine number{i}" if i % 10 else f"bad awful number{i}" for i in range(20)]
    lines = [f"{text},{int(text.startswith('good'))}" for text in texts * 20]
    (tmp_path / "copies.csv").write_text("text,label\n" + "\n".join(lines))
    code, out, err = call(
        *SWEEP, "--corpus", "copies.csv", "--final-size", "300", "--test-size", "20", "--min-df", "5000"
    )
    assert code == 0, err
    cautions = [line for line in out.splitlines() if line.startswith("Caution: ")]
    for words, line in zip(("no term is left", "ends as a constant", "380 of 400"), cautions, strict=True):
        assert words in line
    assert re.search(r"^The report has \d more cautions\.$", out, re.MULTILINE)
    assert "380 of 400 documents" in call("status", "runs/demo")[1]
    assert call("report", "runs/demo")[0] == 0
    page = (tmp_path / "runs/demo/report.html").read_text()
    for words in ("repeat the text of one before", "documents: an accuracy moves in steps", "labels are positive"):
        assert words in page
