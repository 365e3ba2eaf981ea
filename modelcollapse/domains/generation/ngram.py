"""The n-gram model: interpolated absolute discounting with lower orders after Kneser and Ney."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from modelcollapse.domains.generation.trie import Trie, build_trie, log_probabilities
from modelcollapse.domains.generation.writing import Decoder, tables_of, write
from modelcollapse.errors import LearnerError

Blocks = npt.NDArray[np.integer]

MOST_TOKENS = 2**31 - 1


class Ngram:
    """A language model of token blocks.

    Parameters
    ----------
    n_types : int
        Size of the vocabulary: tokens are 0 … n_types − 1.
    order : int, default=3
        Tokens of the longest n-grams, 1 to 5.
    discount : float, default=0.75
        What is taken off every count, in [0, 1], and given to the shorter context. What single tokens give up is spread
        evenly over the vocabulary, so no token is impossible unless it is 0.

    References
    ----------
    Kneser & Ney 1995, "Improved backing-off for m-gram language modeling"; Chen & Goodman 1999.

    Examples
    --------
    >>> import numpy as np
    >>> model = Ngram(n_types=3, order=2).fit(np.array([[0, 1, 0, 1], [0, 1, 2, 0]]))
    >>> model.sample(1, 4, np.random.default_rng(0)).shape
    (1, 4)
    """

    def __init__(self, n_types: int, order: int = 3, discount: float = 0.75) -> None:
        if isinstance(order, bool) or not isinstance(order, int) or not 1 <= order <= 5:
            raise LearnerError(f"order: found {order!r}, expected a whole number from 1 to 5.")
        if isinstance(discount, bool) or not isinstance(discount, int | float) or not 0 <= discount <= 1:
            raise LearnerError(f"discount: found {discount!r}, expected a number from 0 to 1.")
        self.n_types, self.order, self.discount = n_types, order, float(discount)
        self._trie: Trie | None = None

    def fit(self, blocks: Blocks, seed: int = 0) -> Ngram:
        """Count the n-grams of blocks.

        Parameters
        ----------
        blocks : ndarray of integers, shape (n_blocks, length)
        seed : int
            Not needed: nothing is drawn.
        """
        if blocks.size + len(blocks) * (self.order - 1) > MOST_TOKENS:
            raise LearnerError(f"Found {blocks.size:,} tokens to train on, expected {MOST_TOKENS:,} at most.")
        self._trie = build_trie(blocks, self.n_types, np.full(self.order, self.discount))
        return self

    def sample(
        self, n: int, length: int, rng: np.random.Generator, decoder: Decoder | None = None, rows: Blocks | None = None
    ) -> npt.NDArray[np.int32]:
        """Write blocks.

        Parameters
        ----------
        n, length : int
            Blocks, and tokens of each.
        rng : Generator
        decoder : Decoder, optional
            How tokens are drawn; by default from the model's probabilities.
        rows : ndarray of integers, optional
            Which of the n blocks to write; by default all. A block depends on no other.

        Returns
        -------
        ndarray of int32, shape (n, length) or (len(rows), length)
        """
        seeds = rng.integers(2**64, size=n, dtype=np.uint64)
        decoder = Decoder() if decoder is None else decoder
        chosen = seeds if rows is None else seeds[rows]
        return write(self.trie, chosen, length, decoder, tables_of(self.trie, decoder))

    def log_prob(self, blocks: Blocks) -> npt.NDArray[np.float64]:
        """Return the natural logarithm of each token's probability after those before it, in the shape of `blocks`."""
        return log_probabilities(self.trie, blocks)

    @property
    def trie(self) -> Trie:
        """What was counted; raise LearnerError before `fit`."""
        if self._trie is None:
            raise LearnerError("Found a model that was not fitted, expected fit(blocks) first.")
        return self._trie
