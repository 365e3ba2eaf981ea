"""Running a sweep: plan it, run what a folder lacks of it, and read results back."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.errors import LearnerError, RunFolderError, SpecError
from modelcollapse.execution.drive import run_plan
from modelcollapse.execution.executors import Executor, ExecutorName, find_executor
from modelcollapse.execution.log import run_log
from modelcollapse.execution.plan import chain_tasks, check_corpus, make_plan
from modelcollapse.execution.progress import Reporter
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.models import KnownModel, refreshed, resolve
from modelcollapse.execution.store.record import ChainRecord, rows_frame
from modelcollapse.execution.tasks import ChainTask
from modelcollapse.names import printable
from modelcollapse.simulation.rows import axes_of
from modelcollapse.simulation.sweep import Sweep

#: Packages whose versions can change results.
VERSIONED = ("modelcollapse", "numpy", "scipy", "scikit-learn", "numba", "nltk", "polars", "ray")

#: Names packages, separated by commas, whose learners may be imported when a run's folder names them.
TRUST_VARIABLE = "MODELCOLLAPSE_TRUSTED_LEARNERS"


class Run:
    """The results of one or more sweeps on one corpus, as they stand in a folder.

    Parameters
    ----------
    folder : RunFolder
    trusted : collection of str
        Learners that may be imported although only the folder names them (see `check_learners`).
    """

    def __init__(self, folder: RunFolder, trusted: Collection[str] = ()) -> None:
        self.folder = folder
        self._trusted = trusted
        spec = folder.read_spec()
        if spec is None:
            raise RunFolderError(f"Found no run in {folder}: expected a folder with spec.json.")
        self.spec = spec

    @cached_property
    def sweeps(self) -> list[Sweep]:
        """Every sweep that was asked for in this folder, in order: reading them imports no learner."""
        try:
            return [Sweep(**values) for values in self.spec["sweeps"]]
        except (SpecError, TypeError) as error:
            raise RunFolderError(f"{self.folder.path('spec.json')} is damaged: {error}") from None

    def sweeps_to_run(self) -> list[Sweep]:
        """Return every sweep, for running: that imports its learners.

        Raises
        ------
        RunFolderError
            If nobody here has vouched for one of them: see `check_learners`.
        """
        for sweep in self.sweeps:
            check_learners(sweep, self._trusted, self.folder.path("spec.json"))
        return self.sweeps

    @cached_property
    def _known_models(self) -> dict[str, list[KnownModel]]:
        """The models of sweeps, by the sweeps' text, as far as the folder knows them."""
        known = {}
        try:
            for sweep, stored in zip(self.sweeps, self.spec["models"], strict=True):
                if stored is not None:
                    known[_text(sweep)] = [KnownModel.from_json(model) for model in stored]
        except (TypeError, ValueError) as error:
            raise RunFolderError(
                f"{self.folder.path('spec.json')} is damaged: {error}. "
                'Set its "models" to null for every sweep, and the learners are looked up again.'
            ) from None
        return known

    def is_readable(self, sweep: Sweep) -> bool:
        """Return whether the rows of a sweep can be found without importing code that nobody here has vouched for.

        Only sweeps that an older version wrote down may need that.
        """
        try:
            self._tasks(sweep)
        except (RunFolderError, LearnerError):
            return False
        return True

    def _tasks(self, sweep: Sweep) -> list[ChainTask]:
        known = self._known_models.get(_text(sweep))
        if known is None:
            check_learners(sweep, self._trusted, self.folder.path("spec.json"))
        return chain_tasks(sweep, self.corpus["fingerprint"], known)

    @property
    def corpus(self) -> dict[str, Any]:
        """Name, fingerprint and origin of the corpus."""
        return dict(self.spec["corpus"])

    def results(self, sweeps: Iterable[Sweep] | None = None) -> pl.DataFrame:
        """Return all rows that are there, one per generation.

        Parameters
        ----------
        sweeps : iterable of Sweep, optional
            Whose rows; those of all sweeps by default.

        Returns
        -------
        DataFrame
            The columns of `simulation.rows.Row` and `experiment`; in the order of the sweeps' chains. Chains are cut to
            what each sweep asks for; a row that two sweeps of one name share stands once.
        """
        rows: dict[tuple[str, str, int], dict[str, Any]] = {}
        for sweep in self.sweeps if sweeps is None else sweeps:
            for task, record in self.chains(sweep):
                axes = axes_of(task.spec)  # under the names it was asked for, and also what older files lack
                for size in task.spec.sizes():
                    if size in record.rows:
                        row = {**asdict(record.rows[size]), **axes, "experiment": sweep.experiment}
                        rows.setdefault((sweep.experiment, task.id, size), row)
        return rows_frame(list(rows.values()), experiment=pl.String())

    # Shorthands for what `analysis` makes of the rows; imported when called, since it stands above this package.

    def curves(self, metric: str = "accuracy") -> pl.DataFrame:
        """Return learning curves averaged over seeds: see `analysis.statistics.curves.curves`."""
        from modelcollapse.analysis.statistics.curves import curves

        return curves(self.results(), metric)

    def compare_rates(self, metric: str = "accuracy", n_seen: int | None = None, margin: float = 0.005) -> pl.DataFrame:
        """Return every rate's paired difference to rate 0: see `analysis.statistics.compare_rates.compare_rates`."""
        from modelcollapse.analysis.statistics.compare_rates import compare_rates

        return compare_rates(self.results(), metric, n_seen, margin)

    def tolerance(self, margin: float = 0.005, metric: str = "accuracy", n_seen: int | None = None) -> pl.DataFrame:
        """Return the largest rate whose loss is within the margin: see `analysis.statistics.trends.tolerance`."""
        from modelcollapse.analysis.statistics.trends import tolerance

        return tolerance(self.results(), margin, metric, n_seen)

    def chains(self, sweep: Sweep) -> Iterator[tuple[ChainTask, ChainRecord]]:
        """Yield the chains of a sweep with what is known of each."""
        tasks = self._tasks(sweep)
        known = self.folder.read_chains(task.id for task in tasks)
        for task in tasks:
            yield task, known.get(task.id) or ChainRecord()

    def failed(self, sweep: Sweep) -> list[str]:
        """Return the ids of the chains of a sweep that failed."""
        failures = set(self.folder.names("failures", ".json"))
        if not failures:
            return []
        return [
            task.id for task, record in self.chains(sweep) if task.id in failures and not record.is_complete(task.spec)
        ]


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
    shards: int | None = None,
    retry_failed: bool = False,
    progress: Reporter | None = None,
    log_file: str | Path | None = None,
    given_corpus: Mapping[str, Any] | None = None,
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
    address, workers, shards
        For Ray: see `execution.ray.executor.RayExecutor`.
    retry_failed : bool
        Whether chains that failed before for their own reasons are run again; else they are left out.
    progress : Reporter, optional
        Who is told; nobody by default.
    log_file : str or Path, optional
        Where the log goes; by default log.txt in the run's folder.
    given_corpus : mapping, optional
        What `load_corpus` was called with, for `modelcollapse resume`.

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
    sweep.check_learners()
    folder = RunFolder(default_folder(sweep) if out is None else out)
    known = folder.read_spec()
    check_same_corpus(known, corpus, folder)
    check_corpus(sweep, corpus)
    with folder.locked(), run_log(folder, log_file), progress or Reporter() as reporter:
        plan = make_plan(sweep, corpus, folder, retry_failed)
        folder.write_spec(_extended_spec(folder.read_spec(), sweep, corpus, given_corpus, folder))
        # after spec.json, whose format tells other versions what the chains are
        run_plan(plan, corpus, folder, find_executor(executor, address, workers, shards), reporter)
    return Run(folder, sweep.model)


def default_folder(sweep: Sweep) -> str:
    """Return where a sweep is kept unless the user says otherwise."""
    return f"runs/{sweep.experiment}"


def check_learners(sweep: Sweep, trusted: Collection[str], where: str) -> None:
    """Raise RunFolderError if a folder's sweep has a learner by import path that nobody here has vouched for.

    Importing runs code, and a folder may come from anywhere. scikit-learn's own learners are installed here anyway;
    others are imported if the user named them in this call, or their package in MODELCOLLAPSE_TRUSTED_LEARNERS.
    """
    vouched = os.environ.get(TRUST_VARIABLE, "").split(",")
    for name in sweep.model:
        package = name.partition(":")[0].partition(".")[0]
        if ":" in name and name not in trusted and package not in ("sklearn", "modelcollapse", *vouched):
            raise RunFolderError(
                f"{where} names the learner {name}, whose code would be run. If you trust it, say so: "
                f"{TRUST_VARIABLE}={package}."
            )


def check_same_corpus(known: dict[str, Any] | None, corpus: Corpus, folder: RunFolder) -> None:
    """Raise RunFolderError if a folder belongs to another corpus, and say in what they differ."""
    if known is None or known["corpus"]["fingerprint"] == corpus.fingerprint:
        return
    then = known["corpus"]
    origins = (_flat(then.get("origin")), _flat(json.loads(json.dumps(dict(corpus.origin)))))
    parts = sorted(set(origins[0]) | set(origins[1]))
    differences = [
        f"{part} {origins[0].get(part)} there, {origins[1].get(part)} here"
        for part in parts
        if origins[0].get(part) != origins[1].get(part)
    ]
    raise RunFolderError(
        f"{folder} holds a run on the corpus '{then['name']}' (fingerprint {then['fingerprint'][:12]}), not on "
        f"'{corpus.name}' ({corpus.fingerprint[:12]})"
        + (f"; they differ in {'; '.join(differences[:4])}" if differences else "")
        + ": choose another --out, or the same corpus."
    )


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """Return the leaves of nested mappings by their dotted names."""
    if not isinstance(value, dict):
        return {name: value}
    return {
        key: leaf
        for part, inner in value.items()
        for key, leaf in _flat(inner, f"{name}.{part}" if name else str(part)).items()
    }


def _extended_spec(
    known: dict[str, Any] | None,
    sweep: Sweep,
    corpus: Corpus,
    given: Mapping[str, Any] | None,
    folder: RunFolder,
) -> dict[str, Any]:
    """Return a folder's spec with one more sweep."""
    asked, models = _stored(sweep), resolve(sweep)
    written = [model.to_json() for model in models]
    now = _versions()
    if known is None:
        about = {"name": corpus.name, "fingerprint": corpus.fingerprint, "origin": dict(corpus.origin)}
        if given is not None:
            about["given"] = dict(given)
        return {"corpus": about, "sweeps": [asked], "models": [written], "versions": now}
    then = known["versions"]
    changed = [f"{name} {then.get(name)} then, {now[name]} now" for name in now if then.get(name) != now[name]]
    if changed:
        warnings.warn(f"{folder} was begun with other versions: {printable('; '.join(changed))}.", stacklevel=3)
    others = [i for i, values in enumerate(known["sweeps"]) if _as_text(values) != _as_text(asked)]
    if len(others) == len(known["sweeps"]):
        return {**known, "sweeps": [*known["sweeps"], asked], "models": [*refreshed(known["models"], models), written]}
    again = [stored if i in others else written for i, stored in enumerate(refreshed(known["models"], models))]
    return {**known, "models": again}


def _stored(sweep: Sweep) -> dict[str, Any]:
    """Return a sweep as it stands in spec.json."""
    return sweep.model_dump(mode="json", exclude_none=True)


def _text(sweep: Sweep) -> str:
    """Return what two sweeps share if and only if they are the same."""
    return _as_text(_stored(sweep))


def _as_text(values: object) -> str:
    """Return stored values as text: 1, 1.0 and true are equal, but not the same."""
    return json.dumps(values, sort_keys=True)


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in VERSIONED}}
