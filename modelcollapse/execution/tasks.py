"""The one contract for work: what executors run – chains, units of searches – and the events that they report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from modelcollapse.domains.catalogue import find_domain, run_chain
from modelcollapse.simulation.chain import ChainState, GenerationResult
from modelcollapse.simulation.domain import Data
from modelcollapse.simulation.learning.training import Train, train_here
from modelcollapse.simulation.spec import ChainSpec, Model


@dataclass(frozen=True)
class Workload:
    """How large the trainings of a task are: executors plan memory and cores by it."""

    model: Model | None  # the learner; None where what is trained is none
    n_train: int  # most documents that a training takes,
    n_test: int  # and that are scored for testing
    max_terms: int | None = None  # most terms that a training keeps
    n_bytes: int | None = None  # the memory that a task takes beside its process, where the domain says it


class Task(Protocol):
    """A piece of work: a pure function of its fields, the data, and the state that it goes on from."""

    @property
    def id(self) -> str:
        """Its name, under which results are kept."""
        ...

    @property
    def workload(self) -> Workload:
        """How large it is."""
        ...

    def run(self, data: Any, state: Any, train: Train = train_here) -> Iterator[Any]:
        """Do the work from a state on (None: from the beginning), and yield results as they come."""
        ...


@dataclass(frozen=True)
class ChainTask:
    """A chain, which yields its generations."""

    id: str
    spec: ChainSpec

    @property
    def workload(self) -> Workload:
        """See `Task`."""
        spec = self.spec
        n_bytes = find_domain(spec.domain).chain_bytes(spec)
        model = spec.model if n_bytes is None else None
        return Workload(model, spec.final_size, spec.test_size, spec.terms.max_terms, n_bytes)

    def run(self, data: Data, state: ChainState | None, train: Train = train_here) -> Iterator[GenerationResult]:
        """See `Task`."""
        return run_chain(self.spec, data, state, train)


@dataclass(frozen=True)
class Yielded:
    """A task gave a result."""

    task: Task
    item: Any


@dataclass(frozen=True)
class Done:
    """A task reached its end."""

    task: Task


@dataclass(frozen=True)
class Failed:
    """A task cannot go on."""

    task: Task
    reason: str  # in one line
    details: str  # a traceback
    is_own: bool  # the task itself failed, and so would fail again: else its machines did

    def why(self) -> dict[str, str | bool]:
        """Return what a folder keeps of it."""
        return {"reason": self.reason, "details": self.details, "is_own": self.is_own}


Event: TypeAlias = Yielded | Done | Failed
