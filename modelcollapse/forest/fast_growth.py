"""The fast way to grow trees, for documents that all weigh the same.

It draws the same trees as :mod:`~modelcollapse.forest.general_growth`, with the same probabilities, from three facts:

*The root.* Every tree has the same root, so its best split by each term is known before the first tree; the root of a
tree takes the best of a random subset: an order statistic.

*Large nodes: terms by decreasing frequency.* Which term is drawn first matters only for ties, so the drawn subset may
be visited in any order. Visiting frequent terms first finds a good split early, and rare terms then cannot win. In a
node of a + b documents, a term with at most r₀ and r₁ documents of each class scores at most what the pure splits
(r₀, 0) and (0, r₁) score, as the score is convex; a pure split reaches score s if and only if r₀ ≥ s n / (b² + s), or
r₁ ≥ s n / (a² + s). A term is left out only if it can neither win nor tie, and ties are broken at random.

*Branches: terms that are there.* In a small node nearly all drawn terms are absent, and absent terms are constant. So
a branch has a list of the D rare terms of its documents: of V rare terms, of which d are drawn, the number of drawn
terms on the list is hypergeometric, and they are a uniform subset of it. The other d − k draws are draws of absent
terms; they count, and are not repeated. Making the list counts the terms, too, which is all that a node needs to know
as long as no document has left the branch. Afterwards the list remains valid, and its counts are upper bounds, by which
most drawn terms can neither win nor tie. (Frequent terms are drawn apart: they are in nearly every branch, and bit sets
count them.)

If no drawn term varies, drawing goes on until one does: the next one is uniform among the node's varying terms.

A tree on text is a list of chains: "has the word" sends a few documents to the right, the rest goes on. The rest stays
where it is: a chain has one set of documents, from which the right branch's documents are taken out. A chain's *level*
is the number of right turns on the way to it; only one chain of each level is open at a time.
"""

from __future__ import annotations

import numpy as np

from modelcollapse.forest.bitsets import lowest_bit, prefetch
from modelcollapse.forest.compilation import Array, Int, inlined_kernel, lean_kernel
from modelcollapse.forest.fast_index import FastIndex
from modelcollapse.forest.fast_search import (
    CLASS_0,
    CLASS_1,
    DEPTH,
    LIST_BEGIN,
    LIST_END,
    LISTED_SIZE,
    LISTS_END,
    PARENT,
    START,
    TERMS_BEGIN,
    TERMS_END,
    UNKNOWN,
    FastWorkspace,
    Growth,
    Node,
    Search,
    are_too_few,
    consider,
    consider_counted,
    count_term,
    is_member,
    with_threshold,
)
from modelcollapse.forest.sampling import Stream, draw_subset, hypergeometric, random_below, start_stream
from modelcollapse.forest.splits import NO_SPLIT, GrowthRules, Split, may_be_split
from modelcollapse.forest.training_index import TrainingIndex, most_nodes
from modelcollapse.forest.trees import NodeBuffer, write_leaf, write_split

#: Drawn terms expected in the first band of ranks; every further band is twice as wide.
_FIRST_BAND = 24

#: A branch has a list of terms if it has at most this many times √n documents.
_MOST_LISTED = 3.0

#: Terms that are tried at random before all terms are looked at for one that varies.
_ATTEMPTS = 64

#: In a word that counts documents of both classes, one of class 1.
_ONE_OF_CLASS_1 = 1 << 16

#: How many documents ahead a row is fetched, and how many cache lines of it, of 16 terms each.
_AHEAD, _FETCHED_LINES = 4, 3


@inlined_kernel
def search_by_frequency(growth: Growth, node: Node, width: Int, stop: Int, search: Search) -> tuple[Int, Search]:
    """Search random terms of ranks below `stop`, frequent ones first: (how many were drawn, search).

    The ranks are cut into bands, the first one of `width` ranks and each as wide as all before. Of `max_features` terms
    drawn from all, the number in a band is hypergeometric, and they are a uniform subset of it. The search ends when no
    remaining term can win or tie.
    """
    index, fast, rules, space = growth
    n_present = min(stop, len(index.columns))
    start, n_drawn = 0, 0
    while n_drawn < rules.max_features and start < n_present:
        width = min(width, stop - start)
        n_here = hypergeometric(
            space.state, fast.log_factorial, width, index.n_terms - start - width, rules.max_features - n_drawn
        )
        draw_subset(space.state, width, n_here, space.chosen)
        n_drawn += n_here
        for w in range((width + 63) >> 6):
            word = space.chosen[w]
            while word:
                term = start + (w << 6) + lowest_bit(word)
                word &= word - np.uint64(1)
                if term >= n_present or max(index.frequency[term, 0], index.frequency[term, 1]) < min(
                    search.least_0, search.least_1
                ):
                    return n_drawn, search
                search = consider(growth, node, term, search)
        start += width
        width = start
    return n_drawn, search


@inlined_kernel
def search_list(growth: Growth, node: Node, level: int, n_drawn: Int, search: Search) -> Search:
    """Search the terms on a branch's list that are among `n_drawn` random rare terms."""
    index, fast, _, space = growth
    begin, end = space.levels[level, TERMS_BEGIN], space.levels[level, TERMS_END]
    n_others = index.n_terms - fast.n_frequent - (end - begin)
    n_here = hypergeometric(space.state, fast.log_factorial, end - begin, n_others, n_drawn)
    draw_subset(space.state, end - begin, n_here, space.chosen)
    is_exact = node.class_0 + node.class_1 == space.levels[level, LISTED_SIZE]
    for w in range((end - begin + 63) >> 6):
        word = space.chosen[w]
        while word:
            at = np.uint64(begin + (w << 6) + lowest_bit(word))
            word &= word - np.uint64(1)
            counted = np.int64(space.term_counts[at])
            right_0, right_1 = counted % _ONE_OF_CLASS_1, counted // _ONE_OF_CLASS_1
            if are_too_few(right_0, right_1, search):
                continue
            term = np.int64(space.terms[at])
            if not is_exact:
                right_0, right_1 = count_term(index, fast, term, node.members)
            search = consider_counted(growth, node, term, right_0, right_1, search)
    return search


@inlined_kernel
def split_by_any_varying_term(growth: Growth, node: Node, terms: Array) -> Split:
    """Split by one term, uniform among those that vary in the node: frequent ones and those on the list `terms`.

    A few random terms are tried; then all are looked at in order, and a reservoir of one keeps a random one.
    """
    n_frequent, state = growth.fast.n_frequent, growth.space.state
    n_candidates = n_frequent + len(terms)
    n_varying, chosen = 0, NO_SPLIT
    for attempt in range(_ATTEMPTS + n_candidates if n_candidates > 0 else 0):
        i = random_below(state, n_candidates) if attempt < _ATTEMPTS else attempt - _ATTEMPTS
        term = i if i < n_frequent else np.int64(terms[i - n_frequent])
        search = consider(growth, node, term, START)
        if search.varied:
            if attempt < _ATTEMPTS:
                return search.split
            n_varying += 1
            if random_below(state, n_varying) == 0:
                chosen = search.split
    return chosen


@inlined_kernel
def split_of_root(index: TrainingIndex, fast: FastIndex, rules: GrowthRules, state: Stream) -> Split:
    """Draw the root's split: the best of `max_features` random terms, and of more until one varies.

    Terms are ranked by the score of their best split, then come those that vary but allow no split, then the constant
    ones. The best drawn rank is found by asking one rank after the other whether it is in the subset.
    """
    root = fast.root
    rank: Int = 0
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
        score = root.scores[fast.root_terms[rank]]
        while first > 0 and root.scores[fast.root_terms[first - 1]] == score:
            first -= 1
        while last < fast.n_root_splits and root.scores[fast.root_terms[last]] == score:
            last += 1
        rank = first + random_below(state, last - first)
    term = fast.root_terms[rank]
    return Split(
        root.scores[term], term, root.groups[term], root.thresholds[term], root.right_0[term], root.right_1[term]
    )


@inlined_kernel
def take_right_documents(
    index: TrainingIndex, fast: FastIndex, split: Split, here: Array, right: Array, documents: Array, top: int
) -> None:
    """Move the documents that go to the right from the set `here` to `right`, and list them from ``documents[top]``."""
    if split.term < fast.n_frequent and split.group == index.term_groups[split.term]:
        own = fast.sets[split.term]
        for w in range(len(here)):
            moved = own[w] & here[w]
            here[w] ^= moved
            right[w] |= moved
            while moved:
                documents[top] = (w << 6) + lowest_bit(moved)
                top += 1
                moved &= moved - np.uint64(1)
        return
    for group in range(split.group, index.term_groups[split.term + 1]):
        for label in range(2):
            for j in range(np.uint64(index.group_starts[group, label]), np.uint64(index.group_stops[group, label])):
                document = np.uint32(index.postings[j])
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


@inlined_kernel
def list_terms(index: TrainingIndex, fast: FastIndex, space: FastWorkspace, level: int) -> None:
    """List the rare terms in the documents of a chain, with the documents of each class that have them.

    The counts fit into half a word: lists that are kept are of far fewer documents, see `_MOST_LISTED`; for others only
    the terms count, and the chain has no list afterwards.
    """
    begin = space.levels[level, LIST_BEGIN]
    end = keep_members(space.documents, begin, space.levels[level, LIST_END], space.sets[level])
    space.levels[level, LIST_END] = end
    first = space.levels[level - 1, TERMS_END] if level > 0 else 0
    last = np.uint64(first)
    for i in range(begin, end):
        # rows lie anywhere in memory: those of the next documents are fetched while this one's is read
        prefetch(fast.row_starts, space.documents[min(i + 2 * _AHEAD, end - 1)])
        following = fast.row_starts[np.uint32(space.documents[min(i + _AHEAD, end - 1)])]
        for line in range(_FETCHED_LINES):
            prefetch(fast.row_terms, following + 16 * line)
        document = space.documents[i]
        row = np.uint32(document)
        one = np.uint32(1 if document < index.class_1_start else _ONE_OF_CLASS_1)
        for j in range(np.uint64(fast.row_starts[row]), np.uint64(fast.row_starts[row + 1])):
            term = np.uint32(fast.row_terms[j])
            space.terms[last] = term
            last += np.uint64(space.tally[term] == 0)
            space.tally[term] += one
    for at in range(np.uint64(first), last):
        term = np.uint32(space.terms[at])
        space.term_counts[at] = space.tally[term]
        space.tally[term] = 0
    n_listed = end - begin
    space.levels[level, TERMS_BEGIN], space.levels[level, TERMS_END] = first, last
    space.levels[level, LISTED_SIZE] = n_listed if n_listed < _ONE_OF_CLASS_1 else 0


@inlined_kernel
def split_of_node(growth: Growth, level: int) -> Split:
    """Draw the split of the current node of a chain, which is not the root."""
    index, fast, rules, space = growth
    node = Node(space.sets[level], space.levels[level, CLASS_0], space.levels[level, CLASS_1])
    n_documents = node.class_0 + node.class_1
    listed_size = space.levels[level, LISTED_SIZE]
    if n_documents <= _MOST_LISTED * np.sqrt(index.n_class_0 + index.n_class_1) and (
        listed_size == 0 or 2 * n_documents < listed_size
    ):
        list_terms(index, fast, space, level)
        listed_size = space.levels[level, LISTED_SIZE]
    if listed_size > 0:
        n_drawn, search = search_by_frequency(growth, node, fast.n_frequent, fast.n_frequent, START)
        search = search_list(growth, node, level, rules.max_features - n_drawn, search)
    else:
        width = 64 * (1 + (_FIRST_BAND * index.n_terms // rules.max_features) // 64)
        n_drawn, search = search_by_frequency(growth, node, width, index.n_terms, START)
    split = search.split
    if not search.varied:
        list_terms(index, fast, space, level)
        terms = space.terms[space.levels[level, TERMS_BEGIN] : space.levels[level, TERMS_END]]
        split = split_by_any_varying_term(growth, node, terms)
    if split.score >= 0.0 and split.threshold == UNKNOWN:
        split = with_threshold(index, split, node.members)
    return split


@inlined_kernel
def open_chain(space: FastWorkspace, level: int, begin: int, end: int, top: int) -> None:
    """Begin a chain with the documents listed in ``documents[begin:end]``, no list reaching beyond `top`."""
    terms_begin = space.levels[level - 1, TERMS_END] if level > 0 else 0
    space.levels[level, LIST_BEGIN], space.levels[level, LIST_END], space.levels[level, LISTS_END] = begin, end, top
    space.levels[level, TERMS_BEGIN] = space.levels[level, TERMS_END] = terms_begin
    space.levels[level, LISTED_SIZE] = 0


@inlined_kernel
def enter_node(space: FastWorkspace, level: int, class_0: Int, class_1: Int, depth: Int) -> None:
    """Make a node of given class sizes and depth the current one of its chain."""
    space.levels[level, CLASS_0], space.levels[level, CLASS_1], space.levels[level, DEPTH] = class_0, class_1, depth


@inlined_kernel
def open_right_branch(index: TrainingIndex, fast: FastIndex, split: Split, space: FastWorkspace, level: int) -> None:
    """Move the documents that go to the right from the chain of `level` to a new one of the level above."""
    chain, documents = space.levels[level], space.documents
    begin, end, top = chain[LIST_BEGIN], chain[LIST_END], chain[LISTS_END]
    n_right, depth = split.right_0 + split.right_1, chain[DEPTH] + 1
    take_right_documents(index, fast, split, space.sets[level], space.sets[level + 1], documents, top)
    if 2 * n_right > end - begin:
        kept = keep_members(documents, begin, end, space.sets[level])
        for i in range(n_right):
            documents[kept + i] = documents[top + i]
        chain[LIST_END] = kept
        open_chain(space, level + 1, kept, kept + n_right, top)
    else:
        open_chain(space, level + 1, top, top + n_right, top + n_right)
    enter_node(space, level, chain[CLASS_0] - split.right_0, chain[CLASS_1] - split.right_1, depth)
    enter_node(space, level + 1, split.right_0, split.right_1, depth)


@lean_kernel
def grow_fast_tree(growth: Growth, buffer: NodeBuffer, used: int) -> int:
    """Grow one tree behind the `used` nodes of the buffer and return its number of nodes, −1 if levels run out."""
    index, fast, rules, space = growth
    n_documents = index.n_class_0 + index.n_class_1
    for w in range(len(fast.all_documents)):
        space.sets[0, w] = fast.all_documents[w]
    for i in range(n_documents):
        space.documents[i] = i if i < index.n_class_0 else i - index.n_class_0 + index.class_1_start
    level: Int = np.int64(0)  # for 0 itself Numba would compile twice: for this literal, and for all numbers
    node: Int = np.int64(0)
    open_chain(space, level, node, n_documents, n_documents)
    enter_node(space, level, index.n_class_0, index.n_class_1, node)
    while level >= 0:
        chain = space.levels[level]
        class_0, class_1 = chain[CLASS_0], chain[CLASS_1]
        write_leaf(buffer, used + node, class_0, class_1)
        split = NO_SPLIT
        if may_be_split(rules, chain[DEPTH], class_0 + class_1, class_0, class_1):
            split = split_of_root(index, fast, rules, space.state) if node == 0 else split_of_node(growth, level)
        if split.score >= 0.0:
            if level + 1 == len(space.levels):
                return -1
            write_split(buffer, used + node, index.columns[split.term], split.threshold)
            open_right_branch(index, fast, split, space, level)
            chain[PARENT] = node
            level += 1
            node += 1
            continue
        node += 1
        if level > 0:  # the chain ends: leave its set empty for the next one
            for document in space.documents[chain[LIST_BEGIN] : chain[LIST_END]]:
                space.sets[level, document >> 6] = np.uint64(0)
            buffer.left[used + space.levels[level - 1, PARENT]] = node
        level -= 1
    return node


@lean_kernel
def grow_fast_trees(
    growth: Growth, seed: np.uint64, tree_start: int, buffer: NodeBuffer, starts: Array
) -> tuple[int, bool]:
    """Grow trees from `tree_start` on, until all are grown or the buffer may be too small for one more.

    ``starts[0]`` is where the first one's nodes begin; ``starts[i + 1]`` receives the end of the i-th one's.
    Returns how many trees were grown, at most ``len(starts) − 1``, and whether the workspace has too few levels for the
    next one.
    """
    n_grown = 0
    while n_grown < len(starts) - 1 and starts[n_grown] + most_nodes(growth.training) <= len(buffer.feature):
        start_stream(growth.space.state, seed, tree_start + n_grown)
        size = grow_fast_tree(growth, buffer, starts[n_grown])
        if size < 0:
            return n_grown, True
        starts[n_grown + 1] = starts[n_grown] + size
        n_grown += 1
    return n_grown, False
