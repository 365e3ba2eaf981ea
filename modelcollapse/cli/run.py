"""``run``, ``resume``, ``status`` and ``doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modelcollapse.cli.execute import execute
from modelcollapse.cli.options import Given, check_executor, check_retry, check_run, expanded, typed
from modelcollapse.cli.run_options import RunOptions
from modelcollapse.cli.sweep import CorpusName, Experiment, Scale, sweep_from_options
from modelcollapse.corpora.option_fields import CorpusFields
from modelcollapse.fields import declared
from modelcollapse.simulation.sweep_fields import SweepFields

if TYPE_CHECKING:
    from modelcollapse.execution.plan import Plan


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(run)
    app.command()(resume)
    app.command()(status)
    app.command()(doctor)


@expanded
def run(
    context: typer.Context,
    experiment: Experiment,
    *,
    corpus: CorpusName = None,
    given: Annotated[Given, SweepFields],
    scale: Scale = None,
    out: Annotated[str | None, typer.Option(help="The run's folder or URL.  [runs/<experiment>]")] = None,
    how: RunOptions,
    until_ci: Annotated[
        float | None, typer.Option(help="As many seeds as make paired 95 % intervals at the end ± this: 0.002.")
    ] = None,
    max_seeds: Annotated[int, typer.Option(min=2, help="For --until-ci: stop there.")] = 100,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List chains and generations; run nothing.")] = False,
    reading: Annotated[Given, CorpusFields],
) -> None:
    """Run a sweep, or what is missing of it. The same command goes on where it was stopped."""
    from modelcollapse.cli import EXIT_FAILED_CHAINS
    from modelcollapse.corpora import load_corpus
    from modelcollapse.execution.plan import make_plan
    from modelcollapse.execution.store.folder import RunFolder
    from modelcollapse.runs.folders import check_out, default_folder
    from modelcollapse.runs.run_spec import check_same_corpus

    sweep, about_corpus = sweep_from_options(experiment, given, corpus, reading, scale)
    check_run(typed(context), how, sweep)
    location = out or default_folder(sweep)
    check_out(location)
    documents = load_corpus(**{"name_or_path": "movies", **about_corpus})
    if dry_run:
        folder = RunFolder(location)
        check_same_corpus(folder.spec.read(), documents, folder)
        check_retry(how.retry_failed, location)
        _print_plan(make_plan(sweep, documents, folder, how.retry_failed), location)
        return
    check_retry(how.retry_failed, location)
    if not execute(sweep, documents, location, how, about_corpus, until_ci, max_seeds):
        raise typer.Exit(EXIT_FAILED_CHAINS)


@expanded
def resume(
    location: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder or URL.")],
    how: RunOptions,
) -> None:
    """Go on with every sweep of a run from where it was stopped."""
    from modelcollapse import open_run
    from modelcollapse.cli import EXIT_FAILED_CHAINS
    from modelcollapse.corpora import load_corpus
    from modelcollapse.errors import RunFolderError

    check_executor(how)
    run = open_run(location)
    given = run.corpus.get("given")
    known = {"name_or_path", *declared(CorpusFields)}
    if not isinstance(given, dict) or not given.keys() <= known:
        raise RunFolderError(f"{location} does not say how to load its corpus: use run … --out {location}.")
    sweeps = run.sweeps_to_run()
    documents = load_corpus(**{"name_or_path": "movies", **given})
    check_retry(how.retry_failed, location)
    complete = [execute(sweep, documents, location, how, given) for sweep in sweeps]
    if not all(complete):
        raise typer.Exit(EXIT_FAILED_CHAINS)


def _print_plan(plan: Plan, location: str) -> None:
    from modelcollapse.cli.tables import print_table

    rows = [
        (
            chain.task.id,
            chain.task.spec.seed,
            f"{float(chain.task.spec.collapse_rate):g}",
            " ".join(part for part in (chain.task.spec.model.name, chain.task.spec.model.params_text) if part),
            chain.task.spec.regime,
            chain.task.spec.label_rule,
            f"{chain.task.spec.initial_size:,} → {chain.task.spec.final_size:,}",
            f"{chain.n_done}/{chain.n_generations}",
        )
        for chain in plan.chains
    ]
    titles = ("chain", "seed", "rate", "model", "regime", "label rule", "documents", "generations done")
    print_table(titles, rows)
    typer.echo(
        f"{len(plan.chains)} chains, {len(plan.finished)} finished, {len(plan.partial)} begun"
        f"{f', {len(plan.given_up)} failed before' if plan.given_up else ''}; "
        f"{plan.n_generations_to_run} generations to run → {location}"
    )


def status(
    location: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder or URL.")],
) -> None:
    """Say what a run has and what is missing. Works while it is running."""
    from modelcollapse import open_run
    from modelcollapse.analysis.report.caveats import duplicates
    from modelcollapse.cli.tables import print_table
    from modelcollapse.names import printable

    run = open_run(location)
    about = f"corpus '{run.corpus['name']}', fingerprint {run.corpus['fingerprint'][:12]}"
    typer.echo(f"{location}: {printable(about)}")
    rows = []
    for sweep in run.sweeps:
        chains = list(run.chains(sweep))
        done = [record.n_done(task.spec) for task, record in chains]
        wanted = [len(task.spec.sizes()) for task, _ in chains]
        finished = sum(d == w for d, w in zip(done, wanted, strict=True))
        begun = sum(0 < d < w for d, w in zip(done, wanted, strict=True))
        rows.append(
            (
                sweep.experiment,
                f"{finished}/{len(chains)}",
                begun,
                len(run.failed(sweep)),
                f"{sum(done)}/{sum(wanted)}",
            )
        )
    print_table(("experiment", "chains finished", "begun", "failed", "generations"), rows)
    if words := duplicates(run.corpus):
        typer.echo(f"Caution: {words}")


def doctor() -> None:
    """Look at this machine – Ray, cores, memory, folders – and say what to change for sweeps."""
    from modelcollapse.cli.tables import print_table
    from modelcollapse.planning.doctor import examine

    findings = list(examine())
    print_table(("", "what", "found"), [("!" if f.advice else "ok", f.subject, f.found) for f in findings])
    for finding in findings:
        if finding.advice:
            typer.echo(f"{finding.subject}: {finding.advice}")
