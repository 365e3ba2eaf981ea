"""The fast way to grow trees, for documents that all weigh the same.

It draws the same trees as :mod:`~modelcollapse.forest.general_growth`, with the same probabilities, from three facts:

*The root.* Every tree has the same root, so its best split by each term is known before the first tree; the root of a
tree takes the best of a random subset: an order statistic.

*Large nodes: terms by decreasing frequency.* Which term is drawn first matters only for ties, so the drawn subset may
be visited in any order. Visiting frequent terms first finds a good split early, and rare terms then cannot win. In a
node of a + b documents, a term with at most r₀ and r₁ documents of each class scores at most what the pure splits
(r₀, 0) and (0, r₁) score, as the score is convex; a pure split reaches score s if and only if r₀ ≥ s n / (b² + s), or
r₁ ≥ s n / (a² + s). A term is left out only if it can neither win nor tie, and ties are broken at random.

*Small nodes: terms from the documents.* In a small node nearly all drawn terms are absent. Imagine V slots, of which N
hold one token each: a pair of a document of the node and a term in it; the others are blank. Drawing `max_features`
slots without replacement, the number of tokens is hypergeometric. A token of the node's first document with that term
is a draw of the term; every other token, and a blank, is a draw of an absent term. This is exact as long as N ≤ V, and
it is important that such draws are not repeated.

A tree on text is a list of chains: "has the word" sends a few documents to the right, the rest goes on. The rest stays
where it is: a chain has one set of documents, from which the right branch's documents are taken out. A chain's *level*
is the number of right turns on the way to it; only one chain of each level is open at a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from modelcollapse.forest.bitsets import count_bits, lowest_bit
from modelcollapse.forest.compilation import Array, inlined_kernel, lean_kernel
from modelcollapse.forest.fast_index import FastIndex
from modelcollapse.forest.random_streams import Stream, random_below, start_stream
from modelcollapse.forest.sampling import draw_subset, hypergeometric
from modelcollapse.forest.splits import (
    NO_SPLIT,
    GrowthRules,
    Split,
    best_threshold,
    may_be_split,
    midpoint,
    split_score,
)
from modelcollapse.forest.training_index import TrainingIndex, most_nodes
from modelcollapse.forest.trees import NodeBuffer, write_leaf, write_split

#: Drawn terms expected in the first band of ranks; every further band is twice as wide.
_FIRST_BAND = 24

#: Tokens drawn per node up to which terms are taken from the documents.
_FEW_TOKENS = 8

#: Steps of a binary search in a row, in steps of reading a posting list.
_ROW_SEARCH_COST = 16

#: Rounding may move a bound by this share: terms are left out only below it.
_SLACK = 1.0 - 1e-9


class FastWorkspace(NamedTuple):
    """Memory for growing one tree after the other.

    Attributes
    ----------
    state : ndarray of uint64, shape (1,)
        The tree's random stream.
    sets : ndarray of uint64, shape (n_levels, n_words)
        For every level its open chain's documents that are still in it. Empty above the current level.
    levels : ndarray of int64, shape (n_levels, 7)
        For every level begin and end of its list in `documents`, the end of all lists up to it, the documents of each
        class that are still in the chain, the depth, and the node whose left child comes next.
    documents : ndarray of int32, shape (3 · n_documents,)
        Lists of the chains' documents. A list may contain documents that have left the chain. It lies behind the list
        of the level below, or, if it would be longer than half of that, in place of its end: so two times the number
        of documents is enough for all lists, and once more for one on its way.
    token_starts : ndarray of int64, shape (n_documents + 1,)
        Of a small node: where the tokens of each document begin.
    drawn_terms : ndarray of uint64, shape (⌈n_terms / 64⌉,)
        Of a large node: the drawn terms of a band of ranks, as a bit set.
    drawn_tokens : ndarray of int64, shape (max_features,)
        Of a small node: its drawn tokens.
    counts : ndarray of int64, shape (n_groups_of_a_term, 3)
        See :func:`~modelcollapse.forest.splits.best_threshold`.
    """

    state: npt.NDArray[np.uint64]
    sets: npt.NDArray[np.uint64]
    levels: npt.NDArray[np.int64]
    documents: npt.NDArray[np.int32]
    token_starts: npt.NDArray[np.int64]
    drawn_terms: npt.NDArray[np.uint64]
    drawn_tokens: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, index: TrainingIndex, rules: GrowthRules, n_levels: int) -> FastWorkspace:
        """Make room for growing trees on `index` in which no path turns right `n_levels` times."""
        n_documents = index.n_class_0 + index.n_class_1
        n_words = (index.class_1_start + index.n_class_1 + 63) // 64
        return cls(
            np.empty(1, np.uint64),
            np.zeros((n_levels, n_words), np.uint64),
            np.empty((n_levels, 7), np.int64),
            np.empty(3 * n_documents, np.int32),
            np.empty(n_documents + 1, np.int64),
            np.empty((index.n_terms + 63) // 64, np.uint64),
            np.empty(rules.max_features, np.int64),
            np.empty((int(np.diff(index.term_groups).max(initial=1)), 3), np.int64),
        )


@inlined_kernel
def is_member(words: Array, document: int) -> bool:
    """Tell whether a document is in a bit set."""
    return (words[document >> 6] >> np.uint64(document & 63)) & np.uint64(1) != 0


@inlined_kernel
def count_list(postings: Array, start: int, stop: int, members: Array) -> int:
    """Count the documents of ``postings[start:stop]`` in a bit set, without branches."""
    n = np.uint64(0)
    for j in range(start, stop):
        document = np.uint32(postings[j])
        n += (members[document >> 6] >> np.uint64(document & 63)) & np.uint64(1)
    return np.int64(n)


@inlined_kernel
def count_common(one: Array, other: Array, start: int, stop: int) -> int:
    """Count the common members of two bit sets among the words `start` … `stop` − 1."""
    n = np.int64(0)
    for w in range(start, stop):
        n += count_bits(one[w] & other[w])
    return n


@inlined_kernel
def count_group(index: TrainingIndex, fast: FastIndex, group: int, members: Array) -> tuple[int, int]:
    """Count a group's documents of each class in a node."""
    which = fast.set_of_group[group]
    if which >= 0:
        middle = index.class_1_start >> 6
        own = fast.sets[which]
        return count_common(own, members, 0, middle), count_common(own, members, middle, len(members))
    middle = index.group_class_1[group]
    return (
        count_list(index.postings, index.group_starts[group], middle, members),
        count_list(index.postings, middle, index.group_starts[group + 1], members),
    )


@inlined_kernel
def split_by_term(
    index: TrainingIndex,
    fast: FastIndex,
    rules: GrowthRules,
    term: int,
    members: Array,
    class_0: int,
    class_1: int,
    counts: Array,
) -> tuple[np.bool_, Split]:
    """Find a node's best split by one term: (whether the term varies in the node, split)."""
    first, last = index.term_groups[term], index.term_groups[term + 1]
    for group in range(first, last):
        group_0, group_1 = count_group(index, fast, group, members)
        counts[group - first, 0] = group_0
        counts[group - first, 1] = group_1
        counts[group - first, 2] = group_0 + group_1
    if last - first > 1:
        return best_threshold(
            index.group_values, term, first, last, rules.min_samples_leaf, counts, class_0, class_1, class_0 + class_1
        )
    right_0, right_1, n_right = counts[0]
    n_left = class_0 + class_1 - n_right
    varies = np.bool_(n_right > 0 and n_left > 0)
    if not varies or n_right < rules.min_samples_leaf or n_left < rules.min_samples_leaf:
        return varies, NO_SPLIT
    score = split_score(right_0, right_1, class_0, class_1)
    return varies, Split(score, term, first, midpoint(np.float32(0.0), index.group_values[first]), right_0, right_1)


@lean_kernel
def search_by_frequency(
    index: TrainingIndex,
    fast: FastIndex,
    rules: GrowthRules,
    state: Stream,
    members: Array,
    class_0: int,
    class_1: int,
    chosen: Array,
    counts: Array,
) -> tuple[np.bool_, Split]:
    """Find the best split among `max_features` random terms, frequent ones first: (whether one varies, split).

    Ranks are cut into bands; how many of the drawn terms are in a band is hypergeometric, and they are a uniform
    subset of it.
    """
    n_present = len(index.columns)
    best, varied, n_tied = NO_SPLIT, np.bool_(False), 1
    least_0, least_1 = 0.0, 0.0  # documents of a class that a term must have to win or tie
    start, n_left = 0, rules.max_features
    width = 64 * (1 + (_FIRST_BAND * index.n_terms // rules.max_features) // 64)
    while n_left > 0 and start < n_present:
        width = min(width, index.n_terms - start)
        n_here = hypergeometric(state, fast.log_factorial, width, index.n_terms - start - width, n_left)
        draw_subset(state, width, n_here, chosen)
        for w in range((width + 63) >> 6):
            word = chosen[w]
            while word:
                term = start + (w << 6) + lowest_bit(word)
                word &= word - np.uint64(1)
                if term >= n_present:
                    return varied, best
                most_0, most_1 = index.frequency_0[term], index.frequency_1[term]
                if most_0 < least_0 and most_1 < least_1:
                    if max(most_0, most_1) < min(least_0, least_1):
                        return varied, best
                    continue
                varies, split = split_by_term(index, fast, rules, term, members, class_0, class_1, counts)
                varied |= varies
                if split.score > best.score:
                    best, n_tied = split, 1
                    least_0, least_1 = least_frequencies(best.score, class_0, class_1)
                elif split.score == best.score and split.score >= 0:
                    n_tied += 1
                    if random_below(state, n_tied) == 0:
                        best = split
        start += width
        n_left -= n_here
        width *= 2
    return varied, best


@inlined_kernel
def least_frequencies(score: float, class_0: int, class_1: int) -> tuple[float, float]:
    """Return the documents of either class that a pure split needs to reach a score, less a little for rounding."""
    target = score * np.float64(class_0 + class_1) * _SLACK
    squared_0, squared_1 = np.float64(class_0) * np.float64(class_0), np.float64(class_1) * np.float64(class_1)
    return target / (squared_1 + score), target / (squared_0 + score)


@inlined_kernel
def find_group(fast: FastIndex, document: int, first: int, last: int) -> int:
    """Find the group of a document among the groups `first` … `last` − 1 of a term; −1 if the term is not in it."""
    low, high = fast.row_starts[document], fast.row_starts[document + 1]
    while low < high:
        middle = (low + high) >> 1
        if fast.row_groups[middle] < first:
            low = middle + 1
        else:
            high = middle
    if low < fast.row_starts[document + 1] and fast.row_groups[low] < last:
        return np.int64(fast.row_groups[low])
    return -1


@inlined_kernel
def is_first_with_term(
    index: TrainingIndex, fast: FastIndex, term: int, members: Array, documents: Array, i: int
) -> bool:
    """Tell whether none of the node's documents before ``documents[i]`` has the term."""
    first, last = index.term_groups[term], index.term_groups[term + 1]
    for j in range(i):  # noqa: SIM110 - Numba has no generators here
        if find_group(fast, documents[j], first, last) >= 0:
            return False
    return True


@inlined_kernel
def split_few_documents(
    index: TrainingIndex,
    fast: FastIndex,
    rules: GrowthRules,
    term: int,
    documents: Array,
    class_0: int,
    class_1: int,
    counts: Array,
) -> tuple[np.bool_, Split]:
    """Do the same as :func:`split_by_term` by searching the rows of the node's documents."""
    first, last = index.term_groups[term], index.term_groups[term + 1]
    for k in range(last - first):
        counts[k, 0], counts[k, 1], counts[k, 2] = 0, 0, 0
    for document in documents:
        group = find_group(fast, document, first, last)
        if group >= 0:
            counts[group - first, 0 if document < index.class_1_start else 1] += 1
            counts[group - first, 2] += 1
    return best_threshold(
        index.group_values, term, first, last, rules.min_samples_leaf, counts, class_0, class_1, class_0 + class_1
    )


@inlined_kernel
def split_by_token(
    index: TrainingIndex,
    fast: FastIndex,
    rules: GrowthRules,
    token: int,
    token_starts: Array,
    documents: Array,
    members: Array,
    class_0: int,
    class_1: int,
    counts: Array,
) -> tuple[np.bool_, Split]:
    """Find the best split by a token's term, if its document is the node's first with it: (term varies, split)."""
    i = np.searchsorted(token_starts, token, side="right") - 1
    term = np.int64(fast.group_terms[fast.row_groups[fast.row_starts[documents[i]] + token - token_starts[i]]])
    if not is_first_with_term(index, fast, term, members, documents, i):
        return np.bool_(False), NO_SPLIT
    if fast.counting_cost[term] > _ROW_SEARCH_COST * len(documents):
        return split_few_documents(index, fast, rules, term, documents, class_0, class_1, counts)
    return split_by_term(index, fast, rules, term, members, class_0, class_1, counts)


@lean_kernel
def search_by_tokens(
    index: TrainingIndex,
    fast: FastIndex,
    rules: GrowthRules,
    state: Stream,
    members: Array,
    documents: Array,
    token_starts: Array,
    class_0: int,
    class_1: int,
    drawn: Array,
    counts: Array,
) -> tuple[np.bool_, Split]:
    """Find the best split among `max_features` random terms, drawn as slots: (whether one varies, split).

    `documents` are the node's; the tokens of document i are ``token_starts[i]`` … ``token_starts[i + 1] − 1``.
    """
    best, varied, n_tied = NO_SPLIT, np.bool_(False), 1
    n_tokens = token_starts[len(documents)]
    n_drawn = hypergeometric(state, fast.log_factorial, n_tokens, index.n_terms - n_tokens, rules.max_features)
    for k in range(n_drawn):
        token = random_below(state, n_tokens)
        while contains(drawn, k, token):
            token = random_below(state, n_tokens)
        drawn[k] = token
        varies, split = split_by_token(
            index, fast, rules, token, token_starts, documents, members, class_0, class_1, counts
        )
        varied |= varies
        if split.score > best.score:
            best, n_tied = split, 1
        elif split.score == best.score and split.score >= 0:
            n_tied += 1
            if random_below(state, n_tied) == 0:
                best = split
    return varied, best


@inlined_kernel
def contains(numbers: Array, n: int, number: int) -> bool:
    """Tell whether a number is among the first `n`."""
    found = False
    for k in range(n):
        found |= numbers[k] == number
    return found


@lean_kernel
def split_by_any_varying_term(
    index: TrainingIndex,
    fast: FastIndex,
    rules: GrowthRules,
    state: Stream,
    members: Array,
    documents: Array,
    token_starts: Array,
    class_0: int,
    class_1: int,
    counts: Array,
) -> Split:
    """Split by one term, uniform among those that vary in the node; what is left when no drawn term varied.

    Drawing on without replacement, the next term that varies is a uniform one. A few tokens are tried; then all
    tokens are looked at, in random order by a reservoir of one.
    """
    n_tokens = token_starts[len(documents)]
    for _ in range(16 if n_tokens > 0 else 0):
        token = random_below(state, n_tokens)
        varies, split = split_by_token(
            index, fast, rules, token, token_starts, documents, members, class_0, class_1, counts
        )
        if varies:
            return split
    n_varying, chosen = 0, NO_SPLIT
    for token in range(n_tokens):
        varies, split = split_by_token(
            index, fast, rules, token, token_starts, documents, members, class_0, class_1, counts
        )
        if varies:
            n_varying += 1
            if random_below(state, n_varying) == 0:
                chosen = split
    return chosen


@lean_kernel
def split_of_root(index: TrainingIndex, fast: FastIndex, rules: GrowthRules, state: Stream) -> Split:
    """Draw the root's split: the best of `max_features` random terms, and of more until one varies.

    Terms are ranked by the score of their best split, then come those that vary but allow no split, then the constant
    ones. The best drawn rank is found by asking one rank after the other whether it is in the subset.
    """
    rank = 0
    while random_below(state, index.n_terms - rank) >= rules.max_features:
        rank += 1
    if rank >= fast.n_root_varying:
        if fast.n_root_varying == 0:
            return NO_SPLIT
        rank = random_below(state, fast.n_root_varying)
        if rank >= fast.n_root_splits:
            return NO_SPLIT
    elif rank >= fast.n_root_splits:
        return NO_SPLIT
    else:
        first = last = rank
        while first > 0 and fast.root_scores[first - 1] == fast.root_scores[rank]:
            first -= 1
        while last < fast.n_root_splits and fast.root_scores[last] == fast.root_scores[rank]:
            last += 1
        rank = first + random_below(state, last - first)
    return Split(
        fast.root_scores[rank],
        fast.root_terms[rank],
        fast.root_groups[rank],
        fast.root_thresholds[rank],
        fast.root_right_0[rank],
        fast.root_right_1[rank],
    )


@lean_kernel
def take_right_documents(
    index: TrainingIndex, fast: FastIndex, split: Split, here: Array, right: Array, documents: Array, top: int
) -> None:
    """Move the documents that go to the right from the set `here` to `right`, and list them from ``documents[top]``."""
    for group in range(split.group, index.term_groups[split.term + 1]):
        which = fast.set_of_group[group]
        if which >= 0:
            own = fast.sets[which]
            for w in range(len(here)):
                moved = own[w] & here[w]
                here[w] ^= moved
                right[w] |= moved
                while moved:
                    documents[top] = (w << 6) + lowest_bit(moved)
                    top += 1
                    moved &= moved - np.uint64(1)
        else:
            for j in range(index.group_starts[group], index.group_starts[group + 1]):
                document = np.int64(index.postings[j])
                if is_member(here, document):
                    bit = np.uint64(1) << np.uint64(document & 63)
                    here[document >> 6] ^= bit
                    right[document >> 6] |= bit
                    documents[top] = document
                    top += 1


@lean_kernel
def keep_members(documents: Array, start: int, stop: int, members: Array) -> int:
    """Drop the documents that have left a node from its list, in place; return the new end."""
    end = start
    for i in range(start, stop):
        document = documents[i]
        documents[end] = document
        end += 1 if is_member(members, document) else 0
    return end


@lean_kernel
def split_of_node(
    index: TrainingIndex, fast: FastIndex, rules: GrowthRules, space: FastWorkspace, level: int
) -> Split:
    """Draw the split of the current node of a chain, which is not the root."""
    members, class_0, class_1 = space.sets[level], space.levels[level, 3], space.levels[level, 4]
    n_documents = class_0 + class_1
    mean_length = 1 + len(index.postings) // (index.n_class_0 + index.n_class_1)
    is_small = n_documents * mean_length * rules.max_features <= _FEW_TOKENS * index.n_terms
    if is_small:
        documents, token_starts = list_tokens(fast, space, level)
        is_small = token_starts[n_documents] <= index.n_terms
    if is_small:
        varied, split = search_by_tokens(
            index, fast, rules, space.state, members, documents, token_starts, class_0, class_1,
            space.drawn_tokens, space.counts,
        )  # fmt: skip
    else:
        varied, split = search_by_frequency(
            index, fast, rules, space.state, members, class_0, class_1, space.drawn_terms, space.counts
        )
    if not varied:
        documents, token_starts = list_tokens(fast, space, level)
        split = split_by_any_varying_term(
            index, fast, rules, space.state, members, documents, token_starts, class_0, class_1, space.counts
        )
    return split


@lean_kernel
def list_tokens(fast: FastIndex, space: FastWorkspace, level: int) -> tuple[Array, Array]:
    """List the current node's documents, and number their tokens: (documents, token_starts)."""
    begin = space.levels[level, 0]
    end = keep_members(space.documents, begin, space.levels[level, 1], space.sets[level])
    space.levels[level, 1] = end
    space.token_starts[0] = 0
    for i in range(end - begin):
        document = space.documents[begin + i]
        length = fast.row_starts[document + 1] - fast.row_starts[document]
        space.token_starts[i + 1] = space.token_starts[i] + length
    return space.documents[begin:end], space.token_starts[: end - begin + 1]


@inlined_kernel
def open_chain(space: FastWorkspace, level: int, begin: int, end: int, top: int) -> None:
    """Begin a chain with the documents listed in ``documents[begin:end]``, no list reaching beyond `top`."""
    space.levels[level, 0], space.levels[level, 1], space.levels[level, 2] = begin, end, top


@inlined_kernel
def enter_node(space: FastWorkspace, level: int, class_0: int, class_1: int, depth: int) -> None:
    """Make a node of given class sizes and depth the current one of its chain."""
    space.levels[level, 3], space.levels[level, 4], space.levels[level, 5] = class_0, class_1, depth


@lean_kernel
def open_right_branch(index: TrainingIndex, fast: FastIndex, split: Split, space: FastWorkspace, level: int) -> None:
    """Move the documents that go to the right from the chain of `level` to a new one of the level above."""
    begin, end, top, class_0, class_1, depth, _ = space.levels[level]
    documents = space.documents
    n_right = split.right_0 + split.right_1
    take_right_documents(index, fast, split, space.sets[level], space.sets[level + 1], documents, top)
    if 2 * n_right > end - begin:
        kept = keep_members(documents, begin, end, space.sets[level])
        for i in range(n_right):
            documents[kept + i] = documents[top + i]
        space.levels[level, 1] = kept
        open_chain(space, level + 1, kept, kept + n_right, top)
    else:
        open_chain(space, level + 1, top, top + n_right, top + n_right)
    enter_node(space, level, class_0 - split.right_0, class_1 - split.right_1, depth + 1)
    enter_node(space, level + 1, split.right_0, split.right_1, depth + 1)


@lean_kernel
def grow_fast_tree(
    index: TrainingIndex, fast: FastIndex, rules: GrowthRules, space: FastWorkspace, buffer: NodeBuffer, used: int
) -> int:
    """Grow one tree behind the `used` nodes of the buffer and return its number of nodes, −1 if levels run out."""
    n_documents = index.n_class_0 + index.n_class_1
    for w in range(len(fast.all_documents)):
        space.sets[0, w] = fast.all_documents[w]
    for i in range(n_documents):
        space.documents[i] = i if i < index.n_class_0 else i - index.n_class_0 + index.class_1_start
    open_chain(space, 0, 0, n_documents, n_documents)
    enter_node(space, 0, index.n_class_0, index.n_class_1, 0)
    level, node = 0, 0
    while level >= 0:
        class_0, class_1, depth = space.levels[level, 3], space.levels[level, 4], space.levels[level, 5]
        write_leaf(buffer, used + node, class_0, class_1)
        split = NO_SPLIT
        if may_be_split(rules, depth, class_0 + class_1, class_0, class_1):
            if node == 0:
                split = split_of_root(index, fast, rules, space.state)
            else:
                split = split_of_node(index, fast, rules, space, level)
        if split.score >= 0.0:
            if level + 1 == len(space.levels):
                return -1
            write_split(buffer, used + node, index.columns[split.term], split.threshold)
            open_right_branch(index, fast, split, space, level)
            space.levels[level, 6] = node
            level += 1
            node += 1
            continue
        node += 1
        if level > 0:  # the chain ends: leave its set empty for the next one
            for document in space.documents[space.levels[level, 0] : space.levels[level, 1]]:
                space.sets[level, document >> 6] = np.uint64(0)
            buffer.left[used + space.levels[level - 1, 6]] = node
        level -= 1
    return node


@lean_kernel
def grow_fast_trees(
    index: TrainingIndex,
    fast: FastIndex,
    rules: GrowthRules,
    seed: np.uint64,
    tree_start: int,
    space: FastWorkspace,
    buffer: NodeBuffer,
    starts: Array,
) -> tuple[int, bool]:
    """Grow trees from `tree_start` on, until all are grown or the buffer may be too small for one more.

    ``starts[i + 1]`` receives the end of the i-th tree's nodes. Returns how many trees were grown, at most
    ``len(starts) − 1``, and whether the workspace has too few levels for the next one.
    """
    n_grown = 0
    starts[0] = 0
    while n_grown < len(starts) - 1 and starts[n_grown] + most_nodes(index) <= len(buffer.feature):
        start_stream(space.state, seed, tree_start + n_grown)
        size = grow_fast_tree(index, fast, rules, space, buffer, starts[n_grown])
        if size < 0:
            return n_grown, True
        starts[n_grown + 1] = starts[n_grown] + size
        n_grown += 1
    return n_grown, False
