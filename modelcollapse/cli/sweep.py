"""The sweep that was typed: for ``run`` and ``plan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from modelcollapse.cli.options import Given, say_idle

if TYPE_CHECKING:
    from modelcollapse.sweeps.sweep import Sweep

Experiment: TypeAlias = Annotated[str, typer.Argument(help="An experiment's name, or a spec file (TOML).")]
CorpusName: TypeAlias = Annotated[str | None, typer.Option(help="A corpus' name, or a file with reviews.  [movies]")]
Scale: TypeAlias = Annotated[float | None, typer.Option(help="Multiply an experiment's sizes: 0.1 for a tenth.")]


def typed_sweep(
    experiment: str, given: Given, corpus: str | None, reading: Given, factor: float | None
) -> tuple[Sweep, dict[str, Any]]:
    """Return the sweep that was typed, tried, and what `load_corpus` takes; say what does nothing in it."""
    from modelcollapse.sweeps.meaning import find_sweep

    about_corpus = {**reading, **({} if corpus is None else {"corpus": corpus})}
    meant = find_sweep(experiment, given, about_corpus, factor)
    meant.sweep.check_learners()  # a slip in their names should not wait for the corpus
    say_idle(meant.idle)
    return meant.sweep, meant.corpus
