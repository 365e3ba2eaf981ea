"""The command line in this process, with folders and a corpus of its own."""

from __future__ import annotations

import csv
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from modelcollapse.cli import main
from tests.conftest import make_reviews


@pytest.fixture(scope="session")
def reviews_csv(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "shop.csv"
    reviews = make_reviews(900, seed=4)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["review", "label"])
        writer.writerows((" ".join(doc), label) for doc, label in zip(reviews.documents, reviews.labels, strict=True))
    return path


@pytest.fixture(autouse=True)
def _own_folders(tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(monkeypatch, capsys) -> Callable[..., tuple[int, str, str]]:
    """Return what runs a command: its exit code, and what it says on both channels."""

    def call_(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["modelcollapse", *map(str, arguments)])
        handler = signal.getsignal(signal.SIGTERM)
        with pytest.raises(SystemExit) as stopped:
            main()
        signal.signal(signal.SIGTERM, handler)
        return int(stopped.value.code or 0), *capsys.readouterr()

    return call_
