"""Is it a language model? Asked once of every model by import path, on a few blocks, before anything runs."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from modelcollapse.domains.generation.models import AnyModel, model_of
from modelcollapse.errors import FaultyLearnerError, LearnerError, describe
from modelcollapse.simulation.learning.containment import contained
from modelcollapse.simulation.spec import Model

_N_TYPES, _N_BLOCKS, _LENGTH = 7, 40, 8

#: By so much sums of probabilities may miss 1, and logarithms each other: models may compute in 16 bits.
_TOLERANCE = 0.02

#: What is wrong with a model on any data, or with this machine. Others may come of few blocks: a chain's own failure.
_FATAL = (
    FaultyLearnerError, ImportError, OSError, MemoryError, AttributeError, NameError, TypeError, NotImplementedError
)  # fmt: skip


def check(model: Model) -> None:
    """Train a model and let it write and score, unless that was done before in this process.

    Raise LearnerError if it does not do what `language_model.LanguageModel` says, or misses a library or a file.
    """
    if model.name != "ngram":
        _check(model, repr(model.params))


@cache
def _check(model: Model, exact: str) -> None:
    """Remember what was found good by how parameters are written, too: 1, 1.0 and True are equal, but not the same."""
    with contained(silent=True), threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _try(model)
        except (Exception, SystemExit) as error:
            fatal = error
        else:
            return
    if isinstance(fatal, FaultyLearnerError):
        raise LearnerError(f"Language model '{model.name}' cannot be used: {fatal}.") from fatal
    if isinstance(fatal, (*_FATAL, SystemExit)):
        raise LearnerError(f"Language model '{model.name}' cannot be used: {describe(fatal).rstrip('.')}.") from fatal


def _try(model: Model) -> None:
    blocks = np.random.default_rng(0).integers(_N_TYPES, size=(_N_BLOCKS, _LENGTH))
    once, again = (model_of(model, _N_TYPES).fit(blocks.copy(), 1) for _ in range(2))
    first, *others = (each.sample(_N_BLOCKS, _LENGTH, np.random.default_rng(2)) for each in (once, once, again))
    if not all(np.array_equal(first, other) for other in others):
        raise FaultyLearnerError("its sample gave two texts for one seed and one rng, expected no other randomness")
    rows = np.array([1, 3])
    if not np.array_equal(first[rows], once.sample(_N_BLOCKS, _LENGTH, np.random.default_rng(2), rows=rows)):
        raise FaultyLearnerError("its sample wrote other blocks when asked for some rows alone")
    if np.ptp([once.log_prob(blocks) for _ in range(2)], axis=0).max() > _TOLERANCE:
        raise FaultyLearnerError("its log_prob gave two answers for the same blocks: is a network still in training?")
    _check_scores(once, blocks[0])


def _check_scores(trained: AnyModel, block: npt.NDArray[np.int64]) -> None:
    """Put every token in every place of a block: all together have probability 1, and those before do not know."""
    varied = np.tile(block, (_LENGTH, _N_TYPES, 1))
    for place in range(_LENGTH):
        varied[place, :, place] = np.arange(_N_TYPES)
    scores = trained.log_prob(varied.reshape(-1, _LENGTH)).reshape(varied.shape)
    for place in range(_LENGTH):
        total = np.exp(scores[place, :, place]).sum()
        if abs(total - 1) > _TOLERANCE:
            raise FaultyLearnerError(f"its log_prob gives all tokens of a place {total:.3g} together, expected 1")
        if np.ptp(scores[place, :, :place], axis=0).max(initial=0.0) > _TOLERANCE:
            raise FaultyLearnerError("its log_prob of a token changes with what comes later, expected what came before")
