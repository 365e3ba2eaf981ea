"""What a sweep would take on a cluster that is not there: its chains given out as the executor does, event by event.

Trainings cost what a `CostLaw` says. The driver takes rows one after the other; nodes get the corpus one after the
other; a node runs as many chains as it has cores and memory for.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from modelcollapse.execution.ray.memory import CorpusSize, task_bytes
from modelcollapse.execution.ray.scheduling import MAX_ROWS_AHEAD, Scheduler
from modelcollapse.execution.tasks import ChainTask
from modelcollapse.planning.clusters import MEASURED, STORE_SHARE, Cluster, Overheads
from modelcollapse.simulation.spec import ChainSpec


@dataclass(frozen=True)
class Forecast:
    """What a sweep would take.

    Attributes
    ----------
    cluster : Cluster
    makespan : float
        Seconds from the command to its end.
    busy : float
        Core-seconds in which chains train and score.
    bounds : dict of str to float
        Seconds that it takes at least, because of each part alone.
    sent_per_node, memory_per_node : float
        Bytes through the object store, corpus and rows; bytes of the corpus and of the chains at a time.
    store_overflows : bool
        Whether the corpus is larger than a node's object store.
    """

    cluster: Cluster
    makespan: float
    busy: float
    bounds: dict[str, float]
    sent_per_node: float
    memory_per_node: float
    store_overflows: bool

    @property
    def idle_share(self) -> float:
        """Share of the core-seconds in which nothing is trained or scored."""
        return 1 - self.busy / (self.cluster.n_cores * self.makespan)

    @property
    def limit(self) -> str:
        """The part without which it would end sooner: "cores" is as it should be."""
        return "object store" if self.store_overflows else max(self.bounds, key=lambda part: self.bounds[part])

    @property
    def core_hours(self) -> float:
        """Core-hours to be paid for."""
        return self.cluster.n_cores * self.makespan / 3600


def forecast(
    tasks: Sequence[ChainTask],
    generations_of: Callable[[ChainSpec], list[float]],
    cluster: Cluster,
    corpus: CorpusSize,
    overheads: Overheads = MEASURED,
) -> Forecast:
    """Foresee a sweep.

    Parameters
    ----------
    tasks : sequence of ChainTask
        At least one, in the scheduler's order: `plan.Plan.to_run`.
    generations_of : callable
        Seconds of one core for each generation of a chain: `estimate.CostLaw.generations`.
    cluster : Cluster
    corpus : CorpusSize
    overheads : Overheads
    """
    most_bytes = max(task_bytes(task.workload, corpus) for task in tasks)
    per_node = cluster.tasks_per_node(most_bytes)
    is_local = cluster.n_nodes == 1
    run = _Events(tasks, generations_of, Scheduler.of(cluster.n_cores, not is_local), overheads)
    run.n_places = per_node * cluster.n_nodes
    copy_seconds = 0.0 if is_local else corpus.n_bytes / overheads.bytes_per_second
    run.at(overheads.start, run.submit)
    for node in range(cluster.n_nodes):
        run.at(overheads.start + (node + 1) * copy_seconds, run.node_is_ready, per_node)
    makespan = run.until_the_end()
    copy_bytes = 0 if is_local else run.n_ready * corpus.n_bytes
    bounds = {
        "cores": run.busy / cluster.n_cores,
        "memory": run.busy / run.n_places if run.n_places < cluster.n_cores else 0.0,
        "longest chain": run.longest,
        "driver": run.driver_busy,
        "object store": copy_bytes / overheads.bytes_per_second,
    }
    memory = corpus.n_bytes + per_node * most_bytes
    overflows = corpus.n_bytes > STORE_SHARE * cluster.node_bytes
    sent = (copy_bytes + run.row_bytes) / cluster.n_nodes
    return Forecast(cluster, makespan, run.busy, bounds, sent, memory, overflows)


@dataclass(eq=False)
class _Chain:
    """A chain that was submitted."""

    generations: list[float]
    row_bytes: float
    n_shards: int
    n_places: int
    n_done: int = 0
    taken: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_ROWS_AHEAD))


class _Events:
    """What happens to chains, cores and the driver, in the order of time."""

    def __init__(
        self,
        tasks: Sequence[ChainTask],
        generations_of: Callable[[ChainSpec], list[float]],
        scheduler: Scheduler,
        overheads: Overheads,
    ) -> None:
        self.n_places = self.n_ready = 0
        self.busy = self.longest = self.row_bytes = self.driver_busy = 0.0
        self._generations_of, self._scheduler, self._overheads = generations_of, scheduler, overheads
        self._waiting = deque(tasks)
        self._queued: deque[_Chain] = deque()
        self._n_running = self._in_flight = self._free = 0
        self._now = self._driver_free = 0.0
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []

    def at(self, time: float, action: Callable[..., None], *arguments: object) -> None:
        """Do something then."""
        heapq.heappush(self._events, (time, next(self._order), action, arguments))

    def until_the_end(self) -> float:
        """Let everything happen, and return when the last thing did."""
        while self._waiting or self._n_running:
            self._now, _, action, arguments = heapq.heappop(self._events)
            action(*arguments)
        return self._now

    def node_is_ready(self, n_places: int) -> None:
        """Let a node run tasks: it has the corpus."""
        self.n_ready += 1
        self._free += n_places
        self._start()

    def submit(self) -> None:
        """Submit chains while there is room."""
        while self._waiting:
            spec = self._waiting[0].spec
            n_shards = self._scheduler.shards_of(self._waiting[0].workload, len(self._waiting) + self._n_running)
            if not self._scheduler.has_room(self._in_flight, n_shards):
                return
            self._waiting.popleft()
            self._in_flight += n_shards
            self._n_running += 1
            n_places = min(n_shards, self.n_places)
            fixed = self._overheads.indivisible if n_places > 1 else 0.0
            generations = [seconds * (fixed + (1 - fixed) / n_places) for seconds in self._generations_of(spec)]
            labels = (spec.final_size - spec.initial_size) / len(generations) + spec.test_size
            chain = _Chain(generations, self._overheads.row_bytes + labels, n_shards, n_places)
            self.longest = max(self.longest, sum(generations))
            self.at(self._drive(self._overheads.chain / 2), self._queue, chain)

    def _queue(self, chain: _Chain) -> None:
        self._queued.append(chain)
        self._start()

    def _start(self) -> None:
        while self._queued and self._queued[0].n_places <= self._free:
            chain = self._queued.popleft()
            self._free -= chain.n_places
            self._train(chain, self._now)

    def _train(self, chain: _Chain, start: float) -> None:
        seconds = chain.generations[chain.n_done]
        self.busy += seconds * chain.n_places
        self.at(start + seconds, self._row, chain)

    def _row(self, chain: _Chain) -> None:
        """Let the driver take a generation that is done, and the chain go on unless too many rows are waiting."""
        chain.n_done += 1
        self.row_bytes += chain.row_bytes
        chain.taken.append(self._drive(self._overheads.row + self._overheads.row_byte * chain.row_bytes))
        if chain.n_done < len(chain.generations):
            is_ahead = len(chain.taken) == MAX_ROWS_AHEAD
            self._train(chain, max(self._now, chain.taken[0]) if is_ahead else self._now)
        else:
            self._free += chain.n_places
            self._start()
            self.at(self._drive(self._overheads.chain / 2), self._end, chain)

    def _end(self, chain: _Chain) -> None:
        self._n_running -= 1
        self._in_flight -= chain.n_shards
        self.submit()

    def _drive(self, seconds: float) -> float:
        """Keep the driver busy, once it has done what came before; return when it is done."""
        self.driver_busy += seconds
        self._driver_free = max(self._driver_free, self._now) + seconds
        return self._driver_free
