"""The sweep that an experiment or a spec file and the options typed beside it mean: for ``run`` and ``plan``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from modelcollapse.cli.options import Given, check_sweep, say_idle
from modelcollapse.corpora.option_fields import CorpusFields
from modelcollapse.fields import declared
from modelcollapse.sweeps.sweep_fields import SweepFields

if TYPE_CHECKING:
    from modelcollapse.sweeps.sweep import Sweep

Experiment: TypeAlias = Annotated[str, typer.Argument(help="An experiment's name, or a spec file (TOML).")]
CorpusName: TypeAlias = Annotated[str | None, typer.Option(help="A corpus' name, or a file with reviews.  [movies]")]
Scale: TypeAlias = Annotated[float | None, typer.Option(help="Multiply an experiment's sizes: 0.1 for a tenth.")]


def sweep_from_options(
    experiment: str, given: Given, corpus: str | None, reading: Given, factor: float | None
) -> tuple[Sweep, dict[str, Any]]:
    """Return the sweep that the user means, and what `load_corpus` takes: options that were typed override the file.

    `given`, `corpus` and `reading` were typed, of the sweep and its corpus; `factor` multiplies sizes that were not.
    """
    from modelcollapse.corpora import locate_corpus
    from modelcollapse.names import is_file, means_file, user_path
    from modelcollapse.sweeps.experiments import SEARCHES, experiment_values, load_experiments
    from modelcollapse.sweeps.scaling import SIZES, scale
    from modelcollapse.sweeps.sweep import Sweep, read_spec

    about_corpus = ("corpus", *declared(CorpusFields))
    path = Path(experiment)
    is_name = path.suffix != ".toml" and experiment in (*load_experiments(), *SEARCHES)
    if path.suffix == ".toml" or (means_file(experiment, is_name, tell=True) and is_file(path)):
        values = {"experiment": path.stem, **read_spec(path, about_corpus)}
    else:
        values = dict(experiment_values(experiment))
    filed = {name: values.pop(name) for name in about_corpus if name in values}
    typed = {**reading, **({} if corpus is None else {"corpus": corpus})}
    load = _override(_without_form(filed, typed), typed)
    if "corpus" in load:
        load["name_or_path"] = locate_corpus(load.pop("corpus"))
    if "labels_file" in load:
        load["labels_file"] = str(user_path(load["labels_file"]).absolute())
    if factor is not None:
        known = _override(given, values)  # what the file leaves open is taken from what was typed
        values = {name: value for name, value in scale(known, factor).items() if name in values or name not in known}
    meant = _override(values, given)
    if factor is not None and not any(name in meant and name not in given for name in SIZES):
        say_idle("--scale does nothing: sizes that are typed are taken as written.")
    sweep = Sweep(**meant)
    sweep.check_learners()  # a slip in their names should not wait for the corpus
    check_sweep(given, sweep)
    return sweep, load


def run_on(sweep: Sweep, documents: Any) -> Sweep:
    """Return the sweep as it is run on a corpus, and say what that changes."""
    meant = sweep.on(documents)
    if meant.model != sweep.model:
        say_idle(
            f"the project's forest takes words in two classes, which '{documents.name}' has not: forest-sklearn runs "
            "in its place, scikit-learn's RandomForestClassifier with the study's parameters."
        )
    return meant


def _override(values: Given, given: Given) -> dict[str, Any]:
    """Replace values by those given, and drop those that the given ones are said instead of."""
    fields = {**declared(SweepFields), **declared(CorpusFields)}
    replaced = {other for name in given if name in fields for other in fields[name].field.replaces}
    kept = {name: value for name, value in values.items() if name not in replaced}
    if "trees" in given and isinstance(params := kept.get("model_param"), Mapping):
        kept["model_param"] = {name: value for name, value in params.items() if name != "n_estimators"}
    if any(str(item).partition("=")[0].strip() == "n_estimators" for item in given.get("model_param", ())):
        kept.pop("trees", None)
    return {**kept, **given}


def _without_form(filed: Given, typed: Given) -> dict[str, Any]:
    """Leave out what a spec file says of how its corpus is read if another corpus was typed."""
    if "corpus" not in filed or typed.get("corpus", filed["corpus"]) == filed["corpus"]:
        return dict(filed)
    form = [name for name, (_, field, _) in declared(CorpusFields).items() if field.of_file and name in filed]
    if idle := [name for name in form if name not in typed]:
        say_idle(f"{', '.join(idle)} in the spec file: of its corpus '{filed['corpus']}', not of '{typed['corpus']}'.")
    return {name: value for name, value in filed.items() if name not in form}
