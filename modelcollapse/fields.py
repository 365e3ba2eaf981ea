"""Every option and key is declared once: a field's name, type, default, help, option, parser and bounds in one place.

Fields stand in a class, each a line: ``test_size: Annotated[int, Field("Documents of the test set.", ge=1)] = 2500``.
The pydantic model that inherits the class validates by them, spec files have their names for keys, and the command
line makes its options of them (`cli.options.expanded`). Nothing heavy is imported here: help must be quick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

_T = TypeVar("_T")


@dataclass(frozen=True)
class Field:
    """How a field is said and read."""

    help: str = ""  # of the option; without help there is no option
    parse: Callable[[Any], Any] | None = None  # makes a value of text; raises ValueError with "found …, expected …"
    typed: Any = None  # type of the option, if that is not the field's
    flags: tuple[str, ...] = ()  # the option's words, if they are not ``--name``
    ge: float | None = None
    le: float | None = None
    min_length: int | None = None  # of the parsed values
    pattern: str | None = None  # of text
    replaces: tuple[str, ...] = ()  # fields that exclude this one: where it is typed, a spec file's are dropped
    of_file: bool = False  # whether it describes the form of one file, and says nothing of another

    __is_annotated_types_grouped_metadata__: ClassVar[Literal[True]] = True

    def __iter__(self) -> Iterator[Any]:
        """Yield the annotations that pydantic validates by."""
        import pydantic

        yield from pydantic.Field(ge=self.ge, le=self.le, pattern=self.pattern).metadata
        if self.parse is not None:
            yield pydantic.BeforeValidator(self.parse)
        yield from pydantic.Field(min_length=self.min_length).metadata


class Declared(NamedTuple):
    """A field as its class declares it; the default is ``...`` where there is none."""

    type: Any
    field: Field
    default: Any


@cache
def declared(fields: type) -> dict[str, Declared]:
    """Return the fields of a class by name, in order."""
    found = {}
    for name, hint in get_type_hints(fields, include_extras=True).items():
        if get_origin(hint) is not ClassVar and hasattr(hint, "__metadata__"):
            kind, *about = get_args(hint)
            field = next((one for one in about if isinstance(one, Field)), None)
            if field is not None:
                found[name] = Declared(kind, field, getattr(fields, name, ...))
    return found


def documented(fields: type) -> Callable[[_T], _T]:
    """Say in a docstring, in place of ``{fields}``, what the type and the help of every field is."""

    def fill(thing: _T) -> _T:
        doc = thing.__doc__ or ""
        indent = doc[: doc.index("{fields}")].rpartition("\n")[2]
        entries = []
        for name, (kind, field, _) in declared(fields).items():
            words = str(kind).replace("typing.", "") if get_args(kind) else kind.__name__
            entries.append(f"{name} : {words}\n{indent}    {field.help}")
        thing.__doc__ = doc.replace("{fields}", f"\n{indent}".join(entries))
        return thing

    return fill
