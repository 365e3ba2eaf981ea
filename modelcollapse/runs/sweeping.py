"""Running a sweep: check it, plan it, and run what its folder lacks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

from modelcollapse.corpora.dense import AnyCorpus
from modelcollapse.domains.catalogue import find_domain
from modelcollapse.execution.drive import run_plan
from modelcollapse.execution.executors import Executor, ExecutorName, RayOptions, find_executor
from modelcollapse.execution.log import run_log
from modelcollapse.execution.plan import check_corpus, make_plan
from modelcollapse.execution.progress import Reporter
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.runs.run import Run
from modelcollapse.runs.run_spec import check_same_corpus, default_folder, extended_spec, keep_vocabulary
from modelcollapse.runs.watching import find_reporter, kept
from modelcollapse.sweeps.sweep import Sweep


def run_sweep(
    sweep: Sweep,
    corpus: AnyCorpus | None = None,
    out: str | Path | None = None,
    executor: ExecutorName | Executor = "ray",
    retry_failed: bool = False,
    progress: bool | Reporter | None = None,
    log_file: str | Path | None = None,
    given_corpus: Mapping[str, Any] | None = None,
    learners: Mapping[str, Any] | None = None,
    **ray: Unpack[RayOptions],
) -> Run:
    """Run what a folder does not have yet of a sweep.

    Parameters
    ----------
    sweep : Sweep
        What to simulate.
    corpus : Corpus or DenseCorpus, optional
        On which documents; a domain may do without. What they are may change the sweep: see `Sweep.on`.
    out : str or Path, optional
        The run's folder, a path or any fsspec URL; ``runs/<experiment>`` by default. Chains that are there already,
        from this or any earlier sweep, are not computed again.
    executor : {"ray", "inprocess"} or Executor
        Where chains run.
    retry_failed : bool
        Whether chains that failed before for their own reasons are run again; else they are left out.
    progress : bool or Reporter, optional
        Whether it is shown; by default on a terminal or in a notebook. Or who is told instead.
    log_file : str or Path, optional
        Where the log goes; by default log.txt in the run's folder.
    given_corpus : mapping, optional
        What `load_corpus` was called with, for `modelcollapse resume`.
    learners : mapping of str to estimator, optional
        Classifiers as objects, by the names that they shall have: see `Sweep.with_learners`. They are cloned for every
        generation, and seeded in every part. The folder keeps what makes their results – classes, versions,
        parameters, a user's own code – and no object: the same call, or `resume`, goes on.
    **ray
        ``address``, ``workers``, ``shards``, ``gpus``: see `execution.executors.RayOptions`.

    Returns
    -------
    Run
        Also when chains failed: see `Run.failed`.

    Raises
    ------
    SpecError
        If the corpus is too small for the sweep, or missing.
    RunFolderError
        If the folder holds a run on another corpus or of another domain, or results of another learner under the name
        of one that is given; or another process is at work in it.

    Examples
    --------
    >>> run_sweep(sweep, corpus, "runs/first", executor="inprocess")  # all of it is there already
    <Run runs/first; experiments: sweep, corpus: synthetic:600, chains: 6 of 6 finished, generations: 18 of 18>

    A pipeline of one's own:

    >>> from sklearn.feature_extraction.text import TfidfTransformer
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> mine = Sweep(experiment="mine", rates=[0, 1], seeds=2, **sizes)
    >>> ridge = make_pipeline(TfidfTransformer(), RidgeClassifier())
    >>> own = run_sweep(mine, corpus, "runs/own", executor="inprocess", learners={"ridge": ridge})
    >>> own.results()["model"].unique().to_list()
    ['ridge']
    """
    where = find_executor(executor, **ray)
    sweep = sweep.with_learners(learners).on(corpus)
    sweep.check_learners()
    folder = RunFolder(default_folder(sweep) if out is None else out)
    data = find_domain(sweep.domain).data(corpus, sweep)
    check_same_corpus(folder.spec.read(), sweep.domain, data, folder)
    check_corpus(sweep, data)
    with kept(str(folder)), folder.locked(), run_log(folder, log_file), find_reporter(progress) as reporter:
        plan = make_plan(sweep, data, folder, retry_failed)
        folder.spec.update(lambda known: extended_spec(known, sweep, data, given_corpus, folder))
        keep_vocabulary(data, folder)
        # after spec.json, whose format tells other versions what the chains are
        run_plan(plan, data, folder, where, reporter)
    return Run(folder, sweep.model)
