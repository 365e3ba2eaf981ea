"""``run``, ``resume``, ``reproduce``, ``status`` and ``doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modelcollapse.cli.execute import Steps, execute
from modelcollapse.cli.options import Given, RunOptions, check_executor, check_retry, check_run, expanded, typed
from modelcollapse.cli.sweep import CorpusName, Experiment, Scale, run_on, sweep_from_options
from modelcollapse.corpora.option_fields import ReadingFields
from modelcollapse.sweeps.sweep_fields import SweepFields

if TYPE_CHECKING:
    import polars as pl

    from modelcollapse.sweeps.sweep import Sweep


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
    reading: Annotated[Given, ReadingFields],
) -> None:
    """Run a sweep, or what is missing of it. The same command goes on where it was stopped."""
    import modelcollapse
    from modelcollapse.cli import EXIT_FAILED_CHAINS
    from modelcollapse.domains.catalogue import find_domain
    from modelcollapse.runs.run_spec import check_out, default_folder
    from modelcollapse.sweeps.experiments import SETS

    if experiment in SETS:
        _run_set(experiment, typed(context), corpus, out, how)
        return
    sweep, about_corpus = sweep_from_options(experiment, given, corpus, reading, scale)
    check_run(typed(context), how, sweep)
    location = out or default_folder(sweep)
    check_out(location)
    domain = find_domain(sweep.domain)
    documents = domain.load(**about_corpus) if about_corpus or domain.needs_corpus(sweep.model) else None
    sweep = run_on(sweep, documents)
    if dry_run:
        table = modelcollapse.dry_run(sweep, documents, location, how.retry_failed)
        check_retry(how.retry_failed, location)
        _print_plan(table, location, domain.slots)
        return
    check_retry(how.retry_failed, location)
    if not execute(sweep, documents, location, how, about_corpus, until_ci, max_seeds):
        raise typer.Exit(EXIT_FAILED_CHAINS)


#: What can be typed beside the name of a set of experiments, apart from how and where they run.
_OF_SETS = ("experiment", "corpus", "seeds", "out")


def _run_set(name: str, said: Given, corpus: str | None, out: str | None, how: RunOptions) -> None:
    """Run a set of experiments in one folder."""
    import modelcollapse
    from modelcollapse.errors import SpecError
    from modelcollapse.fields import declared
    from modelcollapse.sweeps.experiments import SETS

    if other := [option for option in said if option not in (*_OF_SETS, *declared(RunOptions))]:
        raise SpecError(
            f"--{other[0].replace('_', '-')}: '{name}' is a set of experiments, which are run as they are. "
            f"Say it of one of them: {', '.join(SETS[name])}."
        )
    check_executor(how)
    steps = Steps(how, lambda number, sweep: typer.echo(f"{number}. {sweep.experiment}", err=True))
    modelcollapse.run_laws(corpus or "movies", said.get("seeds"), out or f"runs/{name}", steps)
    steps.leave_if_failed()


@expanded
def resume(
    location: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder or URL.")],
    how: RunOptions,
) -> None:
    """Go on with every sweep of a run from where it was stopped."""
    import modelcollapse

    check_executor(how)
    steps = Steps(how)
    modelcollapse.resume(location, steps)
    steps.leave_if_failed()


@expanded
def reproduce(
    *,
    corpus: Annotated[str, typer.Option(help="A corpus' name, or a file with reviews.")] = "amazon",
    scale: Annotated[float | None, typer.Option(help="Multiply all sizes: 0.1 for a tenth.")] = None,
    seeds: Annotated[str | None, typer.Option(help="How many seeds, or which, in every step.  [the study's]")] = None,
    trees: Annotated[int | None, typer.Option(help="Trees of the forests.  [1000]")] = None,
    out: Annotated[str, typer.Option(help="The run's folder or URL.")] = "runs/reproduce",
    how: RunOptions,
) -> None:
    """Run all five steps of the study, cheapest first, and hold them against what its post shows and claims.

    The same command goes on where it was stopped.
    """
    import modelcollapse
    from modelcollapse.cli.tables import print_table
    from modelcollapse.sweeps import experiments

    check_executor(how)

    def announce(number: int, sweep: Sweep) -> None:
        if not how.json:
            typer.echo(f"\nStep {number} of {len(experiments.STUDY)}: {sweep.experiment}")

    steps = Steps(how, announce)
    run = modelcollapse.reproduce(corpus, scale, seeds, trees, out, steps)
    paths = run.write_figures()
    if not how.json:
        typer.echo("")
        print_table(("experiment", "claim of the post", "measured", "verdict"), run.claims().rows())
        for path in paths:
            typer.echo(path)
    steps.leave_if_failed()


def _print_plan(table: pl.DataFrame, location: str, slots: str) -> None:
    from modelcollapse.cli.tables import print_table

    rows = [
        (
            row["chain_id"],
            row["seed"],
            f"{row['collapse_rate']:g}",
            f"{row['model']} {row['model_params']}".strip(),
            row["regime"],
            row["label_rule"],
            f"{row['initial_size']:,} → {row['final_size']:,}",
            f"{row['done']}/{row['asked']}",
        )
        for row in table.iter_rows(named=True)
    ]
    titles = ("chain", "seed", "rate", "model", "regime", "label rule", slots, "generations done")
    print_table(titles, rows)
    n_finished, n_begun, n_failed = (table.filter(state=state).height for state in ("finished", "begun", "failed"))
    to_run = table.filter(table["state"] != "failed")
    typer.echo(
        f"{table.height} chains, {n_finished} finished, {n_begun} begun"
        f"{f', {n_failed} failed before' if n_failed else ''}; "
        f"{(to_run['asked'] - to_run['done']).sum()} generations to run → {location}"
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
    if run.domain.name != "classification":
        about = f"domain {run.domain.name}, {about}"
    typer.echo(f"{location}: {printable(about)}")
    rows = [
        (name, f"{finished}/{chains}", begun, failed, f"{done}/{asked}")
        for name, chains, finished, begun, failed, done, asked in run.status().iter_rows()
    ]
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
