"""The forest on arrays: grow any part of its trees, and add up votes. What the estimator and a chain are built on.

A tree depends on the training set, the parameters, the seed and its own number, and on nothing else; votes are
integers. So a forest may be grown and asked in parts, in any process and any order, with the same bits:

>>> part = grow_trees(  # doctest: +SKIP
...     *counts, rows, labels, parameters, seed=7, numbers=range(250, 500), active=active, frequency=frequency
... )
>>> votes = sum_votes(part, index_documents(*counts, test_rows, active))  # doctest: +SKIP
>>> probabilities(votes + votes_of_the_other_parts, n_trees=1000)  # doctest: +SKIP

where ``counts`` is ``(data, indices, indptr)`` of a CSR matrix with sorted indices and no repeated entries. The arrays
may be read-only and shared; nothing of the matrix is copied. The index of documents serves every forest that scores
them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import log2, sqrt
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from modelcollapse.forest.compilation import Array
from modelcollapse.forest.fast_growth import grow_fast_trees
from modelcollapse.forest.fast_index import FastIndex, build_fast_index
from modelcollapse.forest.fast_search import FastWorkspace, Growth
from modelcollapse.forest.general_growth import GeneralGrowth, GeneralWorkspace, grow_general_trees
from modelcollapse.forest.scoring_index import BLOCK_SIZE, ScoringIndex, build_scoring_index
from modelcollapse.forest.splits import GrowthRules
from modelcollapse.forest.training_index import TrainingIndex, build_training_index, count_terms, most_nodes
from modelcollapse.forest.trees import NodeBuffer, Trees
from modelcollapse.forest.voting import ONE_VOTE, votes_of_block

__all__ = [
    "ONE_VOTE",
    "ForestParameters",
    "ScoringIndex",
    "Trees",
    "count_documents",
    "grow_trees",
    "index_documents",
    "predict_votes",
    "probabilities",
    "sum_votes",
]

Result = TypeVar("Result")

#: Grows trees from a first one on: (first tree, buffer for nodes, where the first one's nodes begin, and room for where
#: those of the others do) → trees grown.
Grower = Callable[[int, NodeBuffer, npt.NDArray[np.int64]], int]

#: No tree of fewer than 2**31 documents is deeper.
UNLIMITED_DEPTH = 2**31 - 1

#: Nodes that a thread writes before it reckons how many there will be.
_FIRST_NODES = 1 << 16

Values = npt.NDArray[np.int32] | npt.NDArray[np.float32]


@dataclass(frozen=True)
class ForestParameters:
    """What a tree of the forest is like, as :class:`~modelcollapse.forest.SparseForestClassifier` says; checked."""

    max_depth: int | None = None
    max_features: str | int | float | None = "sqrt"
    min_samples_split: int = 2
    min_samples_leaf: int = 1
    bootstrap: bool = True

    def __post_init__(self) -> None:
        check_integer("max_depth", self.max_depth, 1, or_none=True)
        check_integer("min_samples_split", self.min_samples_split, 2)
        check_integer("min_samples_leaf", self.min_samples_leaf, 1)
        value = self.max_features
        if isinstance(value, str) or value is None:
            possible = value in ("sqrt", "log2", None)
        elif isinstance(value, float | np.floating):
            possible = bool(0 < value <= 1)
        else:
            possible = isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 1
        if not possible:
            raise ValueError(
                f"max_features={value!r} is not possible: use 'sqrt', 'log2', None, an int of at least 1, "
                "or a float in (0, 1]"
            )
        if not isinstance(self.bootstrap, bool | np.bool_):
            raise ValueError(f"bootstrap={self.bootstrap!r} is not possible: use True or False")

    def features_per_split(self, n_terms: int) -> int:
        """How many of `n_terms` terms a split draws, in [1, n_terms]."""
        if self.max_features is None:
            return n_terms
        if self.max_features == "sqrt":
            return max(1, int(sqrt(n_terms)))
        if self.max_features == "log2":
            return max(1, int(log2(n_terms)))
        if isinstance(self.max_features, float | np.floating):
            return max(1, int(self.max_features * n_terms))
        return min(int(self.max_features), n_terms)

    def rules(self, n_terms: int) -> GrowthRules:
        """Return the same for the kernels, with numbers for everything."""
        return GrowthRules(
            UNLIMITED_DEPTH if self.max_depth is None else min(int(self.max_depth), UNLIMITED_DEPTH),
            self.features_per_split(n_terms),
            int(self.min_samples_split),
            int(self.min_samples_leaf),
        )


def check_integer(name: str, value: object, smallest: int, *, or_none: bool = False) -> None:
    """Raise a ValueError unless `value` is an integer of at least `smallest`."""
    if or_none and value is None:
        return
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < smallest:
        expected = f"an int of at least {smallest}" + (" or None" if or_none else "")
        raise ValueError(f"{name}={value!r} is not possible: use {expected}")


def grow_trees(
    data: Values,
    indices: npt.NDArray[np.int32],
    indptr: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    labels: npt.NDArray[np.uint8],
    parameters: ForestParameters,
    *,
    seed: int,
    numbers: range,
    active: npt.NDArray[np.bool_],
    frequency: npt.NDArray[np.int32],
    weights: npt.NDArray[np.int32] | None = None,
    n_threads: int = 1,
) -> Trees:
    """Grow trees of the forest with this `seed`, of which the lowest 64 bits count, by their `numbers`, step 1.

    Parameters
    ----------
    data, indices, indptr
        A CSR matrix: counts or any other values that are not negative, and not NaN. Zeros may be stored.
    rows, labels : shape (n_documents,)
        The training documents, rows of the matrix, and their labels, 0 or 1; one of them may be missing.
    active : shape (n_columns,)
        The terms a split draws from. Active terms that occur in no document are drawn too (and constant).
    frequency : shape (n_columns, 2)
        Training documents of each class with each term, from :func:`count_documents`.
    weights : shape (n_documents,), optional
        What documents weigh in impurities and probabilities, at least 0, together below 2**31; each counts once in
        numbers of samples. Trees are then grown the general way, which is several times slower.
    n_threads : int
        Threads to use. The result is the same for any number.
    """
    index = build_training_index(*_read_only(data, indices, indptr, rows, labels, active, frequency))
    rules = parameters.rules(index.n_terms)
    if parameters.bootstrap or weights is not None:
        ordered = None if weights is None else weights[np.argsort(labels, kind="stable")]
        grower = partial(_general_grower, index, rules, ordered, parameters.bootstrap)
    else:
        grower = partial(_fast_grower, index, rules, build_fast_index(index, rules))
    n_parts = min(4 * n_threads if n_threads > 1 else 1, len(numbers))
    bounds = np.linspace(numbers.start, numbers.stop, n_parts + 1)
    seed_bits = np.uint64(seed & (2**64 - 1))

    def grow(start: int, stop: int) -> Trees:
        return _grow_range(index, grower(seed_bits), start, stop)

    return Trees.concatenate(_in_threads(grow, bounds.astype(int).tolist(), n_threads))


def count_documents(
    data: Values,
    indices: npt.NDArray[np.int32],
    indptr: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    labels: npt.NDArray[np.uint8],
    n_columns: int,
) -> npt.NDArray[np.int32]:
    """Count the documents of each class among `rows` that have each term: shape (n_columns, 2). See `grow_trees`."""
    data, indices, indptr, rows, labels = _read_only(data, indices, indptr, rows, labels)
    return count_terms(data, indices, indptr, rows, labels, n_columns)


def _grow_range(index: TrainingIndex, grow: Grower, tree_start: int, tree_stop: int) -> Trees:
    """Grow trees in one thread."""
    n_trees, n_grown = tree_stop - tree_start, 0
    starts = np.zeros(n_trees + 1, np.int64)
    buffer = NodeBuffer.empty(_FIRST_NODES + most_nodes(index))
    while n_grown < n_trees:
        n_used = int(starts[n_grown])
        if n_used + most_nodes(index) > len(buffer.feature):
            n_expected = int(1.05 * n_used / n_grown * n_trees)  # of nodes that are not written nothing is in memory
            buffer = buffer.enlarged(n_used, n_expected + most_nodes(index))
        n_grown += grow(tree_start + n_grown, buffer, starts[n_grown:])
    return Trees.of(starts, buffer)


def _general_grower(
    index: TrainingIndex, rules: GrowthRules, weights: npt.NDArray[np.int32] | None, bootstrap: bool, seed: np.uint64
) -> Grower:
    growth = GeneralGrowth(index, rules, GeneralWorkspace.empty(index, weights), bootstrap)
    return partial(grow_general_trees, growth, seed)


def _fast_grower(index: TrainingIndex, rules: GrowthRules, fast: FastIndex, seed: np.uint64) -> Grower:
    growth = Growth(index, fast, rules, FastWorkspace.empty(index, n_levels=32))

    def grow(tree_start: int, buffer: NodeBuffer, starts: npt.NDArray[np.int64]) -> int:
        nonlocal growth
        n_grown, too_few_levels = grow_fast_trees(growth, seed, tree_start, buffer, starts)
        if too_few_levels:
            growth = growth._replace(space=FastWorkspace.empty(index, n_levels=2 * len(growth.space.levels)))
        return n_grown

    return grow


def predict_votes(
    trees: Trees,
    data: Values,
    indices: npt.NDArray[np.int32],
    indptr: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    n_columns: int,
    n_threads: int = 1,
) -> npt.NDArray[np.int64]:
    """Sum up the trees' votes for class 1 for the documents `rows` of a CSR matrix: int64, shape (n_rows,).

    A vote is the share of class 1 in the document's leaf, ``ONE_VOTE`` being 1.
    """
    active = np.ones(n_columns, bool)
    bounds = np.linspace(0, len(rows), min(n_threads, max(1, len(rows) // 1024)) + 1).astype(int).tolist()

    def score(start: int, stop: int) -> npt.NDArray[np.int64]:
        return sum_votes(trees, index_documents(data, indices, indptr, rows[start:stop], active))

    return np.concatenate(_in_threads(score, bounds, n_threads))


def index_documents(
    data: Values,
    indices: npt.NDArray[np.int32],
    indptr: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    active: npt.NDArray[np.bool_],
) -> list[ScoringIndex]:
    """Make the posting lists of documents that are to be scored, as the blocks that :func:`sum_votes` takes.

    For data to rows see :func:`grow_trees`; a document may be there repeatedly. Only `active` terms are listed, those
    that the trees may split by: shape (n_columns,).
    """
    data, indices, indptr, rows, active = _read_only(data, indices, indptr, rows, active)
    return [
        build_scoring_index(data, indices, indptr, rows[start : start + BLOCK_SIZE], active)
        for start in range(0, len(rows), BLOCK_SIZE)
    ]


def sum_votes(trees: Trees, blocks: Sequence[ScoringIndex]) -> npt.NDArray[np.int64]:
    """Sum up all trees' votes for class 1 for the documents of all blocks, in order: int64, shape (n_documents,).

    The sums of a forest's parts add up to the sum of the forest; divided by ``ONE_VOTE`` and the number of trees they
    are P(class 1).
    """
    trees = Trees(*_read_only(*trees))
    parts = [votes_of_block(trees, block) for block in blocks]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def probabilities(votes: npt.NDArray[np.int64], n_trees: int) -> npt.NDArray[np.float64]:
    """P(class 1) from the sums of the votes of all `n_trees` trees. Class 1 is predicted above 0.5."""
    return votes / (float(ONE_VOTE) * n_trees)


def _read_only(*arrays: Array) -> list[Array]:
    """Read-only views: Numba compiles kernels anew for writable arrays, and shared arrays are read-only."""
    views = [np.ascontiguousarray(array).view() for array in arrays]
    for view in views:
        view.flags.writeable = False
    return views


def _in_threads(function: Callable[[int, int], Result], bounds: Sequence[int], n_threads: int) -> list[Result]:
    """Call ``function(start, stop)`` for neighbouring bounds and return the results in order."""
    if n_threads == 1 or len(bounds) == 2:
        return [function(start, stop) for start, stop in pairwise(bounds)]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(function, bounds[:-1], bounds[1:]))
