"""Tasks of ours as tasks of Ray's: a streaming one each, the data once in the object store.

Ray's own retries are off: they would start a chain from its first arguments again. When a worker or a node dies, the
driver submits the task once more, from its last known state.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections import defaultdict, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from modelcollapse.errors import ClusterError, describe
from modelcollapse.execution.executors import Attempts, StateOf, is_machines_fault
from modelcollapse.execution.log import WAITING
from modelcollapse.execution.ray.connection import THREAD_LIMITS, connected, session
from modelcollapse.execution.ray.scheduling import MAX_ROWS_AHEAD, WORKER_BYTES, CorpusSize, Scheduler, task_bytes
from modelcollapse.execution.ray.sharded_training import ShardedTraining
from modelcollapse.execution.tasks import Done, Event, Failed, Task, Workload, Yielded
from modelcollapse.simulation.domain import Data
from modelcollapse.simulation.learning import learners
from modelcollapse.simulation.learning.containment import contained_items
from modelcollapse.simulation.learning.training import train_here

_log = logging.getLogger(__name__)
_waiting_log = logging.getLogger(WAITING)


@dataclass(frozen=True)
class RayExecutor:
    """Runs tasks on Ray.

    Parameters
    ----------
    address : str, optional
        Of a running cluster; by default RAY_ADDRESS, or a new local instance that ends with the run.
    workers : int, optional
        Tasks at a time; by default as many as there are cores.
    shards : int, optional
        Tasks that each generation's trees are split over; by default 1, and more when there are fewer chains than
        cores and generations are long.
    gpus : float, optional
        GPUs that each chain, or other task, takes while it runs: 0.25 lets four share one. Results do not depend on it.
        A cluster that has not so many is waited for, as it may grow.
    """

    address: str | None = None
    workers: int | None = None
    shards: int | None = None
    gpus: float = 0

    def run(self, data: Data, tasks: Sequence[Task], state_of: StateOf) -> Generator[Event]:
        """See `Executor.run`."""
        learners.warm_up({model for task in tasks if (model := task.workload.model) is not None})
        with connected(self.address, self.workers) as (ray, started_here):
            n_cores = int(ray.cluster_resources().get("CPU", 1))
            _log.info("Ray %s: %d cores, session %s", ray.__version__, n_cores, session(ray))
            n_gpus = ray.cluster_resources().get("GPU", 0)
            if started_here and n_gpus < self.gpus:
                raise ClusterError(
                    f"Found {n_gpus:g} GPUs on this machine, expected {self.gpus:g} for each chain: leave --gpus out, "
                    "or name a cluster with --address."
                )
            scheduler = Scheduler.of(n_cores, not started_here, self.workers, self.shards)
            dispatcher = _Dispatcher(ray, _SharedData(ray, data), tasks, state_of, scheduler, self.gpus)
            dispatcher.runtime_env = None if started_here else {"env_vars": THREAD_LIMITS}
            try:
                yield from dispatcher.events()
            finally:
                dispatcher.stop()


@dataclass(frozen=True)
class _Setback:
    """The machine under a task failed: nobody's fault."""

    reason: str
    details: str
    needs_memory: bool


@dataclass(frozen=True)
class _Failure:
    """The task itself failed: yielded in words, as any class may be raised, and not every one can be sent."""

    reason: str
    details: str


@dataclass
class _Running:
    """A task that was submitted."""

    task: Task
    n_shards: int
    n_bytes: int
    has_started: bool = False


class _SharedData:
    """The data in the object store while a task may need it: a copy keeps a node from being scaled down."""

    def __init__(self, ray: Any, data: Data) -> None:
        self._ray, self._data = ray, data
        self._refs: list[Any] | None = None
        self.maker = data.maker

    def bytes_of(self, workload: Workload) -> int:
        """Return the memory that a task takes on these data."""
        if workload.n_bytes is not None:
            return WORKER_BYTES + workload.n_bytes
        return task_bytes(workload, self._corpus_size)

    @cached_property
    def _corpus_size(self) -> CorpusSize:
        corpus: Any = self._data  # of labelled documents: what else a domain has says its bytes itself
        return CorpusSize.of(corpus, corpus.n_documents)

    def refs(self) -> list[Any]:
        """Return references to the arrays, to be passed in a list: a worker drops them when it has the arrays."""
        if self._refs is None:
            self._refs = [self._ray.put(np.asarray(array)) for array in self._data.arrays]
        return self._refs

    def release(self) -> None:
        """Let the store free every copy that no process has mapped."""
        self._refs = None


class _Dispatcher:
    """Everything between submitting tasks and their events."""

    runtime_env: dict[str, Any] | None

    def __init__(
        self, ray: Any, data: _SharedData, tasks: Sequence[Task], state_of: StateOf, scheduler: Scheduler, gpus: float
    ) -> None:
        self._ray = ray
        self._gpus = gpus
        self._data = data
        self._state_of = state_of
        self._scheduler = scheduler
        self._waiting = deque(tasks)
        self._later: list[tuple[float, Task]] = []
        self._running: dict[Any, _Running] = {}
        self._attempts: defaultdict[str, Attempts] = defaultdict(Attempts)
        self._memory_factor: defaultdict[str, int] = defaultdict(lambda: 1)
        self._has_said_to_wait = False

    def events(self) -> Iterator[Event]:
        """Submit tasks and yield what happens until there is nothing left to do."""
        while self._waiting or self._running or self._later:
            now = time.monotonic()
            self._waiting.extend(task for due, task in self._later if due <= now)
            self._later = [(due, task) for due, task in self._later if due > now]
            self._submit()
            if not self._running:
                time.sleep(0.05)
            ready = _ready(self._ray, list(self._running))
            if self._running and not ready:
                self._say_what_is_waited_for()
            for generator in ready:
                event = self._next_event(generator)
                if event is not None:
                    yield event
            if not (self._waiting or self._later) and all(running.has_started for running in self._running.values()):
                self._data.release()

    def stop(self) -> None:
        """Stop what is running."""
        for generator in self._running:
            self._ray.cancel(generator, force=True)

    def _submit(self) -> None:
        while self._waiting:
            in_flight = sum(running.n_shards for running in self._running.values())
            n_unfinished = len(self._waiting) + len(self._running)
            n_shards = self._scheduler.shards_of(self._waiting[0].workload, n_unfinished)
            if not self._scheduler.has_room(in_flight, n_shards):
                return
            task = self._waiting.popleft()
            n_bytes = self._memory(task)
            options = {
                "num_cpus": 1,
                "memory": n_bytes,
                "scheduling_strategy": "SPREAD",
                "runtime_env": self.runtime_env,
            }
            remote = self._ray.remote(_run_task).options(
                num_returns="streaming",
                max_retries=0,
                _generator_backpressure_num_objects=MAX_ROWS_AHEAD,
                # a task in shards only waits for them: it must not hold the memory that they wait for
                **(options if n_shards == 1 else options | {"memory": 0}),
                **({"num_gpus": self._gpus} if self._gpus else {}),
            )
            data = self._data
            refs = data.refs()
            generator = remote.remote(task, self._state_of(task), data.maker, refs, n_shards, options)
            self._running[generator] = _Running(task, n_shards, n_bytes)

    def _memory(self, task: Task) -> int:
        """Return the bytes to ask for: no more than the largest node has, or the task would wait for ever."""
        needed = self._data.bytes_of(task.workload) * self._memory_factor[task.id]
        return min(needed, max(self._node_bytes(), default=needed))

    def _node_bytes(self) -> list[int]:
        """Return the memory of every node that has cores, and the GPUs of a chain."""
        nodes = (node["Resources"] for node in self._ray.nodes() if node["Alive"])
        able = (node for node in nodes if node.get("CPU", 0) >= 1 and node.get("GPU", 0) >= self._gpus)
        return [int(node.get("memory", 0)) for node in able]

    def _say_what_is_waited_for(self) -> None:
        """Say once, for as long as it lasts, that no node can take any of the tasks that were submitted."""
        n_bytes = min(running.n_bytes for running in self._running.values())
        is_stuck = not any(there >= n_bytes for there in self._node_bytes())
        if is_stuck and not self._has_said_to_wait:
            gpus = f", {self._gpus:g} GPUs" if self._gpus else ""
            needed = f"1 core{gpus} and {n_bytes / 1e9:.1f} GB of memory"
            _waiting_log.warning("No node of the cluster can take a chain (%s): waiting for one that can.", needed)
        self._has_said_to_wait = is_stuck

    def _next_event(self, generator: Any) -> Event | None:
        running = self._running[generator]
        task = running.task
        event = _receive(self._ray, generator, task)
        if isinstance(event, Yielded):
            running.has_started = True
            self._attempts.pop(task.id, None)
            return event
        del self._running[generator]
        if not isinstance(event, _Setback):
            return event
        pause = self._attempts[task.id].pause()
        if pause is None:
            return Failed(task, f"tried many times: {event.reason}", event.details, is_own=False)
        if event.needs_memory:
            self._memory_factor[task.id] *= 2
        _log.warning("%s goes on in %.1f s after: %s", task.id, pause, event.reason)
        self._later.append((time.monotonic() + pause, task))
        return None


def _ready(ray: Any, generators: list[Any]) -> list[Any]:
    """Return every generator with something to give: block for one, then poll the rest, so that none is starved."""
    if not generators:
        return []
    first, rest = ray.wait(generators, num_returns=1, timeout=1.0)
    if not first or not rest:
        return list(first)
    more, _ = ray.wait(rest, num_returns=len(rest), timeout=0.01)
    return [*first, *more]


def _receive(ray: Any, generator: Any, task: Task) -> Event | _Setback:
    try:
        item = ray.get(next(generator))
        if isinstance(item, _Failure):
            return Failed(task, item.reason, item.details, is_own=True)
        return Yielded(task, item)
    except StopIteration:
        return Done(task)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause if isinstance(getattr(error, "cause", None), BaseException) else error
        if is_machines_fault(cause) or (cause is not error and isinstance(cause, ray.exceptions.RayError)):
            return _Setback(describe(cause), str(error), isinstance(cause, MemoryError))
        return Failed(task, describe(cause), str(error), is_own=True)
    except ray.exceptions.RayError as error:
        return _Setback(describe(error), str(error), isinstance(error, ray.exceptions.OutOfMemoryError))


def _run_task(
    task: Task,
    state: Any,
    maker: Callable[..., Data],
    refs: list[Any],
    n_shards: int,
    options: dict[str, Any],
) -> Iterator[Any]:
    """Run a task in a worker, on the shared arrays of its data; its own failure is the last item."""
    import ray

    data = maker(*ray.get(refs))
    train = train_here if n_shards == 1 else ShardedTraining(ray, refs[:3], n_shards, options)
    refs.clear()
    try:
        yield from contained_items(task.run(data, state, train))
    except Exception as error:
        if is_machines_fault(error) or isinstance(error, ray.exceptions.RayError):
            raise
        yield _Failure(describe(error), traceback.format_exc())
    except KeyboardInterrupt as error:  # no user is here; Ray would take it for a cancelled task, to be tried again
        yield _Failure(f"it raised {describe(error)}", traceback.format_exc())
