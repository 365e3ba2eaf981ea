"""What is measured of written blocks, beside those of people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from modelcollapse.domains.generation.ngram import Blocks

#: Words are rare that people use at most so often.
RARE = 2

#: Bands of words: they begin with words that people use so often in a million, and end before the next begins.
BANDS = (0, 10, 100, 1000)

Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class HumanText:
    """What people wrote.

    Attributes
    ----------
    first : ndarray of integers, shape (n, length)
        Blocks of generation 0: words that are rare in them are rare.
    known : ndarray of integers, shape (m, length)
        Blocks whose trigrams are known, and that tell how often people use a word.
    held_out : ndarray of integers, shape (n_test, length)
        Others.
    n_types : int
    """

    first: Blocks
    known: Blocks
    held_out: Blocks
    n_types: int

    @cached_property
    def rare(self) -> npt.NDArray[np.bool_]:
        """Of every token whether it is rare."""
        return np.bincount(self.first.ravel(), minlength=self.n_types) <= RARE

    @cached_property
    def band(self) -> npt.NDArray[np.int64]:
        """Of every token its place in `BANDS`; −1 if no known block has it."""
        uses = np.bincount(self.known.ravel(), minlength=self.n_types)
        found: npt.NDArray[np.int64] = np.searchsorted(BANDS, 1e6 * uses / self.known.size, side="right") - 1
        return np.where(uses > 0, found, -1)

    @cached_property
    def kept_held_out(self) -> dict[str, float | None]:
        """Of every band the share of its words that the held-out blocks use."""
        return {f"{name}_human": share for name, share in self.kept(self.held_out).items()}

    def kept(self, blocks: Blocks) -> dict[str, float | None]:
        """Return of every band the share of its words that blocks use; None for a band without words."""
        used = np.bincount(blocks.ravel(), minlength=self.n_types) > 0
        shares = ((least, used[self.band == place]) for place, least in enumerate(BANDS))
        return {f"kept_{least}": float(each.mean()) if len(each) else None for least, each in shares}

    @cached_property
    def trigrams(self) -> Keys:
        """All that are known, sorted."""
        return distinct(ngram_keys(self.known, 3, self.n_types))

    @cached_property
    def unseen_held_out(self) -> float:
        """Share of trigrams of the held-out blocks that are not known."""
        return self.unseen(self.held_out)

    def unseen(self, blocks: Blocks) -> float:
        """Return the share of trigrams that are not known."""
        keys = np.sort(ngram_keys(blocks, 3, self.n_types), axis=None)  # neighbours are found beside each other
        places = np.minimum(np.searchsorted(self.trigrams, keys), len(self.trigrams) - 1)
        return float((self.trigrams[places] != keys).mean())


def ngram_keys(blocks: Blocks, order: int, n_types: int) -> Keys:
    """Return a number, or a hash, for every n-gram within a block, shape (n, length − order + 1)."""
    width = blocks.shape[1] - order + 1
    keys = np.zeros((len(blocks), width), np.uint64)
    for i in range(order):
        keys = keys * np.uint64(n_types) + blocks[:, i : i + width].astype(np.uint64)
    return keys


def distinct(keys: Keys) -> Keys:
    """Return the different ones of some keys, sorted: what np.unique does, which hashes, in a tenth of the time."""
    ordered = np.sort(keys, axis=None)
    return ordered[np.append(ordered[:1] == ordered[:1], ordered[1:] != ordered[:-1])]


def text_measures(written: Blocks, human: HumanText) -> dict[str, float | int | None]:
    """Return the columns that are about what a model wrote."""
    counts = np.bincount(written.ravel(), minlength=human.n_types)
    shares = counts[counts > 0] / written.size
    pairs, fours = (ngram_keys(written, order, human.n_types) for order in (2, 4))
    sorted_fours = np.sort(fours, axis=1)
    return {
        "n_types": len(shares),
        "entropy": float(-(shares * np.log(shares)).sum()),
        "distinct_2": len(distinct(pairs)) / pairs.size,
        "tail_share": float(human.rare[written].mean()),
        "zipf_slope": zipf_slope(counts),
        "unseen_trigrams": human.unseen(written),
        "unseen_trigrams_human": human.unseen_held_out,
        "repetition": float((sorted_fours[:, 1:] == sorted_fours[:, :-1]).sum() / fours.size),
        **human.kept(written),
        **human.kept_held_out,
    }


def zipf_slope(counts: npt.NDArray[np.int64]) -> float | None:
    """Return the slope of log frequency on log rank, of words that occur twice or more; None for fewer than three.

    Ranks are weighted by 1/rank, so that all orders of magnitude count alike.
    """
    frequency = np.sort(counts[counts >= 2])[::-1]
    if len(frequency) < 3:
        return None
    rank = np.arange(1, len(frequency) + 1)
    x, y, weight = np.log(rank), np.log(frequency), 1 / rank
    x, y = x - np.average(x, weights=weight), y - np.average(y, weights=weight)
    return float((weight * x * y).sum() / (weight * x * x).sum())
