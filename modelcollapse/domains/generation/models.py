"""Language models by name or import path: making them, naming them in ids, and checking what strangers' answer."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from modelcollapse.domains.generation.ngram import Blocks, Ngram
from modelcollapse.domains.generation.writing import Decoder
from modelcollapse.errors import FaultyLearnerError, LearnerError, describe
from modelcollapse.simulation.learning import import_paths
from modelcollapse.simulation.learning.import_paths import refusing
from modelcollapse.simulation.learning.predictors import ROUNDING, as_array, finite_numbers
from modelcollapse.simulation.spec import Model

#: Without a discount, test blocks have probability 0: no cross-entropy is a number, and nothing can be compared.
LEAST_DISCOUNT = 0.01

#: Raised whenever the n-gram model gives other texts than before.
NGRAM_VERSION = 1

#: What a model by import path takes beside its blocks: PyTorch, and a small network.
FOREIGN_BYTES = 1_000_000_000

_METHODS: Mapping[str, int] = {"fit": 2, "sample": 3, "log_prob": 1}

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class ForeignModel:
    """A model by import path, whose answers are checked on every call: see `language_model.LanguageModel`.

    Where there is nothing to be trained on, every token is as likely as any other.
    """

    def __init__(self, model: Any, n_types: int) -> None:
        self._model, self._n_types = model, n_types
        self._is_trained = False
        self.kind = type(model)
        self.keywords = frozenset(inspect.signature(model.sample).parameters) & {"decoder", "rows"}

    def fit(self, blocks: Blocks, seed: int) -> ForeignModel:
        """Train the model; raise FaultyLearnerError if it returns something else than itself or nothing."""
        self._is_trained = len(blocks) > 0
        if self._is_trained:
            found = self._model.fit(blocks.astype(np.int64), seed)
            if found is not None and found is not self._model:
                raise FaultyLearnerError(f"its fit gave {found!r:.60}, expected itself or nothing")
        return self

    def sample(
        self, n: int, length: int, rng: np.random.Generator, decoder: Decoder | None = None, rows: Blocks | None = None
    ) -> npt.NDArray[np.integer]:
        """See `Ngram.sample`; a model that does not take `rows` writes all n blocks.

        Raise FaultyLearnerError for another shape, other numbers than integers, or tokens outside the vocabulary.
        """
        wanted = np.arange(n) if rows is None else rows
        if not self._is_trained:
            return rng.integers(self._n_types, size=(n, length))[wanted]
        given = {"decoder": Decoder() if decoder is None else decoder, "rows": rows}
        found = self._model.sample(n, length, rng, **{name: given[name] for name in sorted(self.keywords)})
        shape = (len(wanted) if "rows" in self.keywords else n, length)
        tokens = as_array(found, shape, "sample", "iu", "integers")
        if tokens.min() < 0 or tokens.max() >= self._n_types:
            other = tokens.min() if tokens.min() < 0 else tokens.max()
            raise FaultyLearnerError(f"its sample gave the token {other}, expected 0 to {self._n_types - 1}")
        return tokens if "rows" in self.keywords else tokens[wanted]

    def log_prob(self, blocks: Blocks) -> npt.NDArray[np.float64]:
        """See `Ngram.log_prob`; raise FaultyLearnerError for what is no logarithm of a probability for each token."""
        if not self._is_trained:
            return np.full(blocks.shape, -np.log(self._n_types))
        found = self._model.log_prob(blocks.astype(np.int64))
        scores = finite_numbers(found, blocks.shape, "log_prob", "fiu")
        if scores.max() > ROUNDING:
            raise FaultyLearnerError(f"its log_prob gave {scores.max():g}, expected logarithms of probabilities, ≤ 0")
        return np.minimum(scores, 0.0)


#: A model that is trained, writes and scores.
AnyModel: TypeAlias = Ngram | ForeignModel


def model_of(model: Model, n_types: int) -> AnyModel:
    """Return a model that is not trained yet; raise LearnerError for an unknown name or an impossible parameter."""
    if model.name == "ngram":
        made = Ngram(n_types, **dict(model.params))  # type: ignore[arg-type]
        if made.discount < LEAST_DISCOUNT:
            raise LearnerError(f"discount: found {made.discount:g}, expected a number from {LEAST_DISCOUNT} to 1.")
        return made
    return ForeignModel(_instantiate(model, n_types), n_types)


def parameter_names(name: str) -> Collection[str]:
    """Return the parameters that a model takes."""
    return ("order", "discount") if name == "ngram" else tuple(_defaults(name))


def identity(model: Model) -> dict[str, object]:
    """Return what makes a model's results: its class, every parameter, and its library's major.minor version."""
    made = _untrained(model)
    if isinstance(made, Ngram):
        return {"model": model.name, "order": made.order, "discount": made.discount, "version": NGRAM_VERSION}
    params = {name: repr(value) for name, value in sorted({**_defaults(model.name), **dict(model.params)}.items())}
    import_paths.check_texts(f"Language model '{model.name}'", params)
    version = import_paths.library_version(model.name)
    known: dict[str, object] = {"class": model.name, "params": params, "version": version}
    if not inspect.isclass(_maker(model.name)):
        known["makes"] = import_paths.class_and_version(made.kind)
    return known


def memory(model: Model, n_tokens: int) -> int:
    """Return the bytes that a model takes which is trained on a number of tokens, or writes as many."""
    if model.name != "ngram":
        return FOREIGN_BYTES + 100 * n_tokens
    return 100 * Ngram(2, **dict(model.params)).order * n_tokens  # type: ignore[arg-type]


def takes(model: Model, decoder: Decoder) -> bool:
    """Return whether a model can be told to draw tokens in this way."""
    made = _untrained(model)
    return decoder == Decoder() or isinstance(made, Ngram) or "decoder" in made.keywords


def _untrained(model: Model) -> AnyModel:
    """Return a model of a vocabulary of two; raise LearnerError, in one line, if it cannot be made."""
    with refusing(f"Language model '{model.name}' cannot be made with {model.params_text or 'n_types alone'}"):
        return model_of(model, 2)


def _instantiate(model: Model, n_types: int) -> Any:
    """Return what a stranger's class or function makes."""
    made = _maker(model.name)(n_types=n_types, **dict(model.params))
    for method, n_arguments in _METHODS.items():
        try:
            inspect.signature(getattr(made, method)).bind(*range(n_arguments))
        except (AttributeError, TypeError) as error:
            raise LearnerError(
                f"Found '{model.name}', whose {method} cannot be called ({describe(error)}), expected "
                "fit(blocks, seed), sample(n, length, rng) and log_prob(blocks)."
            ) from error
    return made


def _defaults(name: str) -> dict[str, Any]:
    """Return the parameters of a stranger's model, and their defaults."""
    parameters = inspect.signature(_maker(name)).parameters.values()
    return {each.name: each.default for each in parameters if each.name != "n_types" and each.kind not in _VARIADIC}


def _maker(name: str) -> Any:
    """Return the class at an import path, or the function; one that takes a vocabulary, so it is meant to be called."""
    if ":" not in name:
        raise LearnerError(
            f"Found no language model '{name}', expected ngram, or the import path of one such as my_models:Recurrent."
        )
    make = import_paths.imported(name, "language model")
    with refusing(f"Found no language model at '{name}'"):
        is_one = inspect.isclass(make) or inspect.isfunction(make)
        parameters = inspect.signature(make).parameters if is_one else {}
    needed = {each.name for each in parameters.values() if each.default is each.empty and each.kind not in _VARIADIC}
    if "n_types" not in parameters or needed - {"n_types"}:
        raise LearnerError(
            f"Found '{name}', expected a class, or a function that makes a model, whose argument is n_types and whose "
            "others have defaults."
        )
    return make
