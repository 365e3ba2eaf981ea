"""The sweep that an experiment or a spec file and what is given beside it mean, and what of that does nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from modelcollapse.corpora import locate_corpus
from modelcollapse.corpora.option_fields import ReadingFields, absolute
from modelcollapse.domains.catalogue import find_domain
from modelcollapse.errors import SpecError
from modelcollapse.fields import declared
from modelcollapse.names import is_file, means_file
from modelcollapse.sweeps.experiments import SEARCHES, experiment_values, load_experiments
from modelcollapse.sweeps.scaling import SIZES, scale
from modelcollapse.sweeps.sweep import Sweep, read_spec
from modelcollapse.sweeps.sweep_fields import SweepFields

_ABOUT_CORPUS = ("corpus", *declared(ReadingFields))


class Meant(NamedTuple):
    """A sweep, what `load_corpus` takes for it, and in words what was given and does nothing."""

    sweep: Sweep
    corpus: dict[str, Any]
    idle: list[str]


def find_sweep(
    experiment: str | Path, given: Mapping[str, Any], corpus: Mapping[str, Any], factor: float | None = None
) -> Meant:
    """Return what an experiment's name or a spec file (TOML) and values given beside it mean.

    Names come before files. Values given replace the file's, and what they are said instead of: ``increment`` drops
    ``sizes``. `corpus` has the name or path of one as ``corpus``, and options of `load_corpus`; `factor` multiplies
    sizes that are not given. Raise SpecError if there is no such experiment, a field is not valid, or two say the same.
    """
    path = Path(experiment)
    is_name = path.suffix != ".toml" and str(experiment) in (*load_experiments(), *SEARCHES)
    if path.suffix == ".toml" or (means_file(str(experiment), is_name, tell=True) and is_file(path)):
        values = {"experiment": path.stem, **read_spec(path, _ABOUT_CORPUS)}
    else:
        values = experiment_values(str(experiment))
    filed = {name: values.pop(name) for name in _ABOUT_CORPUS if name in values}
    form = _form_of_another(filed, corpus)
    idle = []
    if unread := [name for name in form if name not in corpus]:
        idle = [
            f"{', '.join(unread)} in the spec file: of its corpus '{filed['corpus']}', not of '{corpus['corpus']}'."
        ]
    if factor is not None:
        known = _override(given, values)  # what the file leaves open is taken from what is given
        values = {name: value for name, value in scale(known, factor).items() if name in values or name not in known}
    meant = _override(values, given)
    if factor is not None and not any(name in meant and name not in given for name in SIZES):
        idle.append("scale does nothing: sizes that are given are taken as they are.")
    sweep = Sweep(**meant)
    load = _override({name: value for name, value in filed.items() if name not in form}, corpus)
    return Meant(sweep, _located(load), [*idle, *_idle(given, sweep)])


def _form_of_another(filed: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """Return what a spec file says of how its corpus is read, if another corpus is given."""
    if "corpus" not in filed or given.get("corpus", filed["corpus"]) == filed["corpus"]:
        return []
    return [name for name, (_, field, _) in declared(ReadingFields).items() if field.of_file and name in filed]


def _override(values: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Replace values by those given, and drop those that the given ones are said instead of."""
    fields = {**declared(SweepFields), **declared(ReadingFields)}
    replaced = {other for name in given if name in fields for other in fields[name].field.replaces}
    kept = {name: value for name, value in values.items() if name not in replaced}
    if "trees" in given and isinstance(params := kept.get("model_param"), Mapping):
        kept["model_param"] = {name: value for name, value in params.items() if name != "n_estimators"}
    params = given.get("model_param")
    named = params if isinstance(params, Mapping | list | tuple) else [params]
    if any(str(item).partition("=")[0].strip() == "n_estimators" for item in named):
        kept.pop("trees", None)
    return {**kept, **given}


def _located(load: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a corpus as `load_corpus` takes them, with paths that hold in any folder."""
    if "corpus" in load:
        load["name_or_path"] = locate_corpus(load.pop("corpus"))
    if "labels_file" in load:
        load["labels_file"] = absolute(load["labels_file"])
    return load


def _idle(given: Mapping[str, Any], sweep: Sweep) -> list[str]:
    """Return what is given and does nothing in a sweep; raise SpecError if it fits no model, or says a thing twice."""
    domain = find_domain(sweep.domain)
    if "trees" in given and "model_param" in given and "n_estimators" in sweep.model_param:
        raise SpecError("trees and model_param n_estimators say the same: leave one of them out.")
    if "trees" in given and not any("n_estimators" in domain.parameter_names(name) for name in sweep.model):
        raise SpecError(f"trees: {' or '.join(sweep.model)} has none. Leave it out, or add a forest to the models.")
    idle = []
    if "label_rule" in given and not any(sweep.rates):
        idle.append("label_rule does nothing at rate 0, where people label everything.")
    if sweep.final_size <= min(sweep.initial_size):
        begun = f"chains begin with all {sweep.final_size:,} {domain.slots}."
        idle += [f"{name} does nothing: {begun}" for name in ("increment", "sizes") if name in given]
    return idle
