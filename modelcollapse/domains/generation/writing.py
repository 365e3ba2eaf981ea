"""How blocks are written from a trie: O(1) a token, by drawing occurrences; and what decoders make of that.

Decoders draw tokens from the model's probabilities and accept some: that is exact, and the vocabulary is never scanned.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from modelcollapse.domains.generation.compilation import (
    Array,
    Float,
    Int,
    inlined_kernel,
    kernel,
    lean_kernel,
    random_below,
    random_unit,
)
from modelcollapse.domains.generation.trie import Trie, advance, begin_block, find_child, probability

#: Probabilities that differ by less than this, relatively, are equal.
_ROUNDING = 1e-9


class Decoder(NamedTuple):
    """What a model's probabilities are made into before a token is drawn. At most one field says something.

    Attributes
    ----------
    smooths : bool
        False: relative frequencies in the longest context seen, instead of probabilities.
    exponent : float
        Probabilities are raised to this power, and those raised add up to 1 again.
    most : int
        The most likely tokens are drawn: so many, and those that are as likely as the last of them; 0 for all tokens.
    mass : float
        The most likely tokens are drawn that together have this probability, and those as likely as the last of them.
    """

    smooths: bool = True
    exponent: float = 1.0
    most: int = 0
    mass: float = 1.0


class Tables(NamedTuple):
    """What decoders look up, by node; empty where a decoder does not need it.

    Attributes
    ----------
    likeliest : ndarray of int32, shape (n_contexts,)
        The most likely token.
    chance, chance_shorter : ndarray of float64, shape (n_nodes,)
        Of the children of every node: their probabilities, those of their suffixes; from large to small.
    mass, mass_shorter : ndarray of float64, shape (n_nodes + 1,)
        Sums of these before each.
    powered : ndarray of float64, shape (n_nodes + 1,)
        Sums of (c − D)/T, raised to the decoder's exponent, of all nodes before each.
    """

    likeliest: Array
    chance: Array
    chance_shorter: Array
    mass: Array
    mass_shorter: Array
    powered: Array


def tables_of(trie: Trie, decoder: Decoder) -> Tables:
    """Return what a decoder needs."""
    likeliest, ranked, powered = np.empty(0, np.int32), [np.empty(0), np.empty(0)], np.empty(0)
    parent = np.repeat(np.arange(len(trie.token)), np.diff(trie.first_child))
    if decoder.most == 1 or decoder.exponent > 1:
        likeliest = find_likeliest(trie)
    elif decoder.most > 0 or decoder.mass < 1:
        values = (trie.chance[1:], trie.chance[trie.suffix[1:]])
        ranked = [np.append(0.0, value[np.lexsort((-value, parent))]) for value in values]
    elif decoder.exponent < 1:
        totals = np.diff(trie.start[trie.first_child])[parent]
        counts = np.maximum(trie.counts[1:] - trie.discounts[trie.length[1:] - 1], 0)
        powered = np.append(0.0, counts / np.maximum(totals, 1)) ** decoder.exponent
    return Tables(likeliest, *ranked, *(np.append(0.0, np.cumsum(values)) for values in (*ranked, powered)))


@kernel
def find_likeliest(trie: Trie) -> Array:
    """Return the most likely token after every context: one seen there, or the one after the shorter context."""
    tokens, chances = np.empty(trie.n_contexts, np.int32), np.empty(trie.n_contexts, np.float64)
    for node in range(trie.n_contexts):
        shorter = trie.suffix[node]
        tokens[node], chances[node] = tokens[shorter], trie.backoff[node] * chances[shorter]
        if node == 0:
            chances[0] = -1.0
        for child in range(trie.first_child[node], trie.first_child[node + 1]):
            if trie.chance[child] > chances[node]:
                tokens[node], chances[node] = trie.token[child], trie.chance[child]
    return tokens


@kernel
def write(trie: Trie, seeds: Array, length: Int, decoder: Decoder, tables: Tables) -> Array:
    """Write a block for each seed, a uint64, that depends on no other: int32, shape (len(seeds), length)."""
    blocks = np.empty((len(seeds), length), np.int32)
    contexts, weights = np.empty(len(trie.discounts), np.int64), np.empty(len(trie.discounts))
    _write(trie, seeds, decoder, tables, contexts, weights, np.empty(1, np.uint64), blocks)
    return blocks


@lean_kernel
def _write(
    trie: Trie,
    seeds: Array,
    decoder: Decoder,
    tables: Tables,
    contexts: Array,
    weights: Array,
    state: Array,
    blocks: Array,
) -> None:
    for i in range(len(seeds)):
        state[0] = seeds[i]
        begin_block(trie, contexts)
        for j in range(blocks.shape[1]):
            token = decode(trie, contexts, state, decoder, tables, weights)
            blocks[i, j] = token
            advance(trie, contexts, token)


@inlined_kernel
def decode(trie: Trie, contexts: Array, state: Array, decoder: Decoder, tables: Tables, weights: Array) -> Int:
    """Draw a token as a decoder does; `weights` is room for a number of every context."""
    if decoder.most == 1:
        return np.int64(tables.likeliest[longest(contexts)])
    if decoder.exponent < 1.0:
        return draw_flattened(trie, contexts, state, decoder.exponent, tables.powered, weights)
    highest = 1.0
    if decoder.exponent > 1.0:
        highest = probability(trie, contexts, np.int64(tables.likeliest[longest(contexts)]))
    while True:
        token = draw(trie, contexts, state, decoder.smooths)
        if decoder.exponent > 1.0:
            share = (probability(trie, contexts, token) / highest) ** (decoder.exponent - 1.0)
            if random_unit(state) < share:
                return token
        elif decoder.most > 0 or decoder.mass < 1.0:
            number, mass = more_likely(trie, contexts, probability(trie, contexts, token), tables)
            if (decoder.most == 0 or number < decoder.most) and mass < decoder.mass:
                return token
        else:
            return token


@inlined_kernel
def draw(trie: Trie, contexts: Array, state: Array, smooths: bool) -> Int:
    """Draw a token from its probabilities, or without smoothing from relative frequencies in the longest context.

    An occurrence of the context is followed by a token with probability c/T; it is accepted with (c − D)/c, else the
    shorter context is asked: that is interpolated absolute discounting.
    """
    for n in range(len(contexts) - 1, -1, -1):
        node = contexts[n]
        if node < 0:
            continue
        first = trie.start[trie.first_child[node]]
        total = trie.start[trie.first_child[node + 1]] - first
        if total > 0:
            child = trie.occurrence[first + random_below(state, total)]
            if not smooths or random_unit(state) * trie.counts[child] >= trie.discounts[n]:
                return np.int64(trie.token[child])
    return random_below(state, trie.n_types)


@inlined_kernel
def longest(contexts: Array) -> Int:
    """Return the node of the longest context that has been seen."""
    n = len(contexts) - 1
    while contexts[n] < 0:
        n -= 1
    return contexts[n]


@inlined_kernel
def more_likely(trie: Trie, contexts: Array, chance: Float, tables: Tables) -> tuple[Int, Float]:
    """Return how many tokens are more likely than this, and their probability together.

    From the longest context to the empty one: those seen there, less what the shorter context says of the same.
    """
    number, mass, left = 0, 0.0, 1.0 / (1.0 + _ROUNDING)
    for n in range(len(contexts) - 1, -1, -1):
        node = contexts[n]
        if node < 0:
            continue
        first, end = trie.first_child[node], trie.first_child[node + 1]
        above = _end_above(tables.chance, first, end, chance / left)
        number += above - first
        mass += left * (tables.mass[above] - tables.mass[first])
        if n > 0:
            left *= trie.backoff[node]
            above = _end_above(tables.chance_shorter, first, end, chance / left)
            number -= above - first
            mass -= left * (tables.mass_shorter[above] - tables.mass_shorter[first])
    return number, mass


@inlined_kernel
def _end_above(values: Array, low: Int, high: Int, bound: Float) -> Int:
    """Return where in a part that falls values no longer exceed a bound."""
    while low < high:
        middle = (low + high) >> 1
        if values[middle] > bound:
            low = middle + 1
        else:
            high = middle
    return low


@inlined_kernel
def draw_flattened(trie: Trie, contexts: Array, state: Array, exponent: Float, sums: Array, weights: Array) -> Int:
    """Draw a token from its probabilities raised to a power below 1.

    A probability is a sum of shares, one from every context; its power is at most the sum of the shares' powers. So a
    token is drawn from that sum and accepted with the ratio of the two.
    """
    while True:
        left, total = 1.0, 0.0
        for n in range(len(contexts) - 1, -1, -1):
            node, weights[n] = contexts[n], 0.0
            if node >= 0:
                weights[n] = left**exponent * (sums[trie.first_child[node + 1]] - sums[trie.first_child[node]])
                left *= trie.backoff[node]
            total += weights[n]
        even = (left / trie.n_types) ** exponent
        drawn = random_unit(state) * (total + even * trie.n_types)
        token = np.int64(-1)
        for n in range(len(contexts)):
            if token < 0 and drawn < weights[n]:
                node = contexts[n]
                first, end = trie.first_child[node], trie.first_child[node + 1]
                value = sums[first] + drawn / weights[n] * (sums[end] - sums[first])
                token = np.int64(trie.token[first + np.searchsorted(sums[first + 1 : end], value, side="right")])
            drawn -= weights[n]
        if token < 0:
            token = random_below(state, trie.n_types)
        if token == trie.n_types:
            continue
        left, bound = 1.0, even
        for n in range(len(contexts) - 1, -1, -1):
            node = contexts[n]
            if node >= 0:
                child = find_child(trie, node, token)
                if child >= 0:
                    bound += left**exponent * (sums[child + 1] - sums[child])
                left *= trie.backoff[node]
        if random_unit(state) * bound < probability(trie, contexts, token) ** exponent:
            return token
