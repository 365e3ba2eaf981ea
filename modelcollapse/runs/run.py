"""A run: the results of sweeps on one corpus, read from the folder where they stand."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl

from modelcollapse.analysis.statistics.arms import AnalysisError
from modelcollapse.atomic import readable
from modelcollapse.corpora import load_corpus
from modelcollapse.corpora.dense import AnyCorpus
from modelcollapse.domains.catalogue import find_domain
from modelcollapse.domains.closed_form.domain import ClosedForm, HumanText
from modelcollapse.domains.generation.domain import Generation
from modelcollapse.domains.generation.samples import N_WORDS, Vocabulary, sample_rows
from modelcollapse.errors import LearnerError, ModelCollapseError, RunFolderError, SpecError
from modelcollapse.execution.plan import chain_tasks
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.models import KnownModel
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.execution.store.record import ChainRecord, rows_frame, schema_of
from modelcollapse.execution.tasks import ChainTask
from modelcollapse.names import printable
from modelcollapse.runs.laws import judge, laws_frame
from modelcollapse.runs.results import Look, Results
from modelcollapse.runs.run_spec import check_learners, stored_sweep, sweep_text
from modelcollapse.simulation.domain import Domain
from modelcollapse.simulation.rows import AXES, CommonRow, axes_of
from modelcollapse.sweeps.sweep import Sweep

if TYPE_CHECKING:
    from modelcollapse.analysis.report.page import About


#: A sweep, and its chains with what is known of each.
Chains: TypeAlias = tuple[Sweep, list[tuple[ChainTask, ChainRecord]]]


class Run(Results):
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
        spec = folder.spec.read()
        if spec is None:
            raise RunFolderError(f"Found no run in {folder}: expected a folder with {PATHS.spec}.")
        self.spec = spec

    @cached_property
    def sweeps(self) -> list[Sweep]:
        """Every sweep that was asked for in this folder, in order: reading them imports no learner."""
        try:
            return [Sweep(**values) for values in self.spec.sweeps]
        except (SpecError, TypeError) as error:
            raise RunFolderError(f"{self.folder.path(PATHS.spec)} is damaged: {error}") from None

    def sweeps_to_run(self, learners: Mapping[str, Any] | None = None) -> list[Sweep]:
        """Return every sweep, for running: that imports its learners, which are checked: see `check_learners`.

        Objects among them are given again, by their names.
        """
        given = learners or {}
        names = {name for sweep in self.sweeps for name in sweep.model}
        if other := [name for name in given if name not in names]:
            raise RunFolderError(f"learners: found '{other[0]}', but {self.folder} has {', '.join(sorted(names))}.")
        for sweep in self.sweeps:
            check_learners(sweep, self._trusted, self.folder.path(PATHS.spec), given)
        return [
            sweep.with_learners({name: given[name] for name in sweep.model if name in given}) for sweep in self.sweeps
        ]

    @cached_property
    def _known_models(self) -> dict[str, list[KnownModel]]:
        """The models of sweeps, by the sweeps' text, as far as the folder knows them."""
        known = {}
        try:
            for sweep, stored in zip(self.sweeps, self.spec.models, strict=True):
                if stored is not None:
                    known[sweep_text(sweep)] = [KnownModel.from_json(model) for model in stored]
        except (TypeError, ValueError) as error:
            raise RunFolderError(
                f"{self.folder.path(PATHS.spec)} is damaged: {error}. "
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

    def _as_run(self, sweep: Sweep) -> Sweep:
        """Return a sweep as it was run here: on this corpus it may have become another one, see `Sweep.on`."""
        here = [sweep_text(one) for one in self.sweeps]
        other = sweep.of(self.spec.domain, with_our_forest=False)
        return other if sweep_text(sweep) not in here and sweep_text(other) in here else sweep

    def _tasks(self, sweep: Sweep) -> list[ChainTask]:
        sweep = self._as_run(sweep)
        known = self._known_models.get(sweep_text(sweep))
        if known is None:
            check_learners(sweep, self._trusted, self.folder.path(PATHS.spec))
        return chain_tasks(sweep, self.corpus["fingerprint"], known)

    @property
    def domain(self) -> Domain:
        """The domain of all sweeps in the folder."""
        return find_domain(self.spec.domain)

    @property
    def corpus(self) -> dict[str, Any]:
        """Name, fingerprint and origin of the corpus."""
        return self.spec.corpus.to_dict()

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

        Examples
        --------
        >>> run.results().select("seed", "collapse_rate", "n_seen").row(-1)
        (2, 1.0, 300)
        """
        return _rows(self._read(self.sweeps if sweeps is None else sweeps), self.domain.row)

    def laws(self, sweeps: Iterable[Sweep] | None = None, corpus: AnyCorpus | None = None) -> pl.DataFrame:
        """Hold the chains of the domain ``closed_form`` against the laws that they must obey.

        Parameters
        ----------
        sweeps : iterable of Sweep, optional
            Whose chains; those of all sweeps by default.
        corpus : Corpus, optional
            Whose text the world "text" resamples; loaded as the run says by default.

        Returns
        -------
        DataFrame
            ``world, regime, rate, generation, quantity``; the value that theory has ``due``, null where it has bounds
            alone (subsample lies between the other regimes); the mean ``found`` over seeds; an interval for it from the
            spread between seeds, ``ci_low`` to ``ci_high``. All intervals of a world hold together in 95 % of runs
            (Bonferroni). ``holds`` is true where the whole interval is as near to the law as it says (2 % for
            ``discrete``, 5 % ``gaussian``, 6 % ``least-squares``, 1 % ``text``, published bounds ``logistic``), false
            where no part of it is, and null where there are too few seeds to tell.

        Raises
        ------
        AnalysisError
            If the run is of another domain.

        Examples
        --------
        >>> worlds = Sweep(domain="closed_form", rates=1, seeds=3, initial_size=50, final_size=150, increment=50)
        >>> run_sweep(worlds, out="runs/worlds", executor="inprocess").laws().columns[4:7]
        ['quantity', 'due', 'found']
        """
        if self.spec.domain != ClosedForm.name:
            raise AnalysisError(f"{self.name} is of the domain '{self.spec.domain}': laws are of '{ClosedForm.name}'.")
        return laws_frame(self._judged(self.sweeps if sweeps is None else list(sweeps), corpus))

    def judged(self) -> pl.DataFrame | None:
        """Return what `runs.laws.judge` says of all chains, bounds included; None in a domain without laws.

        Examples
        --------
        >>> run.judged() is None
        True
        """
        return self._judged(self.sweeps, None) if self.spec.domain == ClosedForm.name else None

    def _judged(self, sweeps: Sequence[Sweep], corpus: AnyCorpus | None) -> pl.DataFrame:
        sizes = [max(sweep.initial_size) for sweep in sweeps if "text" in sweep.model]
        text = None
        if sizes:
            text = HumanText.of(load_corpus(**self.corpus.get("given", {})) if corpus is None else corpus, max(sizes))
        return judge(itertools.chain.from_iterable(map(self.chains, sweeps)), text)

    def samples(self, n_words: int = N_WORDS) -> pl.DataFrame | None:
        """Return some of what models wrote, beside what people wrote in the same places.

        Nothing is chosen: in chains of the first seed, the beginning of the first block that the first, the middle and
        the last model wrote into their next increments. The last generation has none.

        Parameters
        ----------
        n_words : int
            Words and signs of each.

        Returns
        -------
        DataFrame or None
            ``experiment``, the axes of the sweep, ``generation, n_seen``; ``people`` (null where the folder has no
            human text of that place) and ``machine``. None in another domain, or if the folder has no vocabulary.

        Raises
        ------
        RunFolderError
            If the vocabulary is damaged.

        Examples
        --------
        >>> from modelcollapse.corpora.blocks import load_blocks
        >>> texts = Sweep(domain="generation", rates=[0, 1], seeds=1, initial_size=50, final_size=150, increment=50,
        ...     test_size=30)
        >>> blocks = load_blocks("synthetic:600")
        >>> run_sweep(texts, blocks, "runs/texts", executor="inprocess").samples()["generation"].to_list()
        [0, 1]
        """
        content = self.folder.read(PATHS.vocabulary) if self.spec.domain == Generation.name else None
        if content is None:
            return None
        vocabulary = Vocabulary.from_bytes(content, self.folder.path(PATHS.vocabulary))
        rows = []
        for sweep in self.sweeps:
            tasks = self._tasks(sweep)
            first = [task for task in tasks if task.spec.seed == min(task.spec.seed for task in tasks)]
            known = self.folder.chains.read_all(task.id for task in first)
            chains = [(task.spec, known[task.id].new_slots) for task in first if task.id in known]
            rows += [{"experiment": sweep.experiment, **row} for row in sample_rows(chains, vocabulary, n_words)]
        words = {"people": pl.String(), "machine": pl.String()}
        schema = {"experiment": pl.String(), **schema_of(self.domain.row), **words}
        kept = ["experiment", *(axis for axis in AXES if axis in schema), "generation", "n_seen", *words]
        return pl.DataFrame(rows, {name: schema[name] for name in kept}, orient="row").unique(maintain_order=True)

    def status(self) -> pl.DataFrame:
        """Return what there is of every sweep, and what is missing.

        Returns
        -------
        DataFrame
            One row per sweep, in the order they were asked for: ``experiment``; ``chains``, and how many of them have
            ``finished``, ``begun`` or ``failed``; ``generations`` that are ``done``, and ``asked`` for.

        Raises
        ------
        RunFolderError
            If a sweep's chains can only be named by importing code that nobody here has vouched for.

        Examples
        --------
        >>> run.status().row(0, named=True)
        {'experiment': 'sweep', 'chains': 6, 'finished': 6, 'begun': 0, 'failed': 0, 'done': 18, 'asked': 18}
        """
        return self._status(self._read(self.sweeps))

    def _status(self, read: Iterable[Chains]) -> pl.DataFrame:
        failures = self.folder.failures.ids()
        rows = []
        for sweep, found in read:
            chains = [(task.id, there.n_done(task.spec), len(task.spec.sizes())) for task, there in found]
            rows.append(
                {
                    "experiment": sweep.experiment,
                    "chains": len(chains),
                    "finished": sum(done == asked for _, done, asked in chains),
                    "begun": sum(0 < done < asked for _, done, asked in chains),
                    "failed": sum(chain in failures and done < asked for chain, done, asked in chains),
                    "done": sum(done for _, done, _ in chains),
                    "asked": sum(asked for _, _, asked in chains),
                }
            )
        numbers = ("chains", "finished", "begun", "failed", "done", "asked")
        return pl.DataFrame(rows, {"experiment": pl.String, **dict.fromkeys(numbers, pl.Int64)})

    def about(self) -> About:
        """Return what a report says besides the rows: its corpus, sweeps, versions, and how far it has come."""
        return self._about(self.status())

    def _about(self, status: pl.DataFrame) -> About:
        from modelcollapse.analysis.report.page import About

        total = status.sum().row(0, named=True)
        return About(
            name=readable(str(self.folder)),
            corpus=self.corpus,
            sweeps=[stored_sweep(sweep) for sweep in self.sweeps],
            versions=self.spec.versions,
            n_chains=total["chains"],
            n_finished=total["finished"],
            n_failed=total["failed"],
        )

    def _look(self) -> Look:
        """Return everything of this moment from one reading of the folder."""
        read = list(self._read(self.sweeps))
        status = self._status(read)
        return Look(_rows(read, self.domain.row), self._about(status), self._facts(status))

    def _facts(self, status: pl.DataFrame) -> Mapping[str, object]:
        total = status.sum().row(0, named=True)
        failed = f", {total['failed']:,} failed" if total["failed"] else ""
        return {
            "experiments": ", ".join(dict.fromkeys(sweep.experiment for sweep in self.sweeps)),
            "corpus": self.corpus["name"],
            "chains": f"{total['finished']:,} of {total['chains']:,} finished{failed}",
            "generations": f"{total['done']:,} of {total['asked']:,}",
        }

    def __repr__(self) -> str:
        try:
            said = ", ".join(f"{name}: {fact}" for name, fact in self._facts(self.status()).items())
        except ModelCollapseError as error:
            said = str(error)
        return f"<Run {printable(readable(str(self.folder)))}; {printable(said)}>"

    def chains(self, sweep: Sweep) -> Iterator[tuple[ChainTask, ChainRecord]]:
        """Yield the chains of a sweep with what is known of each."""
        tasks = self._tasks(sweep)
        known = self.folder.chains.read_all(task.id for task in tasks)
        for task in tasks:
            yield task, known.get(task.id) or ChainRecord()

    def _read(self, sweeps: Iterable[Sweep]) -> Iterator[Chains]:
        for sweep in sweeps:
            yield sweep, list(self.chains(sweep))

    def failed(self, sweep: Sweep) -> list[str]:
        """Return the ids of the chains of a sweep that failed."""
        failures = self.folder.failures.ids()
        if not failures:
            return []
        return [
            task.id
            for task, record in self.chains(sweep)
            if task.id in failures and record.n_done(task.spec) < len(task.spec.sizes())
        ]


def _rows(read: Iterable[Chains], row: type[CommonRow]) -> pl.DataFrame:
    """Return the rows of sweeps' chains: see `Run.results`."""
    rows: dict[tuple[str, str, int], dict[str, Any]] = {}
    for sweep, found in read:
        for task, record in found:
            axes = axes_of(task.spec, row)  # under the names it was asked for, and also what older files lack
            for size in task.spec.sizes():
                if size in record.rows:
                    values = {**asdict(record.rows[size]), **axes, "experiment": sweep.experiment}
                    rows.setdefault((sweep.experiment, task.id, size), values)
    return rows_frame(list(rows.values()), row, experiment=pl.String())


def open_run(location: str | Path) -> Run:
    """Open the run in a folder. Nothing of it is read but spec.json, and no code of its learners is imported.

    Parameters
    ----------
    location : str or Path
        A path or any fsspec URL.

    Returns
    -------
    Run

    Raises
    ------
    RunFolderError
        If there is none, or its spec.json is damaged or of another version.

    Examples
    --------
    >>> open_run("runs/first")
    <Run runs/first; experiments: sweep, corpus: synthetic:600, chains: 6 of 6 finished, generations: 18 of 18>
    """
    return Run(RunFolder(location))
