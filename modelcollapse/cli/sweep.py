"""The options that say what is simulated, and the sweep they mean: for ``run`` and ``plan``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from modelcollapse.cli.corpus import corpus_options

if TYPE_CHECKING:
    from modelcollapse.simulation.sweep import Sweep

Experiment: TypeAlias = Annotated[str, typer.Argument(help="An experiment's name, or a spec file (TOML).")]
CorpusName: TypeAlias = Annotated[str | None, typer.Option(help="A corpus' name, or a file with reviews.  [movies]")]
Models: TypeAlias = Annotated[str | None, typer.Option(help="Learners or import paths: forest,naive-bayes,…")]
ModelParams: TypeAlias = Annotated[
    list[str] | None, typer.Option(help="A parameter and its values: max_depth=5,20,None. May be repeated.")
]
Rates: TypeAlias = Annotated[str | None, typer.Option(help="Collapse rates in [0, 1]: 0,0.1,0.5 or 0:0.3:0.03.")]
Seeds: TypeAlias = Annotated[str | None, typer.Option(help="How many seeds, or which: 20, 3,5,8 or 7:7:1.")]
InitialSize: TypeAlias = Annotated[str | None, typer.Option(help="Documents to begin with: 1000 or 80,800.")]
FinalSize: TypeAlias = Annotated[int | None, typer.Option(help="Documents seen at the end.")]
Increment: TypeAlias = Annotated[int | None, typer.Option(help="Documents added in each generation.")]
Sizes: TypeAlias = Annotated[str | None, typer.Option(help="A ladder instead: 80,202,507 or geometric:80:320000:10.")]
SharedReference: TypeAlias = Annotated[
    bool | None, typer.Option(help="On a ladder: one chain at rate 0, from the smallest initial size.")
]
TestSize: TypeAlias = Annotated[int | None, typer.Option(help="Documents of the test set.")]
Trees: TypeAlias = Annotated[int | None, typer.Option(help="Trees of the forests.")]
Regime: TypeAlias = Annotated[str | None, typer.Option(help="accumulate, replace, subsample.")]
LabelRule: TypeAlias = Annotated[str | None, typer.Option(help="argmax, prior-matched, frozen, human-only, …")]
MinDf: TypeAlias = Annotated[int | None, typer.Option(help="Training documents a term must be in.")]
MaxNgram: TypeAlias = Annotated[int | None, typer.Option(help="Highest n-gram order that models see.")]
MaxTerms: TypeAlias = Annotated[int | None, typer.Option(help="Most frequent terms that models see.")]
Scale: TypeAlias = Annotated[float | None, typer.Option(help="Multiply an experiment's sizes: 0.1 for a tenth.")]


def merge(experiment: str, params: dict[str, Any], factor: float | None) -> tuple[Sweep, dict[str, Any]]:
    """Return the sweep that the user means, and what `load_corpus` takes: options override the file."""
    from modelcollapse.corpora import CorpusOptions, locate_corpus
    from modelcollapse.names import is_file, means_file
    from modelcollapse.simulation.experiments import SEARCHES, experiment_values, load_experiments
    from modelcollapse.simulation.scaling import scale
    from modelcollapse.simulation.sweep import Sweep, read_spec

    about_corpus = ("corpus", *CorpusOptions.model_fields)
    path = Path(experiment)
    is_name = path.suffix != ".toml" and experiment in (*load_experiments(), *SEARCHES)
    if path.suffix == ".toml" or (means_file(experiment, is_name, tell=True) and is_file(path)):
        values = {"experiment": path.stem, **read_spec(path, about_corpus)}
    else:
        values = dict(experiment_values(experiment))
    corpus = {name: values.pop(name) for name in about_corpus if name in values} | corpus_options(params)
    if params["corpus"] is not None:
        corpus["corpus"] = params["corpus"]
    if "corpus" in corpus:
        corpus["name_or_path"] = locate_corpus(corpus.pop("corpus"))
    if factor is not None:
        values = scale(values, factor)
    fields = Sweep.model_fields.keys() - {"experiment"}
    given = {name: params[name] for name in fields if params[name] is not None}
    if "increment" in given or "sizes" in given:  # another way to grow replaces the experiment's
        values = {name: value for name, value in values.items() if name not in ("increment", "sizes")}
    sweep = Sweep(**{**values, **given})
    sweep.check_learners()  # a slip in their names should not wait for the corpus
    return sweep, corpus
