"""``run``, ``resume``, ``reproduce``, ``status`` and ``doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modelcollapse.cli.execute import Steps, execute
from modelcollapse.cli.options import (
    Given,
    RunOptions,
    check_executor,
    check_retry,
    expanded,
    ray_options,
    say_idle,
    typed,
)
from modelcollapse.cli.sweep import CorpusName, Experiment, Scale, typed_sweep
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
    sweep, about_corpus = typed_sweep(experiment, given, corpus, reading, scale)
    _check(typed(context), how, sweep)
    location = out or default_folder(sweep)
    check_out(location)
    domain = find_domain(sweep.domain)
    documents = domain.load(**about_corpus) if about_corpus or domain.needs_corpus(sweep.model) else None
    meant, sweep = sweep, sweep.on(documents)
    if documents is not None and sweep.model != meant.model:
        say_idle(
            [
                f"the project's forest takes words in two classes, which '{documents.name}' has not: forest-sklearn "
                "runs in its place, scikit-learn's RandomForestClassifier with the study's parameters."
            ]
        )
    table = modelcollapse.dry_run(sweep, documents, location, how.retry_failed) if dry_run else None
    check_retry(how.retry_failed, location)
    if table is not None:
        _print_plan(table, location, domain.slots)
    elif not execute(sweep, documents, location, how, about_corpus, until_ci, max_seeds):
        raise typer.Exit(EXIT_FAILED_CHAINS)


def _check(said: Given, how: RunOptions, sweep: Sweep) -> None:
    """Say which options do nothing beside others; raise SpecError if they contradict or lack another."""
    from modelcollapse.errors import SpecError
    from modelcollapse.runs.adaptive_seeds import MAX_SEEDS, check_precision
    from modelcollapse.runs.foreseeing import idle_options

    if said.get("dry_run") and how.json:
        raise SpecError("--json tells programs how a run goes on, and --dry-run runs nothing: leave one of them out.")
    if "max_seeds" in said and "until_ci" not in said:
        raise SpecError("--max-seeds says where --until-ci stops: add --until-ci, or say --seeds.")
    if "until_ci" in said:
        check_precision(sweep, said["until_ci"], said.get("max_seeds", MAX_SEEDS))
        if said.get("dry_run"):
            say_idle(["--until-ci adds seeds when it sees results; listed is what it begins with."])
    say_idle(idle_options(sweep, how.executor, ray_options(how)))


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
    import polars as pl

    from modelcollapse.cli.tables import print_frame

    shown = table.select(
        chain="chain_id",
        seed="seed",
        rate=pl.format("{} %", (100 * pl.col("collapse_rate")).round(3).cast(pl.String).str.strip_suffix(".0")),
        model=pl.concat_str("model", "model_params", separator=" ").str.strip_chars(),
        regime="regime",
        label_rule="label_rule",
        sizes=pl.format("{} → {}", "initial_size", "final_size"),
        done=pl.format("{}/{}", "done", "asked"),
    )
    print_frame(shown, sizes=slots, done="generations done")
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
    import polars as pl

    from modelcollapse import open_run
    from modelcollapse.analysis.report.caveats import duplicates
    from modelcollapse.cli.tables import print_frame
    from modelcollapse.names import printable

    run = open_run(location)
    about = f"corpus '{run.corpus['name']}', fingerprint {run.corpus['fingerprint'][:12]}"
    if run.domain.name != "classification":
        about = f"domain {run.domain.name}, {about}"
    typer.echo(f"{location}: {printable(about)}")
    finished, done = pl.format("{}/{}", "finished", "chains"), pl.format("{}/{}", "done", "asked")
    columns = ("experiment", finished.alias("chains finished"), "begun", "failed", done.alias("generations"))
    print_frame(run.status().select(columns))
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
