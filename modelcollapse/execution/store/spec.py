"""What a folder holds, as a typed, versioned model: spec.json of a run, search.json of a search."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, model_validator

from modelcollapse.errors import RunFolderError
from modelcollapse.execution.store import ours
from modelcollapse.execution.store.files import Files
from modelcollapse.execution.store.paths import PATHS


class Stored(BaseModel):
    """Base of what stands in these files: parts that a later version adds are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")


class StoredCorpus(Stored):
    """The corpus that everything in a folder is about."""

    name: InstanceOf[str]  # pydantic's own str takes no half characters, which file names may have
    fingerprint: InstanceOf[str]
    origin: Any = None  # a mapping: how it was made
    given: Any = None  # a mapping: what `load_corpus` was called with

    def to_dict(self) -> dict[str, Any]:
        """Return what was written down."""
        return self.model_dump(exclude_unset=True)


class StoredRows(Stored):
    """What the rows of a run are."""

    domain: str
    version: int  # of the columns
    columns: dict[str, str]  # type of every column


class RunSpec(Stored):
    """What spec.json says of a run."""

    corpus: StoredCorpus
    sweeps: list[Any]  # mappings: every sweep that was asked for; read by those who use them
    models: list[Any]  # those of each sweep (see `execution.store.models`); None for sweeps of older versions
    versions: dict[str, Any]  # of packages, when the run was begun
    rows: StoredRows | None = None  # older versions, which knew classification alone, did not say it

    @property
    def domain(self) -> str:
        """The domain of all sweeps."""
        return "classification" if self.rows is None else self.rows.domain

    @model_validator(mode="before")
    @classmethod
    def _add_models(cls, stored: Any) -> Any:
        return {"models": [None] * len(stored["sweeps"]), **stored}

    @model_validator(mode="after")
    def _check_models(self) -> RunSpec:
        if len(self.models) != len(self.sweeps):
            raise ValueError("as many models as sweeps")
        return self


class SearchSpec(Stored):
    """What search.json says of a search."""

    search: str  # its name
    corpus: StoredCorpus
    settings: dict[str, Any] = Field(default_factory=dict)  # of the last search in the folder
    searches: list[dict[str, Any]]  # the settings of all searches in the folder

    @model_validator(mode="before")
    @classmethod
    def _add_searches(cls, stored: Any) -> Any:
        return {"searches": [stored["settings"]] if "settings" in stored else [], **stored}


Spec = TypeVar("Spec", bound=Stored)


class SpecFile(Generic[Spec]):
    """Reads and writes a spec: of the formats that are known here the last is written.

    `noun` is what it is the spec of, and `kept` what is kept beside it.
    """

    def __init__(
        self, files: Files, name: str, model: type[Spec], formats: tuple[int, ...], noun: str, kept: str
    ) -> None:
        self._files, self._name, self._model, self._formats = files, name, model, formats
        self._noun, self._kept = noun, kept

    def read(self) -> Spec | None:
        """Return what the file says; None if there is none.

        RunFolderError is raised if it is damaged, somebody else's, or of an unknown format.
        """
        content = self._files.read(self._name)
        return None if content is None else self._parse(content)

    def update(self, change: Callable[[Spec | None], Spec]) -> Spec:
        """Write what `change` makes of what the file says; it is called again if another process wrote meanwhile."""
        changed: list[Spec] = []

        def rewritten(content: bytes | None) -> bytes:
            changed.append(change(None if content is None else self._parse(content)))
            values = changed[-1].model_dump(exclude_unset=True, exclude={"format"})
            text = json.dumps({"format": self._formats[-1], **values}, indent=1, ensure_ascii=False) + "\n"
            return text.encode(errors="backslashreplace")  # which is how JSON writes half characters

        self._files.update(self._name, rewritten)
        return changed[-1]

    def _parse(self, content: bytes) -> Spec:
        where, spec, found = self._files.path(self._name), None, None
        try:
            stored = json.loads(content)
            found = stored["format"]
            if found in self._formats:
                spec = self._model.model_validate(stored)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            spec = None
        if spec is not None:
            return spec
        if isinstance(found, int) and found not in self._formats:
            known = " and ".join(map(str, self._formats))
            raise RunFolderError(
                f"{where} has format {found}, this version knows {known}: it was written by another version of "
                "modelcollapse. Use that one; nothing was changed."
            )
        if ours.is_begun_spec(content) or not ours.foreign(self._files):
            raise RunFolderError(
                f"{where} is damaged. Rename it to .{self._name}.damaged and run the same command: "
                f"finished {self._kept} are kept."
            )
        raise RunFolderError(f"{where} is no {self._noun} of modelcollapse: choose another folder (--out).")


def run_spec(files: Files) -> SpecFile[RunSpec]:
    """Return the spec of a run. Its format also keeps earlier versions away from chain files that they do not know."""
    return SpecFile(files, PATHS.spec, RunSpec, (1, 2), "run", "chains")


def search_spec(files: Files) -> SpecFile[SearchSpec]:
    """Return the spec of a search."""
    return SpecFile(files, PATHS.search, SearchSpec, (1,), "search", "units")
