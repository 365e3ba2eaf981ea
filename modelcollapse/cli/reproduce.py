"""``reproduce``: the whole study in one command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modelcollapse.cli.execute import Steps
from modelcollapse.cli.options import check_executor, expanded
from modelcollapse.cli.run_options import RunOptions

if TYPE_CHECKING:
    from modelcollapse.sweeps.sweep import Sweep


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
    from modelcollapse import runs
    from modelcollapse.cli.tables import print_table
    from modelcollapse.sweeps import experiments

    check_executor(how)

    def announce(number: int, sweep: Sweep) -> None:
        if not how.json:
            typer.echo(f"\nStep {number} of {len(experiments.STUDY)}: {sweep.experiment}")

    steps = Steps(how, announce)
    run = runs.reproduce(corpus, scale, seeds, trees, out, steps)
    paths = run.write_figures()
    if not how.json:
        typer.echo("")
        print_table(("experiment", "claim of the post", "measured", "verdict"), run.claims().rows())
        for path in paths:
            typer.echo(path)
    steps.leave_if_failed()
