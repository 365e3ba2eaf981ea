"""Work that is no chain, on the same executors and in the same folders: one file for every finished unit."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.errors import RunFolderError
from modelcollapse.execution.executors import ChainDone, ChainFailed, ChainTask, Executor, GenerationDone
from modelcollapse.execution.folder import RunFolder
from modelcollapse.simulation.chain import ChainState
from modelcollapse.simulation.searching import Settings, Unit, unit_id
from modelcollapse.simulation.threads import one_thread
from modelcollapse.simulation.training import Train, train_here

#: Called with the number of units that are finished and of all of them.
Tell = Callable[[int, int], None]

_FORMAT = 1
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class UnitTask(ChainTask):
    """A unit as executors see it: it yields one item, its result, and begins anew wherever it is begun."""

    unit: Unit

    def run(self, corpus: Corpus, state: ChainState | None, train: Train = train_here) -> Iterator[Any]:
        """See `ChainTask.run`."""
        with one_thread():
            result = self.unit.run(corpus, train)
        yield result


def run_units(
    units: Sequence[Unit], corpus: Corpus, folder: RunFolder, executor: Executor, tell: Tell
) -> list[Mapping[str, Any] | None]:
    """Run the units that a folder does not have yet, keep each as it ends, and return all results.

    Returns
    -------
    list of mapping or None
        In the order of the units; None for a unit that failed: why is in the folder's ``failures``.
    """
    tasks = [UnitTask(unit_id(unit, corpus.fingerprint), unit.size, unit) for unit in units]
    results = _read(folder, [task.chain_id for task in tasks])
    to_run = [task for task in tasks if task.chain_id not in results]
    tell(len(results), len(tasks))
    with closing(executor.run(corpus, to_run, lambda task: None)) as events:
        for event in events if to_run else ():
            name = event.task.chain_id
            if isinstance(event, GenerationDone):
                result: Any = event.result
                folder.write(f"units/{name}.json", json.dumps(result).encode())
                folder.remove_failure(name)
                results[name] = result
                tell(len(results), len(tasks))
            elif isinstance(event, ChainFailed):
                _log.error("unit %s failed: %s\n%s", name, event.reason, event.details)
                folder.write_failure(name, {"reason": event.reason, "details": event.details, "is_own": event.is_own})
            else:
                assert isinstance(event, ChainDone)
    return [results.get(task.chain_id) for task in tasks]


def begin_search(kind: str, settings: Settings, corpus: Corpus, folder: RunFolder) -> None:
    """Write down in a folder what is searched, and on which corpus.

    Raises
    ------
    RunFolderError
        If the folder holds something else, or a search on another corpus.
    """
    if folder.read_spec() is not None:
        raise RunFolderError(f"{folder} holds a run of sweeps, not a search: choose another --out.")
    about = {
        "format": _FORMAT,
        "search": kind,
        "corpus": {"name": corpus.name, "fingerprint": corpus.fingerprint},
        "settings": settings.model_dump(mode="json"),
    }
    content = folder.read("search.json")
    if content is not None:
        try:
            known = json.loads(content)
            then = (known["format"], known["search"], known["corpus"]["fingerprint"])
        except (ValueError, KeyError, TypeError):
            where = folder.path("search.json")
            raise RunFolderError(f"{where} is damaged: remove it; finished units are kept.") from None
        if then != (_FORMAT, kind, corpus.fingerprint):
            raise RunFolderError(
                f"{folder} holds the search '{then[1]}' on the corpus '{known['corpus']['name']}' "
                f"({str(then[2])[:12]}), not '{kind}' on '{corpus.name}' ({corpus.fingerprint[:12]}): "
                "choose another --out."
            )
    folder.write("search.json", (json.dumps(about, indent=1) + "\n").encode())


def _read(folder: RunFolder, names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Return the results that are there; a damaged one counts as missing."""
    results = {}
    for name in set(folder.names("units", ".json")).intersection(names):
        try:
            results[name] = json.loads(folder.read(f"units/{name}.json") or b"")
        except ValueError:
            _log.warning("%s is damaged: computed again", folder.path(f"units/{name}.json"))
    return results
