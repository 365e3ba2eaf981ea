"""Running a sweep: plan it, drain the executor's events into the run's folder, and read results back."""

from __future__ import annotations

import importlib.metadata
import platform
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

import polars as pl

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.errors import RunFolderError, SpecError
from modelcollapse.execution.executors import ChainFailed, ChainTask, Executor, GenerationDone, InProcessExecutor
from modelcollapse.execution.folder import RunFolder
from modelcollapse.execution.plan import Plan, chain_tasks, check_corpus, make_plan
from modelcollapse.execution.progress import Reporter
from modelcollapse.execution.record import ChainRecord, rows_frame
from modelcollapse.simulation.chain import ChainState
from modelcollapse.simulation.sweep import Sweep

ExecutorName: TypeAlias = Literal["ray", "inprocess"]

#: A chain in flight is written down at most this often.
CHECKPOINT_SECONDS = 5.0

#: Packages whose versions can change results.
VERSIONED = ("modelcollapse", "numpy", "scipy", "scikit-learn", "numba", "nltk", "polars", "ray")


class Run:
    """The results of one or more sweeps on one corpus, as they stand in a folder."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        spec = folder.read_spec()
        if spec is None:
            raise RunFolderError(f"Found no run in {folder}: expected a folder with spec.json.")
        self.spec = spec

    @cached_property
    def sweeps(self) -> list[Sweep]:
        """Every sweep that was asked for in this folder, in order."""
        return [Sweep(**values) for values in self.spec["sweeps"]]

    @property
    def corpus(self) -> dict[str, Any]:
        """Name, fingerprint and origin of the corpus."""
        return dict(self.spec["corpus"])

    def results(self) -> pl.DataFrame:
        """Return all rows that are there, one per generation.

        Returns
        -------
        DataFrame
            The columns of `simulation.rows.Row` and `experiment`; in the order of the sweeps' chains. Chains are cut to
            what each sweep asks for; a row that two sweeps of one name share stands once.
        """
        rows: dict[tuple[str, str, int], dict[str, Any]] = {}
        for sweep in self.sweeps:
            for task, record in self.chains(sweep):
                names = {"model": task.spec.model.name, "model_params": task.spec.model.params_text}
                for size in task.spec.sizes():
                    if size in record.rows:
                        row = {**asdict(record.rows[size]), **names, "experiment": sweep.experiment}
                        rows.setdefault((sweep.experiment, task.chain_id, size), row)
        return rows_frame(list(rows.values()), experiment=pl.String())

    # Shorthands for what `analysis` makes of the rows; imported when called, since it stands above this package.

    def curves(self, metric: str = "accuracy") -> pl.DataFrame:
        """Return learning curves averaged over seeds: see `analysis.curves.curves`."""
        from modelcollapse.analysis.curves import curves

        return curves(self.results(), metric)

    def compare_rates(self, metric: str = "accuracy", n_seen: int | None = None, margin: float = 0.005) -> pl.DataFrame:
        """Return every rate's paired difference to rate 0: see `analysis.differences.compare_rates`."""
        from modelcollapse.analysis.differences import compare_rates

        return compare_rates(self.results(), metric, n_seen, margin)

    def tolerance(self, margin: float = 0.005, metric: str = "accuracy", n_seen: int | None = None) -> pl.DataFrame:
        """Return the largest rate whose loss is within the margin: see `analysis.trends.tolerance`."""
        from modelcollapse.analysis.trends import tolerance

        return tolerance(self.results(), margin, metric, n_seen)

    def chains(self, sweep: Sweep) -> Iterator[tuple[ChainTask, ChainRecord]]:
        """Yield the chains of a sweep with what is known of each."""
        for task in chain_tasks(sweep, self.corpus["fingerprint"]):
            yield task, self.folder.read_chain(task.chain_id) or ChainRecord()

    def failed(self, sweep: Sweep) -> list[str]:
        """Return the ids of the chains of a sweep that failed."""
        failures = set(self.folder.names("failures", ".json"))
        return [task.chain_id for task in chain_tasks(sweep, self.corpus["fingerprint"]) if task.chain_id in failures]


def open_run(location: str | Path) -> Run:
    """Return the run in a folder (a path or any fsspec URL).

    Raises
    ------
    RunFolderError
        If there is none.
    """
    return Run(RunFolder(location))


def run_sweep(
    sweep: Sweep,
    corpus: Corpus,
    out: str | Path | None = None,
    executor: ExecutorName | Executor = "ray",
    address: str | None = None,
    workers: int | None = None,
    progress: Reporter | None = None,
) -> Run:
    """Run what a folder does not have yet of a sweep.

    Parameters
    ----------
    sweep : Sweep
        What to simulate.
    corpus : Corpus
        On which documents.
    out : str or Path, optional
        The run's folder, a path or any fsspec URL; ``runs/<experiment>`` by default. Chains that are there already,
        from this or any earlier sweep, are not computed again.
    executor : {"ray", "inprocess"} or Executor
        Where chains run.
    address, workers
        For Ray: see `execution.ray_executor.RayExecutor`.
    progress : Reporter, optional
        Who is told; nobody by default.

    Returns
    -------
    Run
        Also when chains failed: see `Run.failed`.

    Raises
    ------
    SpecError
        If the corpus is too small for the sweep.
    RunFolderError
        If the folder holds a run on another corpus, or another process is at work in it.
    """
    folder = RunFolder(default_folder(sweep) if out is None else out)
    known = folder.read_spec()
    check_same_corpus(known, corpus, folder)
    check_corpus(sweep, corpus)
    with folder.locked():
        plan = make_plan(sweep, corpus, folder)
        folder.write_spec(_extended_spec(folder.read_spec(), sweep, corpus, folder))
        with progress or Reporter() as reporter:
            reporter.planned(plan, folder)
            _drain(_find_executor(executor, address, workers), plan, corpus, folder, reporter)
    return Run(folder)


def default_folder(sweep: Sweep) -> str:
    """Return where a sweep is kept unless the user says otherwise."""
    return f"runs/{sweep.experiment}"


def _drain(executor: Executor, plan: Plan, corpus: Corpus, folder: RunFolder, reporter: Reporter) -> None:
    """Keep everything the executor yields; whatever ends this early, what has arrived is kept."""
    records = {chain.task.chain_id: chain.record for chain in plan.to_run}
    written = dict.fromkeys(records, time.monotonic())
    dirty: set[str] = set()

    def state_of(task: ChainTask) -> ChainState | None:
        return records[task.chain_id].state(task.spec)

    events = executor.run(corpus, [chain.task for chain in plan.to_run], state_of) if records else iter(())
    try:
        for event in events:
            task = event.task
            chain_id, record = task.chain_id, records[task.chain_id]
            if isinstance(event, GenerationDone):
                if record.add(event.result, task.spec):
                    reporter.generation(event.result.row)
                dirty.add(chain_id)
                if time.monotonic() - written[chain_id] >= CHECKPOINT_SECONDS:
                    folder.write_checkpoint(chain_id, record)
                    written[chain_id] = time.monotonic()
                    dirty.discard(chain_id)
            elif isinstance(event, ChainFailed):
                folder.write_failure(chain_id, {"reason": event.reason, "details": event.details})
                reporter.failed(task, event.reason)
            else:
                folder.write_chain(chain_id, record)
                dirty.discard(chain_id)
                reporter.finished()
    finally:
        for chain_id in dirty:
            folder.write_checkpoint(chain_id, records[chain_id])


def _find_executor(executor: ExecutorName | Executor, address: str | None, workers: int | None) -> Executor:
    if executor == "inprocess":
        return InProcessExecutor()
    if executor == "ray":
        from modelcollapse.execution.ray_executor import RayExecutor

        return RayExecutor(address, workers)
    if isinstance(executor, str):
        raise SpecError(f"executor: found '{executor}', expected ray or inprocess.")
    return executor


def check_same_corpus(known: dict[str, Any] | None, corpus: Corpus, folder: RunFolder) -> None:
    """Raise RunFolderError if a folder belongs to another corpus."""
    if known is not None and known["corpus"]["fingerprint"] != corpus.fingerprint:
        raise RunFolderError(
            f"{folder} holds a run on the corpus '{known['corpus']['name']}' (fingerprint "
            f"{known['corpus']['fingerprint'][:12]}), not on '{corpus.name}' ({corpus.fingerprint[:12]}): "
            "choose another --out, or the same corpus."
        )


def _extended_spec(known: dict[str, Any] | None, sweep: Sweep, corpus: Corpus, folder: RunFolder) -> dict[str, Any]:
    """Return a folder's spec with one more sweep."""
    asked = sweep.model_dump(mode="json", exclude_none=True)
    now = _versions()
    if known is None:
        about = {"name": corpus.name, "fingerprint": corpus.fingerprint, "origin": dict(corpus.origin)}
        return {"corpus": about, "sweeps": [asked], "versions": now}
    then = known["versions"]
    changed = [f"{name} {then.get(name)} then, {now[name]} now" for name in now if then.get(name) != now[name]]
    if changed:
        warnings.warn(f"{folder} was begun with other versions: {'; '.join(changed)}.", stacklevel=3)
    return {**known, "sweeps": known["sweeps"] if asked in known["sweeps"] else [*known["sweeps"], asked]}


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in VERSIONED}}
