"""Built corpora on disk: a folder each, complete or absent, checked when loaded."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.counting.npy_files import HASH_BYTES, hash_array, hash_file, load_array
from modelcollapse.corpora.dense import DenseCorpus
from modelcollapse.corpora.origin import Origin
from modelcollapse.corpora.reading.labels import TWO
from modelcollapse.errors import CorpusError

#: Version of the folder's layout.
FORMAT = 1

_COUNTS = {
    "data": np.dtype("<i4"),
    "indices": np.dtype("<i4"),
    "indptr": np.dtype("<i8"),
    "labels": np.dtype("u1"),
    "term_orders": np.dtype("u1"),
}
_NUMBERS = {"features": np.dtype("<f4"), "labels": np.dtype("u1")}
#: Of labels that are not two classes.
_MANY = np.dtype("<u2")

#: Terms, or names of columns; and names of classes, where they are not the usual two.
VOCABULARY_FILE, CLASSES_FILE = "vocabulary.txt", "classes.txt"
ABOUT = "corpus.json"
_BUILDING = ".building-"

#: Everything that a corpus' folder has. One with anything else is not touched.
_FILES = {ABOUT, VOCABULARY_FILE, CLASSES_FILE, *(f"{array}.npy" for array in {**_COUNTS, **_NUMBERS})}

_KEY = re.compile(f"[0-9a-f]{{{2 * HASH_BYTES}}}")


def default_cache() -> Path:
    """Return the user's cache directory for this program, or ``$MODELCOLLAPSE_CACHE``."""
    from platformdirs import user_cache_path

    chosen = os.environ.get("MODELCOLLAPSE_CACHE")
    return Path(os.path.expanduser(chosen)) if chosen else user_cache_path("modelcollapse", appauthor=False)


@dataclass(frozen=True)
class CacheEntry:
    """A cached corpus, for lists."""

    key: str  # its folder
    name: str  # what it was called when it was built
    n_documents: int
    n_bytes: int
    block_length: int = 0  # tokens of a block; 0 of other corpora
    n_blocks: int = 0


class CorpusCache:
    """The folder with all built corpora, below a root (`default_cache`, if not given).

    `corpora.block_cache.BlockCache` keeps another kind of corpus alike.
    """

    kind = "corpora"
    files: Collection[str] = _FILES

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or default_cache()
        self.folder = self.root / self.kind

    def path(self, key: str) -> Path:
        """Folder of a corpus that may or may not be there."""
        return self.folder / key

    def get_or_build(self, key: str, name: str, build: Callable[[Path], Origin]) -> Any:
        """Load a corpus, building it first if it is absent or broken; raise CorpusError if the cache cannot be written.

        `build` writes arrays and vocabulary into the folder it is given.
        """
        if (corpus := self.load(key, name)) is not None:
            return corpus
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._lock(key):
                if (corpus := self.load(key, name)) is None:
                    self._build(key, name, build)
                    corpus = self.load(key, name)
        except OSError as error:
            raise CorpusError(
                f"cannot write the corpus to {self.folder}: {error.strerror or error}. "
                "Make room there, or set MODELCOLLAPSE_CACHE to another folder."
            ) from error
        if corpus is None:
            raise CorpusError(f"{self.path(key)} was changed while the corpus was built. Try again.")
        return corpus

    def _build(self, key: str, name: str, build: Callable[[Path], Origin]) -> None:
        """Build in a temporary folder and rename it when it is complete. The caller holds the lock."""
        for left_over in self.folder.glob(f"{_BUILDING}{key}-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix=f"{_BUILDING}{key}-", dir=self.folder))
        try:
            origin = build(temporary)
            self.complete(temporary, name, origin)
            self._delete(key)
            temporary.rename(self.path(key))
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _lock(self, key: str) -> AbstractContextManager[object]:
        lock = FileLock(self.folder / f".{key}.lock")
        try:
            return lock.acquire(timeout=0)
        except Timeout:
            print("Another process is building this corpus; waiting for it.", file=sys.stderr)  # noqa: T201
            return lock.acquire()

    def entries(self) -> list[CacheEntry]:
        """All cached corpora, by name; broken ones are left out."""
        found = []
        for about_file in self.folder.glob(f"*/{ABOUT}"):
            if not _KEY.fullmatch(about_file.parent.name):
                continue
            try:
                about = json.loads(about_file.read_text(encoding="utf-8"))
                origin, key = about["origin"], about_file.parent.name
                n_documents = int(origin["rows"]["kept"])
                n_bytes = sum(file.stat().st_size for file in about_file.parent.iterdir())
                length = int(origin["source"].get("block_length", 0))
                n_blocks = (int(origin["tokens"]["total"]) + n_documents) // length if length else 0  # ends are tokens
                found.append(CacheEntry(key, about["name"], n_documents, n_bytes, length, n_blocks))
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return sorted(found, key=lambda entry: (entry.name, entry.key))

    def remove(self, key: str) -> None:
        """Delete a cached corpus; raise CorpusError if that fails, or if its folder has files that are not ours."""
        try:
            with self._lock(key):
                self._delete(key)
        except OSError as error:
            raise CorpusError(f"cannot remove {self.path(key)}: {error.strerror or error}.") from error

    def _delete(self, key: str) -> None:
        """Delete a corpus' folder, but nothing that is not a corpus'. The caller holds the lock."""
        folder = self.path(key)
        if not folder.exists():
            return
        foreign = sorted(path.name for path in folder.iterdir() if path.name not in self.files or path.is_dir())
        if foreign or folder.is_symlink():
            raise CorpusError(
                f"{folder} is not touched: {'it holds ' + foreign[0] if foreign else 'it is a link'}, which this "
                "program did not put there. Move that elsewhere, or set MODELCOLLAPSE_CACHE to another folder."
            )
        shutil.rmtree(folder)

    def complete(self, folder: Path, name: str, origin: Origin) -> None:
        """Complete a built folder: check what was built, note its hashes, see that all of it is on the disk."""
        layout = _NUMBERS if (folder / "features.npy").exists() else _COUNTS
        arrays = {array: load_array(folder / f"{array}.npy") for array in layout}
        expected = dict(layout) if len(_read_classes(folder)) == 2 else {**layout, "labels": _MANY}
        for array, dtype in expected.items():
            if arrays[array].dtype != dtype:
                raise TypeError(f"{array} was built as {arrays[array].dtype}, expected {dtype}")
        write_about(folder, name, arrays, origin)

    def load(self, key: str, name: str) -> Any:
        """Memory-map a cached corpus, every byte checked; return None if it is absent, incomplete or was changed."""
        folder = self.path(key)
        try:
            about, arrays = read_checked(folder, _COUNTS, _NUMBERS)
            shared: dict[str, Any] = {
                "fingerprint": _fingerprint(about["hashes"]),
                "name": name,
                "origin": Origin.from_json(about["origin"]),
                "classes": _read_classes(folder),
            }
        except (OSError, ValueError, KeyError, TypeError):
            return None
        names = partial(read_names, folder / VOCABULARY_FILE)
        if "features" not in arrays:
            return Corpus(**arrays, **shared, load_vocabulary=names)
        return DenseCorpus(**arrays, **shared, load_columns=names)


def read_checked(folder: Path, *layouts: Collection[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is noted of a built folder, and its arrays, memory-mapped: those of the layout that it has.

    Raise OSError, ValueError, KeyError or TypeError if it is absent, incomplete, of another version, or was changed.
    """
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    layout = next((names for names in layouts if {*names} <= {*about["hashes"]}), ())
    arrays = {array: load_array(folder / f"{array}.npy") for array in layout}
    if about["format"] != FORMAT or about["hashes"] != _hashes_of(folder, arrays):
        raise ValueError(f"{folder} was changed")
    return about, arrays


def write_names(file: Path, names: Iterable[str]) -> None:
    """Write names, a line each."""
    lines = "".join(" ".join(name.split()) + "\n" for name in names)
    file.write_text(lines, encoding="utf-8", errors="backslashreplace", newline="\n")


def read_names(file: Path) -> npt.NDArray[np.object_]:
    """Read names as `write_names` wrote them: an object array of str, shape (n_names,)."""
    return np.array(file.read_text(encoding="utf-8").split("\n")[:-1], object)


def _read_classes(folder: Path) -> tuple[str, ...]:
    file = folder / CLASSES_FILE
    return tuple(read_names(file)) if file.exists() else TWO


def _hashes_of(folder: Path, arrays: dict[str, npt.NDArray[np.generic]]) -> dict[str, str]:
    """Return the hashes of arrays and of the vocabulary beside them."""
    hashes = {name: hash_array(array) for name, array in arrays.items()}
    if (folder / CLASSES_FILE).exists():
        hashes["classes"] = hash_file(folder / CLASSES_FILE)
    return {**hashes, "vocabulary": hash_file(folder / VOCABULARY_FILE)}


def _fingerprint(hashes: dict[str, str]) -> str:
    """Hash of all content: counts or numbers, labels, n-gram orders, names."""
    layout = _NUMBERS if "features" in hashes else _COUNTS
    parts = [f"{name}:{hashes[name]}" for name in (*layout, "vocabulary", "classes") if name in hashes]
    return blake2b("\n".join(parts).encode(), digest_size=HASH_BYTES).hexdigest()


def write_about(folder: Path, name: str, arrays: dict[str, npt.NDArray[np.generic]], origin: Origin) -> None:
    """Note what a built folder holds; see that all of it is on the disk."""
    hashes = _hashes_of(folder, arrays)
    about = {"format": FORMAT, "name": name, "hashes": hashes, "origin": origin.to_json()}
    (folder / ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")
    for file in folder.iterdir():
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
