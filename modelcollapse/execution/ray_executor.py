"""Chains as Ray tasks: one streaming task per chain, the corpus once in the object store.

Ray's own retries are off: they would start a chain from its first arguments again. When a worker or a node dies, the
driver submits the chain once more, from its last known state.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.execution.executors import (
    ChainDone,
    ChainFailed,
    ChainTask,
    Event,
    GenerationDone,
    StateOf,
    describe,
)
from modelcollapse.simulation import learners
from modelcollapse.simulation.chain import ChainState, GenerationResult, run_chain
from modelcollapse.simulation.spec import ChainSpec

#: A chain is one core's work: nothing in it may start threads of its own.
THREAD_LIMITS = {
    "NUMBA_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
}

#: How often a chain is submitted again after the death of its worker, and the first pause (it doubles).
MAX_LOSSES = 10
FIRST_PAUSE_SECONDS = 0.5

#: On a cluster of unknown size: enough waiting chains to make an autoscaler act, few enough for the driver.
MAX_IN_FLIGHT = 2000

_log = logging.getLogger(__name__)


class RayExecutor:
    """Runs chains on Ray.

    Parameters
    ----------
    address : str, optional
        Of a running cluster; by default RAY_ADDRESS, or a new local instance that ends with the run.
    workers : int, optional
        Chains at a time; by default as many as there are cores.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        self.address = address
        self.workers = workers

    def run(self, corpus: Corpus, tasks: Sequence[ChainTask], state_of: StateOf) -> Iterator[Event]:
        """See `Executor.run`."""
        learners.warm_up({task.spec.model for task in tasks})
        with _ray(self.address, self.workers) as (ray, started_here):
            n_cores = int(ray.cluster_resources().get("CPU", 1))
            in_flight = self.workers or (n_cores if started_here else MAX_IN_FLIGHT)
            arrays = (corpus.data, corpus.indices, corpus.indptr, corpus.labels, corpus.term_orders)
            refs = tuple(ray.put(np.asarray(array)) for array in arrays)
            remote = ray.remote(_chain_task).options(
                num_cpus=1,
                num_returns="streaming",
                max_retries=0,
                scheduling_strategy="SPREAD",
                runtime_env=None if started_here else {"env_vars": THREAD_LIMITS},
            )
            waiting = deque(tasks)
            lost: Counter[str] = Counter()
            later: list[tuple[float, ChainTask]] = []
            running: dict[Any, ChainTask] = {}
            try:
                while waiting or running or later:
                    now = time.monotonic()
                    waiting.extend(task for due, task in later if due <= now)
                    later = [(due, task) for due, task in later if due > now]
                    while waiting and len(running) < in_flight:
                        task = waiting.popleft()
                        generator = remote.remote(task.spec, state_of(task), corpus.fingerprint, *refs)
                        running[generator] = task
                    if not running:
                        time.sleep(0.05)
                        continue
                    for generator in _ready(ray, list(running)):
                        task = running[generator]
                        event = _next_event(ray, generator, task)
                        if not isinstance(event, GenerationDone):
                            del running[generator]
                        if isinstance(event, _WorkerLost):
                            lost[task.chain_id] += 1
                            if lost[task.chain_id] > MAX_LOSSES:
                                reason = f"its worker died {lost[task.chain_id]} times: {event.reason}"
                                event = ChainFailed(task, reason, event.reason)
                            else:
                                pause = FIRST_PAUSE_SECONDS * 2 ** (lost[task.chain_id] - 1)
                                _log.warning("chain %s lost its worker; again in %.1f s", task.chain_id, pause)
                                later.append((time.monotonic() + pause, task))
                                continue
                        yield event
            finally:
                for generator in running:
                    ray.cancel(generator, force=True)


class _WorkerLost:
    """The process or node under a chain died: nobody's fault."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def _ready(ray: Any, generators: list[Any]) -> list[Any]:
    """Return every generator with something to give: block for one, then poll the rest, so that none is starved."""
    first, rest = ray.wait(generators, num_returns=1, timeout=1.0)
    if not first or not rest:
        return list(first)
    more, _ = ray.wait(rest, num_returns=len(rest), timeout=0.01)
    return [*first, *more]


def _next_event(ray: Any, generator: Any, task: ChainTask) -> Event | _WorkerLost:
    try:
        return GenerationDone(task, ray.get(next(generator)))
    except StopIteration:
        return ChainDone(task)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause if isinstance(getattr(error, "cause", None), BaseException) else error
        return ChainFailed(task, describe(cause), str(error))
    except ray.exceptions.RayError as error:
        return _WorkerLost(describe(error))


def _chain_task(
    spec: ChainSpec, state: ChainState | None, fingerprint: str, *arrays: np.ndarray[Any, Any]
) -> Iterator[GenerationResult]:
    """Run a chain in a worker, on the shared arrays of the corpus."""
    data, indices, indptr, labels, term_orders = arrays
    yield from run_chain(spec, Corpus(data, indices, indptr, labels, term_orders, fingerprint), state)


@contextmanager
def _ray(address: str | None, workers: int | None) -> Iterator[tuple[Any, bool]]:
    """Connect to Ray, or start it; leave it as it was found.

    Yields the module, and whether the instance was started here: then its workers inherit this process' environment.
    """
    with _environment({"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0", **THREAD_LIMITS}):
        import ray

        was_running = ray.is_initialized()
        address = address or os.environ.get("RAY_ADDRESS")
        if not was_running:
            handler = signal.getsignal(signal.SIGTERM)
            new: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False}
            ray.init(**({"address": address} if address else new), log_to_driver=False, logging_level=logging.ERROR)
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, handler)  # Ray has put its own there, which ends the process at once
    try:
        yield ray, not (was_running or address)
    finally:
        if not was_running:
            ray.shutdown()


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
