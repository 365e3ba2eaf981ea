"""Sets of documents as arrays of 64-bit words, and processor instructions for them that Numba has no name for."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

from modelcollapse.forest.compilation import Array, kernel


@kernel
def make_sets(starts: Array, postings: Array, terms: Array, n_words: int) -> Array:
    """Make the bit set of each term's documents, ``postings[starts[term]:starts[term + 1]]``."""
    sets = np.zeros((len(terms), n_words), np.uint64)
    for i in range(len(terms)):
        for j in range(starts[terms[i]], starts[terms[i] + 1]):
            sets[i, postings[j] >> 6] |= np.uint64(1) << np.uint64(postings[j] & 63)
    return sets


def _count_bits(typing_context: Any, word: Any) -> Any:
    """Count the set bits of a uint64 (LLVM's ``ctpop``, which vectorises): int64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


def _lowest_bit(typing_context: Any, word: Any) -> Any:
    """Find the position of the lowest set bit of a uint64 that is not 0 (LLVM's ``cttz``): int64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


def _prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Let the processor fetch an element of a one-dimensional array that is read soon; any index is harmless."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        instruction = cgutils.get_or_insert_function(  # type: ignore[no-untyped-call]
            builder.module, ir.FunctionType(ir.VoidType(), [byte, number, number, number]), "llvm.prefetch.p0"
        )
        make_array: Any = arrayobj.make_array
        data = make_array(signature.args[0])(context, builder, arguments[0]).data
        element = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        builder.call(instruction, [element, number(0), number(3), number(1)])  # to read; keep it near; data
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


prefetch: Any = intrinsic(_prefetch)
count_bits: Any = intrinsic(_count_bits)
lowest_bit: Any = intrinsic(_lowest_bit)
