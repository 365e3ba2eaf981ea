"""Where tasks run. Every executor gives the same events for the same tasks; only their order differs."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable, Generator, Sequence
from typing import Any, Literal, Protocol, TypeAlias, TypedDict, Unpack

from modelcollapse.errors import LearnerError, SpecError, describe
from modelcollapse.execution.tasks import Done, Event, Failed, Task, Yielded
from modelcollapse.simulation.domain import Data
from modelcollapse.simulation.learning.containment import contained_items

ExecutorName: TypeAlias = Literal["ray", "inprocess"]

#: How often in a row a task is begun again for the machine's sake, and the first pause (it doubles).
MAX_SETBACKS = 6
FIRST_PAUSE_SECONDS = 0.5

#: Ray shares a GPU out in such parts.
LEAST_GPUS = 0.0001

#: Returns the state to start a task from: asked at every submission, so that a chain goes on from its last checkpoint.
StateOf: TypeAlias = Callable[[Task], Any]


class Executor(Protocol):
    """Runs tasks."""

    def run(self, data: Data, tasks: Sequence[Task], state_of: StateOf) -> Generator[Event]:
        """Run tasks to their end and yield what happens, as it happens; closing the iterator stops them."""
        ...


class InProcessExecutor:
    """One task after the other, in this process: for tests, tiny runs and debugging."""

    def run(self, data: Data, tasks: Sequence[Task], state_of: StateOf) -> Generator[Event]:
        """See `Executor.run`."""
        for task in tasks:
            attempts = Attempts()
            while True:
                try:
                    for result in contained_items(task.run(data, state_of(task))):
                        attempts = Attempts()
                        yield Yielded(task, result)
                except Exception as error:  # a task's own failure must not stop the others
                    if is_machines_fault(error) and (pause := attempts.pause()) is not None:
                        time.sleep(pause)
                        continue
                    yield Failed(task, describe(error), traceback.format_exc(), not is_machines_fault(error))
                else:
                    yield Done(task)
                break


class Attempts:
    """How often a task was begun again for the machine's sake since it last yielded."""

    def __init__(self) -> None:
        self._n_setbacks = 0

    def pause(self) -> float | None:
        """Take note of a setback; return the seconds to wait before the next attempt, or None if it was the last."""
        self._n_setbacks += 1
        return None if self._n_setbacks > MAX_SETBACKS else FIRST_PAUSE_SECONDS * 2 ** (self._n_setbacks - 1)


def is_machines_fault(error: BaseException) -> bool:
    """Return whether an error may be gone at the next attempt: a task's own errors come again.

    The driver has found and tried every learner before it runs anything. A worker that does not find one, or whose
    learner misses a library or a file, had no memory to load it, or another installation. What a learner does wrong on
    any machine is another error (`FaultyLearnerError`, or any that it raises).
    """
    return isinstance(error, (MemoryError, OSError, ImportError, LearnerError))


class RayOptions(TypedDict, total=False):
    """What can be said of Ray, or left out: see `execution.ray.executor.RayExecutor`."""

    address: str | None
    workers: int | None
    shards: int | None
    gpus: float


def check_ray(executor: ExecutorName | Executor, ray: RayOptions) -> list[str]:
    """Return, in words, which options do nothing without Ray.

    Raise SpecError if they mean a cluster or GPUs that this executor cannot use, or no such share of a GPU can be.
    """
    gpus = ray.get("gpus", 0)
    if gpus != 0 and not (LEAST_GPUS <= gpus <= 1 or (1 < gpus < math.inf and float(gpus).is_integer())):
        raise SpecError(
            f"gpus: found {gpus}, expected a share of one GPU that each chain takes, such as 0.25, or a whole number."
        )
    if executor != "inprocess":
        return []
    if gpus:
        raise SpecError(
            "gpus: asks Ray for GPUs, and the executor inprocess uses no Ray: leave it out; models see all GPUs there."
        )
    if ray.get("address") is not None:
        raise SpecError("address: names a Ray cluster, and the executor inprocess uses none: leave one of them out.")
    idle = [name for name in ("workers", "shards") if dict(ray).get(name) is not None]
    return [f"{name} does nothing with the executor inprocess, which runs one chain after the other." for name in idle]


def find_executor(executor: ExecutorName | Executor, **ray: Unpack[RayOptions]) -> Executor:
    """Return an executor by its name; an executor is returned as it is. Options are checked: see `check_ray`."""
    if unknown := [option for option in ray if option not in RayOptions.__annotations__]:
        raise TypeError(f"unexpected argument {unknown[0]!r}")
    check_ray(executor, ray)
    if executor == "inprocess":
        return InProcessExecutor()
    if executor == "ray":
        from modelcollapse.execution.ray.executor import RayExecutor

        return RayExecutor(**ray)
    if isinstance(executor, str):
        raise SpecError(f"executor: found '{executor}', expected ray or inprocess.")
    return executor
