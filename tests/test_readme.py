"""What README tells people to type is typed here, word by word and in its order.

The words are README's; what stands behind them is small: experiments of a few documents, forests of two trees, made-up
reviews for `movies` and `shop.csv`, chains in this process instead of on Ray, figures that are made but not written as
pixels, a bucket on this machine.
"""

from __future__ import annotations

import csv
import os
import re
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from modelcollapse import open_run
from modelcollapse.analysis.figures import draw_all as plotting
from modelcollapse.cli import main
from modelcollapse.corpora import load
from modelcollapse.execution import executors
from modelcollapse.execution.executors import InProcessExecutor
from modelcollapse.planning import estimate
from modelcollapse.planning.estimate import CostLaw
from modelcollapse.runs import sweeping as execution
from modelcollapse.simulation import label_rules
from modelcollapse.simulation.learning import learners
from modelcollapse.sweeps import experiments
from tests.conftest import make_reviews

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return [text for kind, text in fenced if kind == language]


def commands() -> list[list[str]]:
    lines = (line for block in blocks("") for line in block.splitlines())
    return [shlex.split(line, comments=True) for line in lines if line.startswith(("modelcollapse ", "./"))]


def write_reviews(path: Path, n: int, label: str) -> None:
    reviews = make_reviews(n)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", label])
        writer.writerows((" ".join(doc), label) for doc, label in zip(reviews.documents, reviews.labels, strict=True))


@pytest.fixture
def small_world(tmp_path, tmp_path_factory, monkeypatch, bucket) -> list[str | None]:
    """Make everything small; return the addresses of clusters that are asked for."""
    addresses: list[str | None] = []
    sizes = {"initial_size": 1000, "final_size": 2000, "increment": 1000, "test_size": 1000, "seeds": 1}
    ladder = {"initial_size": [1000, 2000], "sizes": [1000, 2000], "test_size": 1000, "seeds": 1}
    known = experiments.load_experiments()

    def smaller() -> dict[str, dict[str, object]]:
        labels = {name: values for name, values in known.items() if "domain" not in values}
        made = {name: {**values, **(ladder if "sizes" in values else sizes)} for name, values in labels.items()}
        tiny = {"initial_size": 60, "final_size": 120, "increment": 60, "test_size": 60}
        made["demo"] |= {**tiny, "trees": 2, "seeds": 2}
        return made

    def find_executor(executor: str, **ray: Any) -> InProcessExecutor:
        assert executor == "ray"
        addresses.append(ray.get("address"))
        return InProcessExecutor()

    movies = tmp_path_factory.mktemp("data") / "combined_movie_reviews.csv"
    write_reviews(movies, 6600, "label")
    write_reviews(tmp_path / "shop.csv", 300, "positive")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(experiments, "load_experiments", smaller)
    for module in (execution, executors):
        monkeypatch.setattr(module, "find_executor", find_executor)
    monkeypatch.setattr(load, "movies_file", lambda: movies)
    monkeypatch.setattr(estimate, "calibrate", lambda *about: CostLaw((100, 400_000), (1.0, 1.0), (1e-12, 1e-12)))
    monkeypatch.setattr(plotting, "render", lambda figure, name: {f"{name}.png": b"drawn elsewhere"})
    monkeypatch.setitem(learners.STUDY_FOREST, "n_estimators", 2)
    return addresses


def run(words: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", words)
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as stopped:
        main()
    signal.signal(signal.SIGTERM, handler)
    return int(stopped.value.code or 0)


def test_every_command_works_in_its_place(small_world, monkeypatch, capsys, tmp_path):
    typed = commands()
    assert len(typed) >= 8
    for words in typed:
        if words[0].startswith("./"):
            assert os.access(ROOT / words[0], os.X_OK), words
            continue
        code = run(words, monkeypatch)
        out, err = capsys.readouterr()
        assert code == 0, (words, err)
        assert out, words
    assert "auto" in small_world
    for location in ("runs/shop", "runs/demo", "s3://bucket/demo", "runs/reproduce"):
        assert not open_run(location).results().is_empty(), location
    assert {"sklearn.linear_model:SGDClassifier", "forest"} == set(open_run("runs/demo").results()["model"])


def test_the_python_of_the_readme_works(small_world):
    used, learner, rule = blocks("python")
    names: dict[str, object] = {}
    exec(used, names)  # type: ignore[arg-type]
    assert names["run"].results().height == 3 * 5 * 13  # type: ignore[attr-defined]
    assert isinstance(eval(f"{{{learner}}}", vars(learners))["knn"], learners.Learner)
    exec(rule, defined := dict(vars(label_rules)))
    assert callable(defined["contrary"])
