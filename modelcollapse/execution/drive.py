"""How a sweep is driven: what its plan lacks is run, and whatever arrives is kept and reported."""

from __future__ import annotations

import logging
import time
from contextlib import closing

from modelcollapse.execution.executors import Executor
from modelcollapse.execution.plan import Plan
from modelcollapse.execution.progress import Reporter
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.execution.tasks import Event, Failed, Task, Yielded
from modelcollapse.simulation.chain import ChainState
from modelcollapse.simulation.domain import Data

#: A chain in flight is written down at most this often,
CHECKPOINT_SECONDS = 5.0

#: and checkpoints take at most this share of the driver's time, with many chains or a slow store.
CHECKPOINT_SHARE = 0.1

_log = logging.getLogger(__name__)


def run_plan(plan: Plan, data: Data, folder: RunFolder, executor: Executor, reporter: Reporter) -> None:
    """Run what a locked folder lacks of a plan; whatever ends this early, what has arrived is kept."""
    _promote_finished(plan, folder)
    reporter.planned(plan, folder)
    if plan.to_run:
        recorder = Recorder(plan, folder, reporter)
        events = executor.run(data, [chain.task for chain in plan.to_run], recorder.state_of)
        with closing(events), closing(recorder):  # what has arrived is written before workers are stopped: that is slow
            for event in events:
                recorder.take(event)
    reporter.ended()


def _promote_finished(plan: Plan, folder: RunFolder) -> None:
    """Promote finished checkpoints: of chains that reached their end a moment before their driver was killed."""
    checkpoints = set(folder.ids(PATHS.partial))
    for chain in plan.finished:
        if chain.task.id in checkpoints:
            folder.chains.promote(chain.task.id, chain.record)


class Recorder:
    """Keeps the events of a plan's chains in a run's folder, and tells a reporter."""

    def __init__(self, plan: Plan, folder: RunFolder, reporter: Reporter) -> None:
        self._folder = folder
        self._reporter = reporter
        self._chains = {chain.task.id: chain for chain in plan.to_run}
        self._written = dict.fromkeys(self._chains, time.monotonic())
        self._unwritten: set[str] = set()
        self._next_checkpoint = 0.0

    def state_of(self, task: Task) -> ChainState | None:
        """Return the state a chain goes on from."""
        chain = self._chains[task.id]
        return chain.record.state(chain.task.spec)

    def take(self, event: Event) -> None:
        """Keep an event."""
        task = event.task
        chain_id, chain = task.id, self._chains[task.id]
        if isinstance(event, Yielded):
            if chain.record.add(event.item, chain.task.spec):
                self._reporter.generation(event.item.row)
            self._unwritten.add(chain_id)
            if self._is_due(chain_id):
                self._checkpoint(chain_id)
        elif isinstance(event, Failed):
            _log.error("chain %s failed: %s\n%s", chain_id, event.reason, event.details)
            if chain_id in self._unwritten:
                self._checkpoint(chain_id)
            self._folder.failures.write(chain_id, {"chain": str(chain.task.spec), **event.why()})
            self._reporter.failed(task, event.reason)
        else:
            _log.info("chain %s reached its end", chain_id)
            self._folder.chains.finish(chain_id, chain.record)
            self._unwritten.discard(chain_id)
            self._reporter.finished(task)

    def close(self) -> None:
        """Write down what has arrived since the last checkpoints."""
        waiting, self._unwritten = self._unwritten, set()
        self._folder.chains.checkpoint({chain_id: self._chains[chain_id].record for chain_id in waiting})

    def _is_due(self, chain_id: str) -> bool:
        now = time.monotonic()
        return now - self._written[chain_id] >= CHECKPOINT_SECONDS and now >= self._next_checkpoint

    def _checkpoint(self, chain_id: str) -> None:
        started = time.monotonic()
        self._folder.chains.checkpoint({chain_id: self._chains[chain_id].record})
        ended = time.monotonic()
        self._unwritten.discard(chain_id)
        self._written[chain_id] = ended
        self._next_checkpoint = ended + (ended - started) * (1 / CHECKPOINT_SHARE - 1)
