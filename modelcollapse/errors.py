"""Errors that are the user's to mend: one line says what was found, what was expected and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def describe(error: BaseException) -> str:
    """Return an error in one line, whatever its class makes of `str`."""
    try:
        text = str(error)
    except Exception:
        text = ""
    return " ".join(f"{type(error).__name__}: {text}".split()).removesuffix(":")


def invalid(error: ValidationError) -> tuple[str, str]:
    """Return the first invalid value's field (empty, if it is several together), and what is wrong with it."""
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if first["type"] not in ("value_error", "extra_forbidden"):
        message = f"found {first['input']!r}: {message[0].lower()}{message[1:]}"
    return ".".join(str(part) for part in first["loc"][:1]), message
