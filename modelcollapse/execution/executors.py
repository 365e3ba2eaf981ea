"""Where chains run. Every executor gives the same events for the same chains; only their order differs."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.simulation.chain import ChainState, GenerationResult, run_chain
from modelcollapse.simulation.spec import ChainSpec


@dataclass(frozen=True)
class ChainTask:
    """A chain to run."""

    chain_id: str
    spec: ChainSpec


@dataclass(frozen=True)
class GenerationDone:
    """A chain gave a row."""

    task: ChainTask
    result: GenerationResult


@dataclass(frozen=True)
class ChainDone:
    """A chain reached its end."""

    task: ChainTask


@dataclass(frozen=True)
class ChainFailed:
    """A chain cannot go on: the reason in one line, and a traceback."""

    task: ChainTask
    reason: str
    details: str


Event: TypeAlias = GenerationDone | ChainDone | ChainFailed

#: Returns the state to start a chain from: asked at every submission, so that a chain goes on from its last checkpoint.
StateOf: TypeAlias = Callable[[ChainTask], ChainState | None]


class Executor(Protocol):
    """Runs chains."""

    def run(self, corpus: Corpus, tasks: Sequence[ChainTask], state_of: StateOf) -> Iterator[Event]:
        """Run chains to their end and yield what happens, as it happens; closing the iterator stops them."""
        ...


class InProcessExecutor:
    """One chain after the other, in this process: for tests, tiny runs and debugging."""

    def run(self, corpus: Corpus, tasks: Sequence[ChainTask], state_of: StateOf) -> Iterator[Event]:
        """See `Executor.run`."""
        for task in tasks:
            try:
                for result in run_chain(task.spec, corpus, state_of(task)):
                    yield GenerationDone(task, result)
            except Exception as error:  # a chain's own failure must not stop the others
                yield ChainFailed(task, describe(error), traceback.format_exc())
            else:
                yield ChainDone(task)


def describe(error: BaseException) -> str:
    """Return an error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
