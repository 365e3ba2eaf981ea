"""What runs in a Ray worker, without Ray."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
import ray

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.execution.ray import executor as ray_executor


@dataclass
class Interrupted:
    """A chain whose learner raises in its second generation."""

    error: BaseException

    def run(self, *about: Any) -> Any:
        yield "a row"
        raise self.error


@pytest.mark.parametrize(
    ("error", "reason"),
    [(KeyboardInterrupt("no"), "it raised KeyboardInterrupt: no"), (ValueError("bad"), "ValueError: bad"),
     (SystemExit(0), "it called for the end of the program (SystemExit 0)")],
)  # fmt: skip
def test_whatever_a_learner_raises_in_a_worker_is_its_chains_failure(monkeypatch, error, reason):
    """Ray would take KeyboardInterrupt for a task that was cancelled, and the driver would begin it again and again."""
    monkeypatch.setattr(ray, "get", lambda refs: refs)
    refs = [np.zeros(1, np.int32), np.zeros(1, np.int32), np.array([0, 1]), np.zeros(1, np.uint8), np.ones(1, np.uint8)]
    row, failure = ray_executor._run_task(Interrupted(error), None, partial(Corpus, fingerprint="made"), refs, 1, {})  # type: ignore[arg-type]
    assert row == "a row"
    assert isinstance(failure, ray_executor._Failure)
    assert reason in failure.reason
