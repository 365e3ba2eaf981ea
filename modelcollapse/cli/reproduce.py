"""``reproduce``: the whole study in one command."""

from __future__ import annotations

from typing import Annotated

import typer

from modelcollapse.cli.execute import execute
from modelcollapse.cli.options import check_executor, check_retry, expanded
from modelcollapse.cli.run_options import RunOptions


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(reproduce)


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
    from modelcollapse import open_run
    from modelcollapse.analysis.figures.draw_all import plot_run
    from modelcollapse.analysis.study.reproduction import check_post
    from modelcollapse.cli import EXIT_FAILED_CHAINS
    from modelcollapse.cli.tables import print_table
    from modelcollapse.corpora import load_corpus, locate_corpus
    from modelcollapse.execution.plan import check_corpus
    from modelcollapse.runs.folders import check_out
    from modelcollapse.simulation.experiments import study_sweeps

    check_executor(how)
    sweeps = study_sweeps(scale, seeds=seeds, trees=trees)
    check_out(out)
    name_or_path = locate_corpus(corpus)
    documents = load_corpus(name_or_path)
    check_corpus(max(sweeps, key=lambda sweep: sweep.documents_needed), documents)
    check_retry(how.retry_failed, out)
    finished = []
    for number, sweep in enumerate(sweeps, start=1):
        if not how.json:
            typer.echo(f"\nStep {number} of {len(sweeps)}: {sweep.experiment}")
        finished.append(execute(sweep, documents, out, how, {"name_or_path": name_or_path}))
    run = open_run(out)
    results = run.results()
    names = plot_run(results, run.folder.write)
    if not how.json:
        typer.echo("")
        print_table(
            ("experiment", "claim of the post", "measured", "verdict"),
            [(c.experiment, c.claim.claim, c.claim.measured, c.claim.verdict) for c in check_post(results)],
        )
        for name in names:
            typer.echo(run.folder.path(name))
    if not all(finished):
        raise typer.Exit(EXIT_FAILED_CHAINS)
