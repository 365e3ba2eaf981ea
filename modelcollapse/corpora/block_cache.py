"""Blocks of tokens on disk, kept as counts are: complete or absent, checked when loaded, memory-mapped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modelcollapse.corpora.cache import ABOUT, VOCABULARY_FILE, CorpusCache, read_checked, read_names, write_about
from modelcollapse.corpora.counting.npy_files import HASH_BYTES, load_array
from modelcollapse.corpora.origin import Origin

BLOCKS_FILE = "blocks.npy"


@dataclass(frozen=True, eq=False)
class BlockCorpus:
    """Blocks of tokens.

    Attributes
    ----------
    blocks : ndarray of uint16 or uint32, shape (n_blocks, length)
        One after the other as in the texts, which are joined by the token 1; the rest after the last block is left out.
    n_types : ndarray of int64, shape (1,)
        Size of the vocabulary: tokens are 0 (all words that are too rare), 1, …, sorted by how frequent they are.
    fingerprint : str
        Hash of blocks and vocabulary.
    name : str
        What the user calls it.
    origin : Origin, optional
        How it was made.
    vocabulary : tuple of str
        What tokens stand for; empty where that is not known.
    """

    blocks: npt.NDArray[Any]
    n_types: npt.NDArray[np.int64]
    fingerprint: str
    name: str = "blocks"
    origin: Origin | None = None
    vocabulary: tuple[str, ...] = ()

    @property
    def n_documents(self) -> int:
        """Number of blocks."""
        return len(self.blocks)

    @property
    def maker(self) -> Callable[..., BlockCorpus]:
        """What makes these blocks again of their arrays."""
        return partial(BlockCorpus, fingerprint=self.fingerprint)

    @property
    def arrays(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """What processes share."""
        return self.blocks, self.n_types


class BlockCache(CorpusCache):
    """The folder with all corpora of blocks: `CorpusCache` for arrays of tokens."""

    kind = "blocks"
    files = frozenset((ABOUT, VOCABULARY_FILE, BLOCKS_FILE))

    def complete(self, folder: Path, name: str, origin: Origin) -> None:
        """See `CorpusCache`."""
        write_about(folder, name, {"blocks": load_array(folder / BLOCKS_FILE)}, origin)

    def load(self, key: str, name: str) -> BlockCorpus | None:
        """See `CorpusCache`."""
        folder = self.path(key)
        try:
            about, arrays = read_checked(folder, ("blocks",))
            blocks = arrays["blocks"]
            words = tuple(read_names(folder / VOCABULARY_FILE))
            digest = blake2b("\n".join(words).encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES)
            digest.update(f"{blocks.shape}".encode() + blocks.astype("<u4").tobytes())
            origin = Origin.from_json(about["origin"])
            return BlockCorpus(blocks, np.array([len(words)]), digest.hexdigest(), name, origin, words)
        except (OSError, ValueError, KeyError, TypeError):
            return None
