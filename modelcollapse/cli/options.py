"""Which options were typed; and those that can do nothing in a call: refused where more was meant, else said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from modelcollapse.simulation.sweep import Sweep


def typed(context: typer.Context) -> dict[str, Any]:
    """Return the options and arguments that the user typed, by name.

    A default tells nothing: that of a list is an empty one, and of others something that could have been typed.
    """
    return {name: value for name, value in context.params.items() if _source(context, name) == "COMMANDLINE"}


def _source(context: typer.Context, name: str) -> str:
    source = context.get_parameter_source(name)
    return "" if source is None else source.name


def say_idle(words: str) -> None:
    """Say on standard error that something typed does nothing here."""
    typer.echo(f"Note: {words}", err=True)


def check_executor(given: Mapping[str, Any]) -> None:
    """Take care of what was typed for Ray where Ray is not used.

    Raises
    ------
    SpecError
        If a cluster was named.
    """
    from modelcollapse.errors import SpecError

    if given.get("executor") != "inprocess":
        return
    if "address" in given:
        raise SpecError("--address names a Ray cluster, and --executor inprocess uses none: leave one of them out.")
    for name in ("workers", "shards"):
        if name in given:
            say_idle(f"--{name} does nothing with --executor inprocess, which runs one chain after the other.")


def check_run(given: Mapping[str, Any], sweep: Sweep) -> None:
    """Take care of what was typed for `run` and does nothing beside other options, before anything is loaded.

    Raises
    ------
    SpecError
        If options contradict each other, or lack another one.
    """
    from modelcollapse.errors import SpecError
    from modelcollapse.runs.adaptive_seeds import check_precision

    if given.get("dry_run") and given.get("json"):
        raise SpecError("--json tells programs how a run goes on, and --dry-run runs nothing: leave one of them out.")
    if "max_seeds" in given and "until_ci" not in given:
        raise SpecError("--max-seeds says where --until-ci stops: add --until-ci, or say --seeds.")
    if "until_ci" in given:
        if "max_seeds" in given:
            check_precision(sweep, given["until_ci"], given["max_seeds"])
        else:
            check_precision(sweep, given["until_ci"])
        if given.get("dry_run"):
            say_idle("--until-ci adds seeds when it sees results; listed is what it begins with.")
    check_executor(given)
    if "shards" in given and given.get("executor") != "inprocess":
        from modelcollapse.execution.ray.sharded_training import can_be_sharded

        if not any(can_be_sharded(model) for model in sweep.models()):
            say_idle(f"--shards does nothing: {_names(sweep)} has no trees that tasks could share.")


def check_sweep(given: Mapping[str, Any], sweep: Sweep) -> None:
    """Take care of what was typed of a sweep and does nothing in it.

    Raises
    ------
    SpecError
        If it says something of a model that is not there, or one thing twice.
    """
    from modelcollapse.errors import SpecError
    from modelcollapse.simulation.learning import learners

    if "trees" in given and "model_param" in given and "n_estimators" in sweep.model_param:
        raise SpecError("--trees and --model-param n_estimators say the same: leave one of them out.")
    if "trees" in given and not any("n_estimators" in learners.parameter_names(name) for name in sweep.model):
        raise SpecError(f"--trees: {_names(sweep)} has none. Leave it out, or add a forest to --model.")
    if "label_rule" in given and not any(sweep.rates):
        say_idle("--label-rule does nothing at rate 0, where people label everything.")
    if sweep.final_size <= min(sweep.initial_size):
        for name in ("increment", "sizes"):
            if name in given:
                say_idle(f"--{name} does nothing: chains begin with all {sweep.final_size:,} documents.")


def check_retry(retry_failed: bool, location: str) -> None:
    """Say so if chains that failed are to be run again and none has."""
    from modelcollapse.execution.store.folder import RunFolder

    if retry_failed and not RunFolder(location).failures.ids():
        say_idle(f"--retry-failed does nothing: no chain in {location} has failed.")


def _names(sweep: Sweep) -> str:
    return " or ".join(sweep.model)
