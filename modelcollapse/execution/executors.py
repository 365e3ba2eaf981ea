"""Where chains run. Every executor gives the same events for the same chains; only their order differs."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.errors import LearnerError, SpecError, describe
from modelcollapse.simulation.chain import ChainState, GenerationResult, run_chain
from modelcollapse.simulation.learning.containment import contained_items
from modelcollapse.simulation.learning.training import Train, train_here
from modelcollapse.simulation.spec import ChainSpec

#: How often in a row a chain is begun again for the machine's sake, and the first pause (it doubles).
MAX_SETBACKS = 6
FIRST_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class ChainTask:
    """A chain to run."""

    chain_id: str
    spec: ChainSpec

    def run(self, corpus: Corpus, state: ChainState | None, train: Train = train_here) -> Iterator[GenerationResult]:
        """Do the work, wherever this is called: the one thing that executors ask of a task beside its spec."""
        return run_chain(self.spec, corpus, state, train)


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
    """A chain cannot go on.

    Attributes
    ----------
    task : ChainTask
    reason, details : str
        Why, in one line; and a traceback.
    is_own : bool
        Whether the chain itself failed, and so would fail again: else its machines did.
    """

    task: ChainTask
    reason: str
    details: str
    is_own: bool


Event: TypeAlias = GenerationDone | ChainDone | ChainFailed

#: Returns the state to start a chain from: asked at every submission, so that a chain goes on from its last checkpoint.
StateOf: TypeAlias = Callable[[ChainTask], ChainState | None]


class Executor(Protocol):
    """Runs chains."""

    def run(self, corpus: Corpus, tasks: Sequence[ChainTask], state_of: StateOf) -> Generator[Event]:
        """Run chains to their end and yield what happens, as it happens; closing the iterator stops them."""
        ...


ExecutorName: TypeAlias = Literal["ray", "inprocess"]


class InProcessExecutor:
    """One chain after the other, in this process: for tests, tiny runs and debugging."""

    def run(self, corpus: Corpus, tasks: Sequence[ChainTask], state_of: StateOf) -> Generator[Event]:
        """See `Executor.run`."""
        for task in tasks:
            attempts = Attempts()
            while True:
                try:
                    for result in contained_items(task.run(corpus, state_of(task))):
                        attempts.went_on()
                        yield GenerationDone(task, result)
                except Exception as error:  # a chain's own failure must not stop the others
                    if is_machines_fault(error) and (pause := attempts.pause()) is not None:
                        time.sleep(pause)
                        continue
                    yield ChainFailed(task, describe(error), traceback.format_exc(), not is_machines_fault(error))
                else:
                    yield ChainDone(task)
                break


def find_executor(
    executor: ExecutorName | Executor, address: str | None = None, workers: int | None = None, shards: int | None = None
) -> Executor:
    """Return an executor by its name; an executor is returned as it is.

    Raises
    ------
    SpecError
        If there is none of this name.
    """
    if executor == "inprocess":
        return InProcessExecutor()
    if executor == "ray":
        from modelcollapse.execution.ray.executor import RayExecutor

        return RayExecutor(address, workers, shards)
    if isinstance(executor, str):
        raise SpecError(f"executor: found '{executor}', expected ray or inprocess.")
    return executor


class Attempts:
    """How often a chain was begun again for the machine's sake since it last gave a row."""

    def __init__(self) -> None:
        self._n_setbacks = 0

    def went_on(self) -> None:
        """Take note of a row: whatever happened before is over."""
        self._n_setbacks = 0

    def pause(self) -> float | None:
        """Take note of a setback; return the seconds to wait before the next attempt, or None if it was the last."""
        self._n_setbacks += 1
        return None if self._n_setbacks > MAX_SETBACKS else FIRST_PAUSE_SECONDS * 2 ** (self._n_setbacks - 1)


def is_machines_fault(error: BaseException) -> bool:
    """Return whether an error may be gone at the next attempt: a chain's own errors come again.

    The driver has found and tried every learner before it runs anything. A worker that does not find one, or whose
    learner misses a library or a file, had no memory to load it, or another installation. What a learner does wrong on
    any machine is another error (`FaultyLearnerError`, or any that it raises).
    """
    return isinstance(error, (MemoryError, OSError, ImportError, LearnerError))
