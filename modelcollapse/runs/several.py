"""Several sweeps in one folder: those of the study, and those of a run that was stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from modelcollapse.corpora import load_corpus, locate_corpus
from modelcollapse.corpora.option_fields import ReadingFields
from modelcollapse.domains.catalogue import find_domain
from modelcollapse.errors import RunFolderError
from modelcollapse.execution.plan import check_corpus
from modelcollapse.fields import declared
from modelcollapse.runs.run import Run, open_run
from modelcollapse.runs.run_spec import check_out
from modelcollapse.runs.sweeping import run_sweep
from modelcollapse.simulation.domain import NO_CORPUS
from modelcollapse.sweeps import experiments
from modelcollapse.sweeps.sweep import Sweep


def reproduce(
    corpus: str | Path = "amazon",
    scale: float | None = None,
    seeds: Any = None,
    trees: int | None = None,
    out: str | Path = "runs/reproduce",
    carry_out: Callable[..., object] = run_sweep,
    **options: Any,
) -> Run:
    """Run all five steps of the study, cheapest first. The same call goes on where it was stopped.

    `Run.claims` holds them against what the study's post claims, `Run.plot` draws what it shows.

    Parameters
    ----------
    corpus : str or Path
        A corpus' name, or a file with reviews.
    scale : float, optional
        Multiplies all sizes: 0.1 for a tenth.
    seeds : int or integers, optional
        How many seeds, or which, in every step; the study's by default.
    trees : int, optional
        Trees of the forests; 1,000 by default.
    out : str or Path
        The run's folder, a path or any fsspec URL.
    carry_out : callable
        Runs one sweep; called as `run_sweep`.
    **options
        As for `run_sweep`.

    Returns
    -------
    Run
        Also when chains failed: see `Run.status`.

    Raises
    ------
    SpecError
        If the corpus is too small: it says what scale would fit.
    CorpusError
        If there is no such corpus.
    RunFolderError
        If the folder cannot be used.

    Examples
    --------
    >>> study = reproduce("synthetic:600", 0.0015, seeds=1, trees=2, out="runs/study", executor="inprocess")
    >>> study.status().row(0, named=True)["experiment"]
    'baseline'
    """
    sweeps = sorted(experiments.sweeps_of(experiments.STUDY, scale, seeds=seeds, trees=trees), key=experiments.cost)
    check_out(out)
    name_or_path = locate_corpus(corpus)
    documents = load_corpus(name_or_path)
    check_corpus(max(sweeps, key=lambda sweep: sweep.documents_needed), documents)
    return _carry_out_all(sweeps, documents, out, {"name_or_path": name_or_path}, carry_out, options)


def run_laws(
    corpus: str | Path = "movies",
    seeds: Any = None,
    out: str | Path = "runs/laws",
    carry_out: Callable[..., object] = run_sweep,
    **options: Any,
) -> Run:
    """Run small worlds whose truth is known, and hold them against the laws that retraining on own draws obeys.

    They are experiments of their own (``laws-discrete`` …), in one folder. `Run.laws` has the outcome. The same call
    goes on where it was stopped.

    Parameters
    ----------
    corpus : str or Path
        Whose text one of the worlds resamples: a corpus' name, or a file with reviews.
    seeds : int or integers, optional
        How many seeds, or which, in every experiment; fewer are quicker, and leave more undecided.
    out : str or Path
        The run's folder, a path or any fsspec URL.
    carry_out : callable
        Runs one sweep; called as `run_sweep`.
    **options
        As for `run_sweep`.

    Returns
    -------
    Run

    Raises
    ------
    SpecError
        If the corpus has too few words.
    CorpusError
        If there is no such corpus.
    RunFolderError
        If the folder cannot be used.

    Examples
    --------
    >>> worlds = run_laws("synthetic:600", seeds=2, executor="inprocess")
    >>> worlds.laws().columns[-5:]
    ['due', 'found', 'ci_low', 'ci_high', 'holds']
    """
    sweeps = experiments.sweeps_of(experiments.SETS["laws"], seeds=seeds)
    check_out(out)
    name_or_path = locate_corpus(corpus)
    documents = load_corpus(name_or_path)
    return _carry_out_all(sweeps, documents, out, {"name_or_path": name_or_path}, carry_out, options)


def resume(
    location: str | Path,
    carry_out: Callable[..., object] = run_sweep,
    learners: Mapping[str, Any] | None = None,
    **options: Any,
) -> Run:
    """Go on with every sweep of a run from where it was stopped, on the corpus that it says.

    Parameters
    ----------
    location : str or Path
        A run's folder, a path or any fsspec URL.
    carry_out : callable
        Runs one sweep; called as `run_sweep`.
    learners : mapping of str to estimator, optional
        Objects that were given as learners, again: a folder keeps no code.
    **options
        As for `run_sweep`.

    Returns
    -------
    Run
        Also when chains failed: see `Run.status`.

    Raises
    ------
    RunFolderError
        If there is no run, it does not say how to load its corpus, or it names learners whose code nobody here has
        vouched for.
    CorpusError
        If its corpus is not there any more.

    Examples
    --------
    >>> given = {"name_or_path": "synthetic:600"}
    >>> _ = run_sweep(sweep, corpus, "runs/second", executor="inprocess", given_corpus=given)
    >>> resume("runs/second", executor="inprocess").status()["finished"].sum()
    6
    """
    run = open_run(location)
    is_without = run.corpus["fingerprint"] == NO_CORPUS
    given = {} if is_without else run.corpus.get("given")
    known = {"name_or_path", *declared(ReadingFields)}
    if not isinstance(given, dict) or not given.keys() <= known:
        raise RunFolderError(
            f"{location} does not say how to load its corpus: use run … --out {location}, or the call that began it."
        )
    sweeps = run.sweeps_to_run(learners)
    documents = None if is_without else find_domain(run.spec.domain).load(**given)
    return _carry_out_all(sweeps, documents, location, given, carry_out, options)


def _carry_out_all(
    sweeps: Iterable[Sweep],
    documents: Any,
    out: str | Path,
    given: Mapping[str, Any],
    carry_out: Callable[..., object],
    options: Mapping[str, Any],
) -> Run:
    """Run sweeps one after the other in a folder, on a corpus that was loaded as `given` says."""
    for sweep in sweeps:
        carry_out(sweep, documents, out=out, given_corpus=given, **options)
    return open_run(out)
