"""Models by import path, ``package.module:name``: importing them, and what names them in ids."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from modelcollapse.errors import LearnerError, describe
from modelcollapse.simulation.learning.containment import contained


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Raise LearnerError, in one line, for whatever a model's own code raises before anything runs."""
    try:
        with contained():
            yield
    except LearnerError:
        raise
    except (TypeError, ValueError) as error:  # the usual ones need no name
        raise LearnerError(f"{what}: {describe(error).partition(': ')[2].rstrip('.')}.") from error
    except Exception as error:
        raise LearnerError(f"{what}: {describe(error).rstrip('.')}.") from error


def imported(path: str, noun: str) -> Any:
    """Return what is at an import path; raise LearnerError if it cannot be imported, `noun` being what was sought."""
    module_name, _, name = path.partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), name)):
        raise LearnerError(f"Found no {noun} at '{path}': expected package.module:Class, or :function.")
    with refusing(f"Found no {noun} at '{path}'"):
        return getattr(importlib.import_module(module_name), name)


def check_texts(title: str, params: Mapping[str, str]) -> None:
    """Refuse parameters whose `repr` is another one in every process: no chain would be found again."""
    for name, text in params.items():
        if re.search(r" at 0x[0-9a-fA-F]+>", text):
            raise LearnerError(
                f"{title}: found {name}={text:.60}, whose text differs from process to process; "
                "expected parameters that repr() names, so that results are found again."
            )


def class_and_version(cls: type) -> str:
    """Return the import path of a class, and the version of its library."""
    version = library_version(cls.__module__)
    return f"{cls.__module__}:{cls.__qualname__}" + (f" {version}" if version else "")


def library_version(path: str) -> str | None:
    """Return the major.minor version of a module's library; None where it has none, and for our own."""
    package = path.partition(":")[0].partition(".")[0]
    if package == "modelcollapse":
        return None
    distribution = "scikit-learn" if package == "sklearn" else next(iter(_distributions().get(package, ())), None)
    return ".".join(importlib.metadata.version(distribution).split(".")[:2]) if distribution else None


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Look up once which libraries are installed: that takes a sixth of a second."""
    return importlib.metadata.packages_distributions()
