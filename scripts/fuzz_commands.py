"""Whole commands for `fuzz.py`: odd learners, foreign folders, strangers' tables and other versions' runs.

Every command works beside a tree of foreign files, and must leave them as they are, to the last byte.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import shutil
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import typer
from sklearn.naive_bayes import MultinomialNB

from modelcollapse.cli import command_line
from modelcollapse.errors import ModelCollapseError

#: A sweep that takes a moment.
SMALL = [
    "--corpus", "synthetic:400", "--executor", "inprocess", "--rates", "0,0.5", "--seeds", "2", "--initial-size", "60",
    "--final-size", "120", "--increment", "30", "--test-size", "80",
]  # fmt: skip
GRID = [
    "hyperparameters", "--corpus", "synthetic:400", "--grid", "n_estimators=2", "--documents", "40", "--folds", "2",
    "--executor", "inprocess",
]  # fmt: skip
NAIVE_BAYES = ["run", "demo", *SMALL, "--model", "naive-bayes"]

#: Texts that mean something to a page, a path, a terminal, a table or a formula.
HOSTILE = [
    '"><script>alert(1)</script>', "../../escaped", "/tmp/escaped", "..", ".", "", " ", "a/b", "a\\b", "$x^2$",
    "$\\frac{", "|---|", "`rm`", "\x1b[31mred\x1b[0m", "line\nbreak", "\x00", "\ufeff", "ünïcode ☃", "nan", "=1+1",
    "%s{}{0}", "x" * 300, "CON", "<svg onload=alert(1)>", "&amp;", "]]>", "-->", "'", "\u202etxt",
]  # fmt: skip

#: Files of other people: names that the program uses, too, and others.
FOREIGN = {
    "spec.json": b'{"openapi": "3.1.0", "info": {"title": "shop"}}',
    "search.json": b'{"query": "mine"}',
    "report.html": b"<html>my thesis</html>",
    "results.csv": b"name,score\nme,1\n",
    "claims.md": b"# My claims\n",
    "log.txt": b"my log\n",
    "lock.json": b"{}",
    "figures/demo.png": b"\x89PNG mine",
    "figures/results.svg": b"<svg>mine</svg>",
    "chains/notes.parquet": b"PAR1 mine PAR1",
    "partial/notes.txt": b"mine",
    "failures/mine.json": b"{}",
    "units/a.json": b"[]",
    "notes.txt": b"keep me",
    "shop.csv": b"text,label\ngood,1\nbad,0\n",
    "movies": b"text,label\nmine,1\n",
    "demo": b"rates = [0]\n",
}


class Commands:
    """Calls commands in a folder of its own, beside foreign files.

    Parameters
    ----------
    folder : Path
        Empty, and this object's own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._run = folder / "stored"
        call(*NAIVE_BAYES, "--out", str(self._run))
        call("export", str(self._run), str(folder / "rows.csv"))
        self._rows = pl.read_csv(folder / "rows.csv")

    def odd_learner(self, folder: Path) -> None:
        """Run a sweep with a learner that has a few vices: refused, failed with its reason, or computed."""
        vices = random.sample(VICES, k=random.choice([1, 1, 2, 3]))
        module = types.ModuleType("oddlearner")
        module.Odd = type("Odd", (MultinomialNB,), dict(vices))  # type: ignore[attr-defined]
        sys.modules["oddlearner"] = module
        rule = random.choice(["argmax", "sampled", "frozen", "argmax,prior-matched"])
        with self._beside_foreign_files(Path("out")):
            call("run", "demo", *SMALL, "--model", "oddlearner:Odd", "--label-rule", rule, "--out", "out")

    def foreign_folder(self, folder: Path) -> None:
        """Let a writing command loose on a folder with other people's files."""
        targets = [".", "figures", "chains", "new", "new/deeper", "notes.txt", "shop.csv", "spec.json", ".."]
        target = random.choice(targets)
        commands: list[list[str]] = [
            [*NAIVE_BAYES, "--out", target],
            [*GRID, "--out", target],
            ["export", str(self._run), f"{target}/{random.choice(['shop.csv', 'results.csv', 'new.parquet'])}"],
            ["export", str(self._run), target],
            ["corpus", "build", "synthetic:400", "--text-file", random.choice([target, "shop.csv", "notes.txt"])],
            [*NAIVE_BAYES, "--out", "new", "--log-file", random.choice([target, "notes.txt", "shop.csv"])],
            ["status", target], ["report", target], ["compare", target], ["resume", target],
            ["run", random.choice(["demo", "./demo", "movies"]), *SMALL, "--model", "naive-bayes", "--out", target],
        ]  # fmt: skip
        with self._beside_foreign_files(Path(target)):
            call(*random.choice(commands))

    def exported_rows(self, folder: Path) -> None:
        """Read a table of rows that a stranger has edited, with every command that reads one."""
        rows = self._rows
        for _ in range(random.choice([1, 1, 2, 4])):
            rows = edited(rows)
        command = random.choices(["compare", "export", "report", "plot"], [8, 8, 1, 1])[0]
        with self._beside_foreign_files(Path("table")):
            kind = random.choice(["csv", "parquet"])
            rows.write_csv("table.csv") if kind == "csv" else rows.write_parquet("table.parquet")
            call(command, f"table.{kind}", *(["again.csv"] if command == "export" else []))
            for page in Path(".").rglob("*.html"):
                assert "<script>alert" not in page.read_text(encoding="utf-8").replace("report.html", "")

    def other_version(self, folder: Path) -> None:
        """Open, resume and extend a run that another version – or another program – has changed."""
        with self._beside_foreign_files(Path("run")):
            shutil.copytree(self._run, "run")
            files = sorted(Path("run/chains").glob("*.parquet"))
            file = random.choice(files)
            match random.randrange(4):
                case 0:  # a column more
                    pl.read_parquet(file).with_columns(later=pl.lit(1)).write_parquet(file)
                case 1:
                    spec = json.loads(Path("run/spec.json").read_text())
                    spec["format"] = random.choice([0, 1, 2, 3, 99, "1", None, 1.5, [], True])
                    Path("run/spec.json").write_text(json.dumps(spec))
                case 2:  # a word of the spec is another
                    spec = json.loads(Path("run/spec.json").read_text())
                    part = random.choice(["corpus", "sweeps", "versions"])
                    spec[part] = random.choice([None, [], {}, "x", 1, [{}], {"name": "<b>", "fingerprint": "../x"}])
                    Path("run/spec.json").write_text(json.dumps(spec))
                case _:
                    file.rename(file.with_name(random.choice(["a.parquet", "x y.parquet", file.name + ".bak"])))
            command = random.choice([
                ["status", "run"], ["export", "run", "table.csv"], [*NAIVE_BAYES, "--out", "run"],
                ["resume", "run", "--executor", "inprocess"], [*NAIVE_BAYES, "--seeds", "3", "--out", "run"],
            ])  # fmt: skip
            call(*command)

    @contextlib.contextmanager
    def _beside_foreign_files(self, allowed: Path) -> Any:
        """Work in a folder of foreign files; raise if any of them is changed, or anything appears above it."""
        home = self._folder / "home"
        here = home / "inner" / "work"
        shutil.rmtree(home, ignore_errors=True)
        for base in (home, here):
            for name, content in FOREIGN.items():
                path = base / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        before, above = checksums(home), set(home.rglob("*")) - set(here.rglob("*"))
        with contextlib.chdir(here):
            try:
                yield
            finally:
                after = checksums(home)
                changed = [str(path.relative_to(home)) for path in before if after.get(path) != before[path]]
                assert not changed, f"foreign files changed: {changed}"
                if allowed != Path(".."):
                    appeared = set(home.rglob("*")) - set(here.rglob("*")) - above
                    assert not appeared, f"written outside: {appeared}"


def edited(rows: pl.DataFrame) -> pl.DataFrame:
    """Change a table of rows somewhere."""
    column = random.choice(rows.columns)
    match random.randrange(6):
        case 0:
            return rows.with_columns(pl.lit(random.choice(HOSTILE)).alias(column))
        case 1:
            numbers = [0, -1, 1e308, float("nan"), float("inf"), 2**62, 1e-300, None, 0.5]
            return rows.with_columns(pl.lit(random.choice(numbers)).alias(column))
        case 2:
            return rows.drop(column)
        case 3:
            return pl.concat([rows, rows.head(random.randint(0, 5))])
        case 4:
            return rows.sample(fraction=random.random(), seed=random.randrange(1000))
        case _:
            text = random.choice(HOSTILE)
            where = np.arange(rows.height) % random.choice([2, 3, 7]) == 0
            mixed = pl.when(pl.Series(where)).then(pl.lit(text)).otherwise(pl.col(column).cast(pl.String))
            return rows.with_columns(mixed.alias(column))


def call(*arguments: str) -> None:
    """Call the command line in this process: it succeeds, or gives one line."""
    words = io.StringIO()
    with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
        try:
            command_line()(list(arguments), standalone_mode=False)
        except typer.Exit:
            pass
        except ModelCollapseError as error:
            if not str(error).strip():
                raise AssertionError("an empty message") from error
            raise
        except Exception as error:
            if not hasattr(error, "format_message"):  # what a wrong option or argument raises
                raise
            raise ModelCollapseError(error.format_message()) from None
        except (SystemExit, GeneratorExit) as error:
            raise RuntimeError("a learner ended the whole command") from error


def checksums(folder: Path) -> dict[Path, str]:
    """Return a hash of every file below a folder."""
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def _fit_raises(error: BaseException) -> Callable[..., Any]:
    def fit(self: Any, counts: Any, labels: Any) -> Any:
        raise error

    return fit


def _changed(name: str, change: Callable[[Any], Any]) -> tuple[str, Callable[..., Any]]:
    """Return a method whose result is changed."""

    def method(self: Any, counts: Any) -> Any:
        return change(getattr(MultinomialNB, name)(self, counts))

    return name, method


def _fit_on_lists(self: Any, counts: Any, labels: Any) -> Any:
    return MultinomialNB.fit(self, np.asarray(counts), labels)


def _prints(self: Any, counts: Any) -> Any:
    print("I print")
    return MultinomialNB.predict(self, counts)


def _mutates(self: Any, counts: Any, labels: Any) -> Any:
    counts.data[:] = 0
    labels[:] = 1
    return MultinomialNB.fit(self, counts, labels)


#: What a learner may do wrong: a method or attribute instead of naive Bayes' own.
VICES: list[tuple[str, Any]] = [
    *(("fit", _fit_raises(error)) for error in (
        ValueError("no <b>luck</b>\nat all"), RuntimeError(""), SystemExit(0), SystemExit("bye"), MemoryError(),
        OSError("disk"), ImportError("nope"), AssertionError(), StopIteration(), KeyError(("a", 1)), RecursionError(),
        GeneratorExit(),
    )),
    *(_changed("predict", change) for change in (
        lambda y: y.astype(float) + 0.1, lambda y: 2 * y.astype(int) - 1, lambda y: y.reshape(-1, 1), lambda y: y[:-1],
        lambda y: y.astype(str), lambda y: y.tolist(), lambda y: None, lambda y: y + 300,
        lambda y: np.full(len(y), np.nan), lambda y: 1 - y, lambda y: y.astype(bool), lambda y: y.astype(object),
        lambda y: np.tile(y, 2),
    )),
    *(_changed("predict_proba", change) for change in (
        lambda p: p[:, ::-1], lambda p: p[:, :1], lambda p: p[:, 1], lambda p: p * np.nan, lambda p: p * 3,
        lambda p: -p, lambda p: p[:-1], lambda p: np.hstack([p, p]), lambda p: None,
        lambda p: p.tolist(), lambda p: p.astype(str),
    )),
    ("fit", _fit_on_lists), ("predict", _prints), ("fit", _mutates), ("classes_", np.array([1, 0])), ("classes_", None),
    ("get_params", lambda self, deep=True: {"a": object()}), ("get_params", lambda self, deep=True: 1 / 0),
    ("__init__", lambda self: sys.exit(3)), ("predict_proba", None), ("predict", None),
    ("fit", lambda self, counts, labels: None), ("_estimator_type", "regressor"),
    ("__sklearn_tags__", lambda self: 1 / 0),
]  # fmt: skip
