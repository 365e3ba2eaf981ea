"""When tasks are submitted, and over how many of Ray's each is split: what an executor does and a forecast foresees.

Chains come longest first, as `plan.Plan.to_run` has them.
"""

from __future__ import annotations

from dataclasses import dataclass

from modelcollapse.execution.ray.sharded_training import can_be_sharded, useful_shards
from modelcollapse.execution.tasks import Workload

#: On a cluster of unknown size: enough waiting tasks to make an autoscaler act, few enough for the driver.
MAX_IN_FLIGHT = 2000

#: Results that a task may be ahead of the driver.
MAX_ROWS_AHEAD = 16


@dataclass(frozen=True)
class Scheduler:
    """Says when the next task is submitted."""

    n_cores: int  # that tasks run on
    most_at_a_time: int  # tasks submitted and not finished
    shards: int | None = None  # tasks that a generation's trees are split over, if the user says so

    @classmethod
    def of(cls, n_cores: int, may_grow: bool, workers: int | None = None, shards: int | None = None) -> Scheduler:
        """Make one for a number of cores, more of which may come when tasks wait."""
        at_a_time = max(n_cores, MAX_IN_FLIGHT) if may_grow else n_cores
        return cls(min(n_cores, workers or n_cores), workers or at_a_time, shards)

    def shards_of(self, workload: Workload, n_unfinished: int) -> int:
        """Return over how many tasks one is split, given how many, itself included, are not finished."""
        if self.shards is not None:
            return self.shards if can_be_sharded(workload.model) else 1
        return useful_shards(workload, self.n_cores // n_unfinished)

    def has_room(self, n_in_flight: int, n_shards: int) -> bool:
        """Return whether a task in shards is admitted beside those in flight; it always is when nothing else runs."""
        return n_in_flight == 0 or n_in_flight + n_shards <= self.most_at_a_time
