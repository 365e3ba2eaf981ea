"""A run that is there before the tests that only look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelcollapse import Run, Sweep, run_sweep
from modelcollapse.corpora.corpus import Corpus


@pytest.fixture(scope="session")
def finished(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Run:
    sweep = Sweep(
        experiment="mine", rates=[0, 0.2, 1], seeds=3, initial_size=100, final_size=400, increment=100, test_size=200,
        model="naive-bayes", label_rule="argmax,human-only",
    )  # fmt: skip
    folder: Path = tmp_path_factory.mktemp("runs") / "mine"
    return run_sweep(sweep, corpus, folder, executor="inprocess")
