"""Options made of declared fields, which of them were typed, and saying which do nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, cast, get_args, get_type_hints

import typer

from modelcollapse.fields import Field, declared

if TYPE_CHECKING:
    from modelcollapse.execution.executors import RayOptions

#: Values by name, of those options that the user typed: ``Annotated[Given, SweepFields]`` takes those of a sweep.
Given: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class ExecutorOptions:
    """Where chains, or the units of a search, run."""

    executor: Annotated[Literal["ray", "inprocess"], Field("Where chains run.")] = "ray"
    address: Annotated[str | None, Field("Of a running Ray cluster.")] = None
    workers: Annotated[int | None, Field("Tasks at a time.  [all cores]", ge=1)] = None


@dataclass(frozen=True)
class RunOptions(ExecutorOptions):
    """How and where chains are run."""

    shards: Annotated[
        int | None, Field("Tasks that a generation's trees are split over.  [more than 1 when cores would idle]", ge=1)
    ] = None
    gpus: Annotated[float, Field("GPUs that each chain takes, for models that use them; 0.25: four share one.")] = 0
    retry_failed: Annotated[
        bool, Field("Run chains again that failed for their own reasons.", flags=("--retry-failed",))
    ] = False  # fmt: skip
    log_file: Annotated[Path | None, Field("Where the log goes.  [log.txt in the run's folder]")] = None
    json: Annotated[
        bool, Field("Progress for programs: one JSON object a line on standard output.", flags=("--json",))
    ] = False  # fmt: skip


def expanded(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take many options as one argument: Typer sees the options, the command one object.

    A parameter annotated with a dataclass of fields gets an instance of it; one annotated with ``Annotated[Given,
    Fields]`` the values that were typed, for a model to validate.
    """
    parameters = [inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)]
    groups: dict[str, type] = {}
    hints = get_type_hints(command, include_extras=True)
    own = inspect.signature(command).parameters
    for name, parameter in own.items():
        hint = hints[name]
        if (group := _group(hint)) is not None:
            groups[name] = group
            parameters += _options(group)
        elif hint is not typer.Context:
            parameters.append(parameter.replace(annotation=hint, kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def call(context: typer.Context, **values: Any) -> None:
        said = typed(context)
        for name, group in groups.items():
            mine = {option.name: values.pop(option.name) for option in _options(group)}
            given = {option: value for option, value in mine.items() if option in said}
            values[name] = group(**given) if is_dataclass(group) else given
        command(**({"context": context} if "context" in own else {}), **values)

    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return call


def _group(hint: Any) -> type | None:
    """Return the class of fields that a parameter is annotated with."""
    parts = (hint, *get_args(hint))
    return next((part for part in parts if isinstance(part, type) and declared(part)), None)


def _options(group: type) -> Iterator[inspect.Parameter]:
    """Yield the options of a group; where a model validates what was typed, they have neither defaults nor bounds."""
    for name, (kind, field, default) in declared(group).items():
        if not field.help:
            continue
        if is_dataclass(group):
            option = typer.Option(*field.flags, help=field.help, min=field.ge, max=field.le)
        else:
            option = typer.Option(*field.flags, help=field.help)
            kind, default = (field.typed or kind) | None, None
        annotated: Any = Annotated
        hint = annotated[kind, option]
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def typed(context: typer.Context) -> Given:
    """Return the options and arguments that the user typed, by name.

    A default tells nothing: that of a list is an empty one, and of others something that could have been typed.
    """
    sources = ((name, context.get_parameter_source(name)) for name in context.params)
    return {name: context.params[name] for name, source in sources if source and source.name == "COMMANDLINE"}


def say_idle(words: Iterable[str]) -> None:
    """Say on standard error what does nothing here of what was typed."""
    for note in words:
        typer.echo(f"Note: {note}", err=True)


def ray_options(how: ExecutorOptions) -> RayOptions:
    """Return what was typed for Ray."""
    from modelcollapse.execution.executors import RayOptions

    return cast(RayOptions, {name: value for name, value in vars(how).items() if name in RayOptions.__annotations__})


def check_executor(how: ExecutorOptions) -> None:
    """Say which options for Ray do nothing where it is not used; raise SpecError where more was meant."""
    from modelcollapse.execution.executors import check_ray

    say_idle(check_ray(how.executor, ray_options(how)))


def check_retry(retry_failed: bool, location: str) -> None:
    """Say so if chains that failed are to be run again and none has."""
    from modelcollapse.execution.store.folder import RunFolder

    if retry_failed and not RunFolder(location).failures.ids():
        say_idle([f"--retry-failed does nothing: no chain in {location} has failed."])
