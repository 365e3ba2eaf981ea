"""What both searches among parameters share: their settings, and units of work, kept in one file each as they end."""

from __future__ import annotations

import json
import logging
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib import resources
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.errors import RunFolderError, SpecError, first_problem
from modelcollapse.execution.executors import Executor
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.paths import PATHS
from modelcollapse.execution.store.spec import SearchSpec, StoredCorpus
from modelcollapse.execution.tasks import Failed, Workload, Yielded
from modelcollapse.names import short_hash
from modelcollapse.simulation.learning.surroundings import one_thread
from modelcollapse.simulation.learning.training import Train, train_here
from modelcollapse.simulation.spec import RESULTS_VERSION

#: Called with the number of units that are finished and of all of them.
OnProgress = Callable[[int, int], None]

_log = logging.getLogger(__name__)


class Unit(Protocol):
    """A piece of a search that one task carries out: a pure function of its fields and the corpus."""

    @property
    def workload(self) -> Workload:
        """How large its trainings are."""
        ...

    def identity(self) -> Mapping[str, object]:
        """Return everything that affects the result, apart from the corpus; JSON-serialisable."""
        ...

    def run(self, corpus: Corpus, train: Train) -> Mapping[str, Any]:
        """Do the work and return the result; JSON-serialisable."""
        ...


def unit_id(unit: Unit, corpus_fingerprint: str) -> str:
    """Return a unit's name: 24 hexadecimal digits of a hash of everything that affects its result."""
    return short_hash([RESULTS_VERSION, corpus_fingerprint, type(unit).__name__, unit.identity()])


class Settings(BaseModel):
    """Base of a search's settings: the defaults of ``searches.toml``, and errors of one line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def of(cls, name: str, **given: Any) -> Any:
        """Return a search's settings with those that are given and not None; raise SpecError if one is not valid."""
        text = resources.files("modelcollapse.searches").joinpath("searches.toml").read_text(encoding="utf-8")
        values = {**tomllib.loads(text)[name], **{key: value for key, value in given.items() if value is not None}}
        try:
            return cls(**values)
        except ValidationError as error:
            kind, field, words = first_problem(error)
            if kind == "extra_forbidden":
                raise SpecError(
                    f"Found the setting '{field}', expected one of {', '.join(cls.model_fields)}."
                ) from None
            raise SpecError(f"{field or name}: {words}.") from None


@dataclass(frozen=True)
class UnitTask:
    """A unit as executors see it: it yields its result, and has no state to go on from."""

    id: str
    unit: Unit

    @property
    def workload(self) -> Workload:
        """See `Task`."""
        return self.unit.workload

    def run(self, corpus: Corpus, state: None, train: Train = train_here) -> Iterator[Mapping[str, Any]]:
        """See `Task`."""
        with one_thread():
            result = self.unit.run(corpus, train)
        yield result


def run_units(
    units: Sequence[Unit], corpus: Corpus, folder: RunFolder, executor: Executor, tell: OnProgress
) -> list[Mapping[str, Any] | None]:
    """Run the units that a folder does not have yet, keep each as it ends, and return all results in order.

    That of a unit that failed is None: why is in the folder's failures.
    """
    tasks = [UnitTask(unit_id(unit, corpus.fingerprint), unit) for unit in units]
    results = _read(folder, [task.id for task in tasks])
    to_run = [task for task in tasks if task.id not in results]
    tell(len(results), len(tasks))
    with closing(executor.run(corpus, to_run, lambda task: None)) as events:
        for event in events if to_run else ():
            name = event.task.id
            if isinstance(event, Yielded):
                folder.write(PATHS.units.file(name), json.dumps(event.item).encode())
                folder.failures.remove(name)
                results[name] = event.item
                tell(len(results), len(tasks))
            elif isinstance(event, Failed):
                _log.error("unit %s failed: %s\n%s", name, event.reason, event.details)
                folder.failures.write(name, event.why())
    return [results.get(task.id) for task in tasks]


def begin_search(
    kind: str, settings: Settings, corpus: Corpus, folder: RunFolder, may_differ: Collection[str] = ()
) -> Sequence[Mapping[str, Any]]:
    """Write down in a folder what is searched; return the settings of all searches there, these ones last.

    Raise RunFolderError if there is something else, a search on another corpus, or one whose settings differ in others
    than `may_differ`: results in one folder are one table.
    """
    now = settings.model_dump(mode="json")
    about = StoredCorpus(name=corpus.name, fingerprint=corpus.fingerprint)

    def extended(known: SearchSpec | None) -> SearchSpec:
        if known is None:
            return SearchSpec(search=kind, corpus=about, settings=now, searches=[now])
        if (known.search, known.corpus.fingerprint) != (kind, corpus.fingerprint):
            raise RunFolderError(
                f"{folder} holds the search '{known.search}' on the corpus '{known.corpus.name}' "
                f"({known.corpus.fingerprint[:12]}), not '{kind}' on '{corpus.name}' ({corpus.fingerprint[:12]}): "
                "choose another --out."
            )
        earlier = [asked for asked in known.searches if asked != now]
        for asked in earlier:
            _check_same(asked, now, may_differ, folder)
        return SearchSpec(search=kind, corpus=about, settings=now, searches=[*earlier, now])

    return folder.search.update(extended).searches


def _check_same(
    then: Mapping[str, Any], now: Mapping[str, Any], may_differ: Collection[str], folder: RunFolder
) -> None:
    """Raise RunFolderError if two searches differ in what makes their results one table."""
    differ = [name for name in now if name in then and name not in may_differ and then[name] != now[name]]
    if differ:
        words = ", ".join(f"{name} {then[name]}, not {now[name]}" for name in differ)
        raise RunFolderError(
            f"{folder} holds a search with {words}: the results would not be one table. Choose another --out."
        )


def stored_results(units: Sequence[Unit], corpus: Corpus, folder: RunFolder) -> list[Mapping[str, Any] | None]:
    """Return what a folder has of units; None where it has nothing."""
    names = [unit_id(unit, corpus.fingerprint) for unit in units]
    results = _read(folder, names)
    return [results.get(name) for name in names]


def _read(folder: RunFolder, names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return the results that are there; a damaged one counts as missing."""
    results = {}
    for name in set(folder.ids(PATHS.units)).intersection(names):
        try:
            results[name] = json.loads(folder.read(PATHS.units.file(name)) or b"")
        except ValueError:
            _log.warning("%s is damaged: computed again", folder.path(PATHS.units.file(name)))
    return results
