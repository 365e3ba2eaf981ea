"""Arrays on disk: written piece by piece as plain ``.npy`` files, hashed by content."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

HASH_BYTES = 16

_HASH_AT_ONCE = 1 << 24


class ArrayWriter:
    """Writes a one-dimensional, little-endian ``.npy`` file whose length is not known beforehand."""

    def __init__(self, path: Path, dtype: npt.DTypeLike) -> None:
        self._dtype = np.dtype(dtype).newbyteorder("<")
        self._length = 0
        self._file = path.open("wb")
        self._write_header()

    def _write_header(self) -> None:
        # numpy pads headers so that the length can be replaced by a larger one in place.
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": (self._length,)}
        np.lib.format.write_array_header_1_0(self._file, header)

    def append(self, values: npt.ArrayLike) -> None:
        """Add values at the end."""
        array = np.ascontiguousarray(values, self._dtype)
        self._file.write(array.data)
        self._length += len(array)

    def __enter__(self) -> ArrayWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._file:
            if kind is None:
                self._file.seek(0)
                self._write_header()


def load_array(path: Path) -> npt.NDArray[np.generic]:
    """Memory-map an array, read-only."""
    array: npt.NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def hash_array(array: npt.NDArray[np.generic]) -> str:
    """Hash of an array's type, shape and values: the same on every machine."""
    digest = hashlib.blake2b(f"{array.dtype.newbyteorder('<').str}{array.shape}".encode(), digest_size=HASH_BYTES)
    step = max(1, _HASH_AT_ONCE // array.itemsize)
    for first in range(0, len(array), step):
        piece = np.ascontiguousarray(array[first : first + step], array.dtype.newbyteorder("<"))
        digest.update(piece.data.cast("B"))
    return digest.hexdigest()


def hash_file(path: Path) -> str:
    """Hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=HASH_BYTES)).hexdigest()
