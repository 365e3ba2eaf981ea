"""What a user can say is declared once: a field's name, type, default, help, option, parser and bounds in one place.

Fields stand in a class, each a line: ``test_size: Annotated[int, Field("Documents of the test set.", ge=1)] = 2500``.
The pydantic model that inherits the class validates by them, spec files have their names for keys, and the command
line makes its options of them (`cli.options.expanded`). Nothing heavy is imported here: help must be quick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple, get_args, get_origin, get_type_hints


@dataclass(frozen=True)
class Field:
    """How a field is said and read.

    Attributes
    ----------
    help : str
        Of the option; without help there is no option.
    parse : callable, optional
        Turns what people type, or compute, into the value; raises ValueError with "found …, expected …".
    typed : type, optional
        What the option takes, if that is not the field's type.
    flags : tuple of str
        The option's words, if they are not ``--name``.
    ge, le : float, optional
        Bounds of a number.
    min_length, pattern
        Of what was parsed; of text.
    replaces : tuple of str
        Fields that this one is said instead of: what a spec file says of them is dropped where this is typed.
    of_file : bool
        Whether the field describes the form of one file, and says nothing of another.
    """

    help: str = ""
    parse: Callable[[Any], Any] | None = None
    typed: Any = None
    flags: tuple[str, ...] = ()
    ge: float | None = None
    le: float | None = None
    min_length: int | None = None
    pattern: str | None = None
    replaces: tuple[str, ...] = ()
    of_file: bool = False

    __is_annotated_types_grouped_metadata__: ClassVar[Literal[True]] = True

    def __iter__(self) -> Iterator[Any]:
        """Yield what pydantic validates by."""
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
