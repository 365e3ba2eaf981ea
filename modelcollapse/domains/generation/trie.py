"""A trie of the n-grams of token blocks: what is counted once, so that scoring and writing only look up.

Every block is preceded by ``order − 1`` marks of its beginning, so all n-grams of the highest order end in its tokens.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from modelcollapse.domains.generation.compilation import Array, Float, Int, inlined_kernel, kernel, lean_kernel


class Trie(NamedTuple):
    """N-grams of one to `order` tokens, and how often they count.

    Node 0 is the empty n-gram; then come those of one token, ``1 + token``; then those of two, … The children of a node
    are one token longer; they follow each other, sorted by their last token.

    Attributes
    ----------
    n_types : int
        Size of the vocabulary. The mark of a block's beginning is token ``n_types``.
    n_contexts : int
        Nodes that are shorter than `order` tokens: they come first.
    length : ndarray of int8, shape (n_nodes,)
        Number of tokens.
    discounts : ndarray of float64, shape (order,)
        What is taken off the count of an n-gram, by its length − 1.
    token : ndarray of int32, shape (n_nodes,)
        Last token.
    first_child : ndarray of int32, shape (n_nodes + 1,)
        The children of node i are ``first_child[i]`` … ``first_child[i + 1] − 1``.
    counts : ndarray of int32, shape (n_nodes,)
        In the highest order how often it occurs; in lower ones (Kneser & Ney 1995) how many different tokens it
        follows; 0 for n-grams that end in a mark.
    start : ndarray of int64, shape (n_nodes + 1,)
        Counts of all nodes before.
    occurrence : ndarray of int32, shape (start[-1],)
        Every node as often as it counts.
    suffix : ndarray of int32, shape (n_nodes,)
        The n-gram without its first token.
    backoff : ndarray of float64, shape (n_nodes,)
        Of a node as a context: the probability left to what the shorter context says, 1 if nothing follows it.
    chance : ndarray of float64, shape (n_nodes,)
        Probability of the last token after those before it, by interpolated absolute discounting: in its context
        (c − D)/T, and of what is thereby left over the share that the shorter context gives; the last to share is the
        uniform distribution. 0 for marks.
    """

    n_types: int
    n_contexts: int
    length: Array
    discounts: Array
    token: Array
    first_child: Array
    counts: Array
    start: Array
    occurrence: Array
    suffix: Array
    backoff: Array
    chance: Array


def build_trie(blocks: Array, n_types: int, discounts: Array) -> Trie:
    """Count n-grams of blocks, shape (n_blocks, length), of tokens in [0, n_types).

    Discounts, float64 in [0, 1], are those of single tokens, pairs, … up to the highest order.
    """
    order, mark = len(discounts), n_types
    padded = np.full((len(blocks), order - 1 + blocks.shape[1]), mark, np.int32)
    padded[:, order - 1 :] = blocks
    token = [np.zeros(1, np.int32), np.arange(n_types + 1, dtype=np.int32)]
    suffix = [np.zeros(1, np.int32), np.zeros(n_types + 1, np.int32)]
    n_children, count = [np.array([n_types + 1])], [np.zeros(1, np.int64)]
    nodes, shorter = padded, 0  # of every place the n-gram that ends there, numbered within its length
    for _ in range(1, order):
        parents, suffixes = (np.ascontiguousarray(part).ravel() for part in (nodes[:, :-1], nodes[:, 1:]))
        tokens = np.ascontiguousarray(padded[:, padded.shape[1] - nodes.shape[1] + 1 :])
        n_shorter = len(token[-1])
        numbers, first = number_children(parents, tokens.ravel(), n_shorter, n_types + 1)
        token.append(tokens.ravel()[first])
        shorter += len(token[-3])
        suffix.append(suffixes[first] + np.int32(shorter))
        n_children.append(np.bincount(parents[first], minlength=n_shorter))
        count.append(np.bincount(suffixes[first][token[-1] != mark], minlength=n_shorter))
        nodes = numbers.reshape(tokens.shape)
    count.append(np.bincount(nodes.ravel(), minlength=len(token[-1])))
    n_children.append(np.zeros(len(token[-1]), np.int64))
    return _assemble(n_types, discounts, token, suffix, n_children, count)


def _assemble(
    n_types: int, discounts: Array, token: list[Array], suffix: list[Array], n_children: list[Array], count: list[Array]
) -> Trie:
    """Join what is known of n-grams by their length."""
    ends = _before(np.array([len(level) for level in token]))
    tokens, suffixes, counts = (np.concatenate(levels) for levels in (token, suffix, count))
    first_child, start, n_counted = (_before(values) for values in (np.concatenate(n_children), counts, counts > 0))
    first_child += 1
    totals, kinds = (sums[first_child[1:]] - sums[first_child[:-1]] for sums in (start, n_counted))
    length = np.repeat(np.arange(len(token), dtype=np.int8), np.diff(ends))
    discount = np.append(discounts, 1.0)[length]
    backoff = np.where(totals > 0, discount * kinds / np.maximum(totals, 1), 1.0)
    parent = np.repeat(np.arange(len(tokens)), np.diff(first_child))
    chance = np.full(len(tokens), 1 / n_types)
    for order, here in enumerate(slice(ends[n], ends[n + 1]) for n in range(1, len(token))):
        above = parent[here.start - 1 : here.stop - 1]
        own = np.maximum(counts[here] - discounts[order], 0) / np.maximum(totals[above], 1)
        chance[here] = (own + backoff[above] * chance[suffixes[here]]) * (tokens[here] != n_types)
    return Trie(
        n_types=n_types,
        n_contexts=int(ends[-2]),
        length=length,
        discounts=discounts,
        token=tokens,
        first_child=first_child.astype(np.int32),
        counts=counts.astype(np.int32),
        start=start,
        occurrence=np.repeat(np.arange(len(tokens), dtype=np.int32), counts),
        suffix=suffixes.astype(np.int32),
        backoff=backoff,
        chance=chance,
    )


def _before(values: Array) -> Array:
    """Return the sum of all values before each, and of all."""
    sums = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=sums[1:])
    return sums


@kernel
def number_children(parents: Array, tokens: Array, n_parents: Int, n_tokens: Int) -> tuple[Array, Array]:
    """Give every different pair of parent and token a number: sorted by parent, and then by token.

    Pairs are int32, in [0, n_parents) and [0, n_tokens). Return the number of each, and where each number stands first.
    """
    n = len(parents)
    by_token = _sorted_by(tokens, np.arange(n, dtype=np.int32), n_tokens)
    by_pair = _sorted_by(parents, by_token, n_parents)
    numbers, first = np.empty(n, np.int32), np.empty(n, np.int32)
    last = -1
    for i in range(n):
        here, before = by_pair[i], by_pair[max(i - 1, 0)]
        if i == 0 or parents[here] != parents[before] or tokens[here] != tokens[before]:
            last += 1
            first[last] = here
        numbers[here] = last
    return numbers, first[: last + 1].copy()


@kernel
def _sorted_by(keys: Array, places: Array, n_keys: Int) -> Array:
    """Sort places by their keys; equal ones keep their order."""
    starts = np.zeros(n_keys + 1, np.int64)
    for key in keys:
        starts[key + 1] += 1
    for key in range(n_keys):
        starts[key + 1] += starts[key]
    sorted_places = np.empty(len(places), np.int32)
    for place in places:
        key = keys[place]
        sorted_places[starts[key]] = place
        starts[key] += 1
    return sorted_places


@inlined_kernel
def find_child(trie: Trie, node: Int, token: Int) -> Int:
    """Return a node's child by its last token; −1 if there is none."""
    if node == 0:
        return 1 + token
    low = np.int64(trie.first_child[node])
    n = np.int64(trie.first_child[node + 1]) - low
    while n > 1:  # without a branch that could be mispredicted
        half = n >> 1
        low += half * np.int64(trie.token[low + half] <= token)
        n -= half
    return low if n == 1 and trie.token[low] == token else -1


@inlined_kernel
def begin_block(trie: Trie, contexts: Array) -> None:
    """Set `contexts` to those before a block's first token: the nodes of the last 0, 1, … tokens, −1 if never seen."""
    contexts[0] = 0
    for n in range(1, len(contexts)):
        contexts[n] = find_child(trie, contexts[n - 1], trie.n_types)


@inlined_kernel
def advance(trie: Trie, contexts: Array, token: Int) -> None:
    """Set `contexts` to those after one more token."""
    for n in range(len(contexts) - 1, 0, -1):
        contexts[n] = -1 if contexts[n - 1] < 0 else find_child(trie, contexts[n - 1], token)


@inlined_kernel
def probability(trie: Trie, contexts: Array, token: Int) -> Float:
    """Return the probability of a token: that of the longest n-gram seen, times what longer contexts leave to it."""
    left = 1.0
    for n in range(len(contexts) - 1, 0, -1):
        node = contexts[n]
        if node >= 0:
            child = find_child(trie, node, token)
            if child >= 0:
                return left * trie.chance[child]
            left *= trie.backoff[node]
    return left * trie.chance[1 + token]


@kernel
def log_probabilities(trie: Trie, blocks: Array) -> Array:
    """Return the natural logarithm of every token's probability after those before it, in the shape of the blocks."""
    found = np.empty(blocks.shape, np.float64)
    _score(trie, blocks, np.empty((len(trie.discounts) + 1, blocks.shape[1] + 1), np.int64), found)
    return found


@lean_kernel
def _score(trie: Trie, blocks: Array, nodes: Array, found: Array) -> None:
    """Look up a block's n-grams from short to long, each once: searches of one length do not wait for each other.

    ``nodes[n, j]`` is the node of the n tokens before place j; −1 if they were never seen.
    """
    order, length = len(trie.discounts), blocks.shape[1]
    nodes[0] = 0
    begin_block(trie, nodes[:order, 0])
    nodes[order, 0] = -1
    for i in range(blocks.shape[0]):
        for n in range(1, order + 1):
            for j in range(length):
                context, is_shorter_known = nodes[n - 1, j], nodes[n - 1, j + 1] >= 0
                token = np.int64(blocks[i, j])
                nodes[n, j + 1] = find_child(trie, context, token) if context >= 0 and is_shorter_known else -1
        for j in range(length):
            left = 1.0
            n = order
            while nodes[n, j + 1] < 0:
                n -= 1
                if nodes[n, j] >= 0:
                    left *= trie.backoff[nodes[n, j]]
            found[i, j] = np.log(left * trie.chance[nodes[n, j + 1]])
