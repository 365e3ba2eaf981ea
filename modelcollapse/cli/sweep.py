"""The options that say what is simulated, and the sweep they mean: for ``run`` and ``plan``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from modelcollapse.cli.corpus import corpus_options
from modelcollapse.cli.options import check_sweep, say_idle

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

#: What each option is said instead of: what was typed replaces the file's.
_INSTEAD = {
    "increment": ("sizes", "shared_reference"),
    "sizes": ("increment",),
    "label_column": ("rating_column",),
    "rating_column": ("label_column",),
}


#: Options that tell the form of one file: they say nothing of another.
_FORM = ("text_column", "label_column", "rating_column", "encoding", "member")


def merge(experiment: str, params: Mapping[str, Any], factor: float | None) -> tuple[Sweep, dict[str, Any]]:
    """Return the sweep that the user means, and what `load_corpus` takes: options that were typed override the file.

    Parameters
    ----------
    experiment : str
        An experiment's name, or a spec file.
    params : mapping
        What was typed: see `options.typed`.
    factor : float, optional
        Multiplies the sizes of the experiment or file, not those typed.
    """
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
    filed = {name: values.pop(name) for name in about_corpus if name in values}
    corpus = _override(_without_form(filed, params), {**corpus_options(params), **_only(params, ("corpus",))})
    if "corpus" in corpus:
        corpus["name_or_path"] = locate_corpus(corpus.pop("corpus"))
    given = _only(params, Sweep.model_fields.keys() - {"experiment"})
    if factor is not None:
        known = _override(given, values)  # what the file leaves open is taken from what was typed
        values = {name: value for name, value in scale(known, factor).items() if name in values or name not in known}
    sweep = Sweep(**_override(values, given))
    sweep.check_learners()  # a slip in their names should not wait for the corpus
    check_sweep(given, sweep)
    return sweep, corpus


def _only(params: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name in names}


def _override(values: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Replace values by those given, and drop those that the given ones are said instead of."""
    replaced = {name for one in given for name in _INSTEAD.get(one, ())}
    kept = {name: value for name, value in values.items() if name not in replaced}
    if "trees" in given and isinstance(params := kept.get("model_param"), Mapping):
        kept["model_param"] = {name: value for name, value in params.items() if name != "n_estimators"}
    if any(str(item).partition("=")[0].strip() == "n_estimators" for item in given.get("model_param", ())):
        kept.pop("trees", None)
    return {**kept, **given}


def _without_form(filed: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what a spec file says of how its corpus is read if another corpus was typed."""
    other = "corpus" in filed and params.get("corpus", filed["corpus"]) != filed["corpus"]
    if other and (idle := [name for name in _FORM if name in filed and name not in params]):
        say_idle(f"{', '.join(idle)} in the spec file: of its corpus '{filed['corpus']}', not of '{params['corpus']}'.")
    return {name: value for name, value in filed.items() if not (other and name in _FORM)}
