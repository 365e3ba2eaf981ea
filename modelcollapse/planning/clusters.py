"""What forecasts are made for: clusters, and what was measured of Ray and of the driver."""

from __future__ import annotations

from dataclasses import dataclass

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
