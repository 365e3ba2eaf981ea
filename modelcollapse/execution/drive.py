"""How a sweep is driven: what its plan lacks is run, and whatever arrives is kept and reported."""

from __future__ import annotations

from contextlib import closing

from modelcollapse.execution.executors import Executor
from modelcollapse.execution.plan import Plan
from modelcollapse.execution.progress import Reporter
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.execution.store.recorder import Recorder
from modelcollapse.simulation.domain import Data


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
