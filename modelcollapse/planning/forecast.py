"""What a sweep would take on a cluster that is not there: the longest of what each of its parts takes alone.

Trainings cost what a `CostLaw` says; chains are given out longest first, each to the place that is free first. A node
has as many places as it has cores and memory for, from the moment when it has the corpus: nodes get that one after the
other. The driver takes rows one after the other. A simulation event by event foresaw between the same time and a tenth
more in 540 cases: 2 to 600 chains of 10 ms to days, on 2 to 4,096 cores, with 30 MB and 3 GB of counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modelcollapse.execution.ray.scheduling import CorpusSize, Scheduler, task_bytes
from modelcollapse.execution.tasks import ChainTask
from modelcollapse.planning.estimate import makespan
from modelcollapse.simulation.spec import ChainSpec

#: Ray's own division of a node's memory: for its object store, and for tasks.
STORE_SHARE, TASK_SHARE = 0.3, 0.7


@dataclass(frozen=True)
class Overheads:
    """What everything around trainings costs: measured on two cores with Ray 2.60, but for the network."""

    start: float = 8.0  # seconds in which Ray, a worker and its imports start and end (5 to 12; scripts/bench_sweep.py)
    # Seconds of the driver for a generation, and for each byte of it: 1,500 rows of 150 chains that were all there
    # before the driver took the first; generators of 200 kB arrays against small ones.
    row: float = 0.0002
    row_byte: float = 2.5e-9
    # To submit a chain (0.002) and write its file (0.004 in a local folder; an object store takes its own time).
    chain: float = 0.006
    row_bytes: int = 1000  # of a generation, pickled, beside a byte for each label and each prediction
    bytes_per_second: float = 1.25e9  # of the driver's network: 10 Gbit/s; assumed
    # Share of a generation that every shard repeats: 1,000 trees on 10,000 and 20,000 documents.
    indivisible: float = 0.13


MEASURED = Overheads()


@dataclass(frozen=True)
class Cluster:
    """Nodes that are all alike. One is this machine; of several, the driver's is another one."""

    n_cores: int  # of all nodes
    n_nodes: int
    node_bytes: int  # memory of a node

    def tasks_per_node(self, task_bytes: int) -> int:
        """Return how many tasks a node runs at a time."""
        return max(1, min(self.n_cores // self.n_nodes, int(TASK_SHARE * self.node_bytes / task_bytes)))


@dataclass(frozen=True)
class Forecast:
    """What a sweep would take."""

    cluster: Cluster
    makespan: float  # seconds from the command to its end
    busy: float  # core-seconds in which chains train and score
    bounds: dict[str, float]  # seconds that it takes at least, because of each part alone
    sent_per_node: float  # bytes through the object store, corpus and rows
    memory_per_node: float  # bytes of the corpus and of the chains at a time
    store_overflows: bool  # whether the corpus is larger than a node's object store

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
    """Foresee a sweep of one task or more, in the scheduler's order; `generations_of`: see `CostLaw.generations`."""
    most_bytes = max(task_bytes(task.workload, corpus) for task in tasks)
    per_node = cluster.tasks_per_node(most_bytes)
    n_places = per_node * cluster.n_nodes
    is_local = cluster.n_nodes == 1
    scheduler = Scheduler.of(cluster.n_cores, not is_local)
    chains = [_Chain.of(task, generations_of, scheduler, len(tasks), n_places, overheads) for task in tasks]
    widest = max(chain.n_places for chain in chains)
    copy_seconds = 0.0 if is_local else corpus.n_bytes / overheads.bytes_per_second
    nodes_ready = [(node + 1) * copy_seconds for node in range(cluster.n_nodes)]
    ready = [seconds for seconds in nodes_ready for _ in range(per_node)][widest - 1 :: widest]
    between = overheads.chain if is_local else 0.0  # there a chain is submitted when another one was stored
    trained = makespan((chain.seconds + between for chain in chains), ready)
    copy_bytes = 0 if is_local else corpus.n_bytes * sum(seconds < trained for seconds in nodes_ready)
    row_bytes = sum(chain.row_bytes for chain in chains)
    n_rows = sum(chain.n_generations for chain in chains)
    busy = sum(chain.seconds * chain.n_places for chain in chains)
    bounds = {
        "cores": busy / cluster.n_cores,
        "memory": busy / n_places if n_places < cluster.n_cores else 0.0,
        "longest chain": max(chain.seconds for chain in chains),
        "driver": len(chains) * overheads.chain + n_rows * overheads.row + row_bytes * overheads.row_byte,
        "object store": copy_bytes / overheads.bytes_per_second,
    }
    seconds = overheads.start + max(trained, *bounds.values())
    memory = corpus.n_bytes + per_node * most_bytes
    overflows = corpus.n_bytes > STORE_SHARE * cluster.node_bytes
    sent = (copy_bytes + row_bytes) / cluster.n_nodes
    return Forecast(cluster, seconds, busy, bounds, sent, memory, overflows)


@dataclass(frozen=True)
class _Chain:
    """What a chain takes: seconds on a number of places, and bytes of all its rows."""

    seconds: float
    n_places: int
    n_generations: int
    row_bytes: float

    @classmethod
    def of(
        cls,
        task: ChainTask,
        generations_of: Callable[[ChainSpec], list[float]],
        scheduler: Scheduler,
        n_tasks: int,
        most_places: int,
        overheads: Overheads,
    ) -> _Chain:
        spec, generations = task.spec, generations_of(task.spec)
        n_places = min(scheduler.shards_of(task.workload, n_tasks), most_places)
        repeated = overheads.indivisible if n_places > 1 else 0.0
        seconds = sum(generations) * (repeated + (1 - repeated) / n_places)
        labels = spec.final_size - spec.initial_size + len(generations) * spec.test_size
        return cls(seconds, n_places, len(generations), len(generations) * overheads.row_bytes + labels)
