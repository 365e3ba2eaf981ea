"""What a run's folder holds of chains: finished files, checkpoints of those in flight, and why others failed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from modelcollapse.errors import RunFolderError
from modelcollapse.execution.store.files import Files
from modelcollapse.execution.store.paths import PATHS, Shelf
from modelcollapse.execution.store.record import ChainRecord, DamagedRecordError, OtherVersionError

#: Files of an object store that are read or written at a time: each takes a round trip.
_CONNECTIONS = 16

_log = logging.getLogger(__name__)


class Failures:
    """Why chains or units failed: never a result."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def ids(self) -> set[str]:
        """Return what failed."""
        return set(self._files.ids(PATHS.failures))

    def read(self, item_id: str) -> dict[str, Any] | None:
        """Return why something failed; None if it did not, or if that cannot be read any more."""
        try:
            failure = json.loads(self._files.read(PATHS.failures.file(item_id)) or b"null")
        except (ValueError, RecursionError):
            return None
        return failure if isinstance(failure, dict) else None

    def write(self, item_id: str, failure: Mapping[str, Any]) -> None:
        """Keep why something failed."""
        self._files.write(PATHS.failures.file(item_id), (json.dumps(failure, indent=1) + "\n").encode())

    def remove(self, item_id: str) -> None:
        """Forget that something failed."""
        self._files.remove(PATHS.failures.file(item_id))


class Chains:
    """What is known of chains: finished, or as far as their checkpoints."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._n_connections = 1 if files.is_local else _CONNECTIONS

    def read(self, chain_id: str) -> ChainRecord | None:
        """Return the most that is known of a chain: its finished file or its checkpoint, which may have gone further.

        A damaged file counts as missing: what it held is computed again. One that is whole, but of a version that is
        not known here, raises RunFolderError.
        """
        # in this order a chain that ends in this moment is seen in one place or the other
        records = [self.read_file(shelf, chain_id) for shelf in (PATHS.partial, PATHS.chains)]
        return max((record for record in records if record), key=lambda record: len(record.rows), default=None)

    def read_all(self, chain_ids: Iterable[str]) -> dict[str, ChainRecord]:
        """Return the most that is known of every chain of which something is known."""
        there = {*self._files.ids(PATHS.partial), *self._files.ids(PATHS.chains)}
        wanted = [chain_id for chain_id in chain_ids if chain_id in there]
        with ThreadPoolExecutor(self._n_connections) as pool:
            records = list(pool.map(self.read, wanted))
        return {chain_id: record for chain_id, record in zip(wanted, records, strict=True) if record}

    def read_file(self, shelf: Shelf, chain_id: str) -> ChainRecord | None:
        """Return what one file holds of a chain: see `read`."""
        name = shelf.file(chain_id)
        content = self._files.read(name)
        if content is None:
            return None
        try:
            return ChainRecord.from_bytes(content)
        except OtherVersionError as error:
            raise RunFolderError(
                f"{self._files.path(name)} was written by another version of modelcollapse: {error}. Use that "
                "version, or another --out; nothing was changed."
            ) from None
        except DamagedRecordError as error:
            _log.warning("%s is damaged (%s): what it held is computed again", self._files.path(name), error)
            return None

    def finish(self, chain_id: str, record: ChainRecord) -> None:
        """Keep a finished chain; its checkpoint is no longer needed."""
        self._files.write(PATHS.chains.file(chain_id), record.to_bytes())
        self._files.remove(PATHS.partial.file(chain_id))
        self._files.remove(PATHS.failures.file(chain_id))

    def checkpoint(self, records: Mapping[str, ChainRecord]) -> None:
        """Keep what is known of chains in flight. Every one is tried; then RunFolderError is raised if any failed."""
        with ThreadPoolExecutor(self._n_connections) as pool:
            written = [
                pool.submit(self._files.write, PATHS.partial.file(chain_id), record.to_bytes())
                for chain_id, record in records.items()
            ]
        for future in written:
            future.result()

    def promote(self, chain_id: str, record: ChainRecord) -> None:
        """Promote a checkpoint that reached its end, unless the finished file goes as far."""
        there = self.read_file(PATHS.chains, chain_id)
        if there is not None and there.rows.keys() >= record.rows.keys():
            self._files.remove(PATHS.partial.file(chain_id))
        else:
            self.finish(chain_id, record)
