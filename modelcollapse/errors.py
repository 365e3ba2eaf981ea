"""Errors that are the user's to mend: one line says what was found, what was expected and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pydantic import ValidationError


class ModelCollapseError(Exception):
    """Base of all errors the command line reports in one line with exit code 2."""


class CorpusError(ModelCollapseError):
    """A corpus cannot be found, read, built or is too small for what was asked."""


class SpecError(ModelCollapseError):
    """A sweep, an experiment or one of their values is not valid."""


class LearnerError(ModelCollapseError):
    """A learner does not exist, or does not take the parameters it was given."""


class FaultyLearnerError(ModelCollapseError):
    """A learner does what no classifier does: while a chain runs, that is the chain's own failure, on any machine."""


class RunFolderError(ModelCollapseError):
    """A run folder cannot be used: another corpus, an unknown format, nothing in it."""


class ClusterError(ModelCollapseError):
    """A Ray cluster cannot be reached, or does not let us in."""


class Problem(NamedTuple):
    """The first problem of values that pydantic refused: its kind, the field (or nothing), and a clause about it."""

    kind: str
    field: str
    words: str


def first_problem(error: ValidationError) -> Problem:
    """Return the first problem in words such as "found 0: input should be greater than or equal to 1"."""
    first = error.errors()[0]
    words = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if first["type"] == "extra_forbidden":
        words = "not known"
    elif first["type"] != "value_error":
        words = f"found {first['input']!r}: {words[0].lower()}{words[1:]}"
    return Problem(first["type"], ".".join(str(part) for part in first["loc"][:1]), words)


def describe(error: BaseException) -> str:
    """Return an error in one line, whatever its class makes of `str`."""
    try:
        text = str(error)
    except Exception:
        text = ""
    return " ".join(f"{type(error).__name__}: {text}".split()).removesuffix(":")
