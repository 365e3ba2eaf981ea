"""Small worlds whose truth is known exactly: a model is fitted to draws from the truth, and then to its own draws.

A slot holds one draw for each of `replicates` independent worlds, so that one chain averages over many. What is due in
each of them is in `laws`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from modelcollapse.domains.closed_form.laws import Floats

Values = npt.NDArray[Any]

#: What chains of `Logistic` test on and train on: the published run's split of scikit-learn's diabetes data.
DIABETES_SEED, DIABETES_TEST_SHARE, DIABETES_THRESHOLD = 123456, 0.3, 100


class World(Protocol):
    """What is drawn, fitted and measured.

    Unless a world says otherwise, a draw is a real number that depends on no inputs, and people's are standard normal.

    Attributes
    ----------
    replicates : int
        Independent worlds in one chain: the second axis of all values.
    library : str, optional
        The package whose version matters to results.
    whole : mapping of str to int
        Its whole numbers, and the least that each may be.
    """

    replicates: int
    library: ClassVar[str | None] = None
    whole: ClassVar[Mapping[str, int]] = {"replicates": 1}

    def __post_init__(self) -> None:
        for name, least in self.whole.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= 1_000_000:
                raise ValueError(f"found {name} {value!r}, expected a whole number from {least} to 1,000,000")

    @property
    def dtype(self) -> str:
        """NumPy dtype of one draw."""
        return "<f8"

    @property
    def repeats_inputs(self) -> bool:
        """Whether the initial slots' inputs come again and again."""
        return False

    def draw_inputs(self, n: int, random: np.random.Generator) -> Floats:
        """Draw the inputs of the first `n` slots, shape (n, d); d is 0 where a draw depends on the model alone."""
        return np.empty((n, 0))

    def human(self, inputs: Floats, random: np.random.Generator) -> Values:
        """Draw slots from the truth, shape (n, replicates); the first draws do not depend on `n`."""
        return random.standard_normal((len(inputs), self.replicates))

    def fit(self, inputs: Floats, values: Values) -> Floats:
        """Fit the model of every replicate to slots; return its parameters, shape (replicates, n_parameters)."""

    def draw(self, fitted: Floats, inputs: Floats, random: np.random.Generator) -> Values:
        """Draw slots from the fitted models, shape (n, replicates)."""

    def measure(self, fitted: Floats) -> dict[str, float]:
        """Return this world's columns, means over the replicates; ``risk`` among them."""


class Frequencies(World):
    """Categories, fitted by their relative frequencies: what `Discrete` and `Text` share.

    Columns: ``risk`` is the squared distance Σ (p̂ − p)² from the truth, ``diversity`` is 1 − Σ p̂² (the probability that
    two draws differ), ``types_left`` the number of categories that the model can still draw.
    """

    truth: Floats

    @property
    def dtype(self) -> str:
        """The least that holds every category."""
        return np.min_scalar_type(len(self.truth) - 1).str

    def fit(self, inputs: Floats, values: Values) -> Floats:
        """See `World`."""
        n_categories = len(self.truth)
        cells = values + n_categories * np.arange(self.replicates)
        counts = np.bincount(cells.ravel(), minlength=n_categories * self.replicates)
        return counts.reshape(self.replicates, n_categories) / len(values)

    def draw(self, fitted: Floats, inputs: Floats, random: np.random.Generator) -> Values:
        """See `World`."""
        uniform = random.random((len(inputs), self.replicates))
        drawn = [_categories(fitted[i], uniform[:, i]) for i in range(self.replicates)]
        return np.stack(drawn, axis=1)

    def measure(self, fitted: Floats) -> dict[str, float]:
        """See `World`."""
        return {
            "risk": float(((fitted - self.truth) ** 2).sum(axis=1).mean()),
            "diversity": float(1 - (fitted**2).sum(axis=1).mean()),
            "types_left": float((fitted > 0).sum(axis=1).mean()),
        }


@dataclass(frozen=True)
class Discrete(Frequencies):
    """Categories with probabilities ∝ 1/rank^exponent."""

    categories: int = 20
    exponent: float = 1.0
    replicates: int = 100
    whole: ClassVar[Mapping[str, int]] = {"categories": 2, "replicates": 1}

    def __post_init__(self) -> None:
        super().__post_init__()
        value = self.exponent
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < np.inf:
            raise ValueError(f"found exponent {value!r}, expected a number from 0 up")

    @cached_property
    def truth(self) -> Floats:  # type: ignore[override]
        """Probabilities, shape (categories,)."""
        weights = np.arange(1, self.categories + 1, dtype=np.float64) ** -self.exponent
        return weights / weights.sum()

    def human(self, inputs: Floats, random: np.random.Generator) -> Values:
        """See `World`."""
        return _categories(self.truth, random.random((len(inputs), self.replicates)))


@dataclass(frozen=True)
class Text(Frequencies):
    """A text, resampled word by word: a unigram model of its own output.

    Parameters
    ----------
    text : ndarray of int, shape (n_words,)
        A number for every word. People wrote this one text: beyond its length it comes again.
    """

    text: npt.NDArray[np.integer[Any]]
    replicates: int = 1

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """Occurrences of every word of the text, shape (n_types,)."""
        return np.unique(self.text, return_counts=True)[1]

    @cached_property
    def truth(self) -> Floats:  # type: ignore[override]
        """Relative frequencies, shape (n_types,)."""
        return self.counts / self.counts.sum()

    def human(self, inputs: Floats, random: np.random.Generator) -> Values:
        """See `World`."""
        text = random.permutation(np.repeat(np.arange(len(self.counts)), self.counts).astype(self.dtype))
        return np.repeat(np.resize(text, len(inputs))[:, None], self.replicates, axis=1)


@dataclass(frozen=True)
class Gaussian(World):
    """A standard normal, fitted by the mean and the variance with denominator n.

    Columns: ``risk`` is the squared error of the mean, ``variance`` σ̂², ``log_variance`` its natural logarithm.
    """

    replicates: int = 100

    def fit(self, inputs: Floats, values: Values) -> Floats:
        """See `World`."""
        return np.stack((values.mean(axis=0), values.var(axis=0)), axis=1)

    def draw(self, fitted: Floats, inputs: Floats, random: np.random.Generator) -> Values:
        """See `World`."""
        return fitted[:, 0] + np.sqrt(fitted[:, 1]) * random.standard_normal((len(inputs), self.replicates))

    def measure(self, fitted: Floats) -> dict[str, float]:
        """See `World`."""
        mean, variance = fitted.T
        return {
            "risk": float((mean**2).mean()),
            "variance": float(variance.mean()),
            "log_variance": float(np.log(variance).mean()),
        }


@dataclass(frozen=True)
class LeastSquares(World):
    """A linear model without effect, y = 0·x + ε with standard normal x and ε, fitted by ordinary least squares.

    All replicates of a chain share the inputs. ``risk`` is |β̂|²: the error on fresh inputs beyond the noise.

    Parameters
    ----------
    inputs : {"fresh", "same"}
        Whether increments bring new inputs, or those of the initial slots again, as in much of the literature.
    """

    dimensions: int = 10
    inputs: str = "fresh"
    replicates: int = 20
    whole: ClassVar[Mapping[str, int]] = {"dimensions": 1, "replicates": 1}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.inputs not in ("fresh", "same"):
            raise ValueError(f"found inputs '{self.inputs}', expected fresh or same")

    @property
    def repeats_inputs(self) -> bool:
        """See `World`."""
        return self.inputs == "same"

    def draw_inputs(self, n: int, random: np.random.Generator) -> Floats:
        """See `World`."""
        return random.standard_normal((n, self.dimensions))

    def fit(self, inputs: Floats, values: Values) -> Floats:
        """See `World`."""
        return np.linalg.lstsq(inputs, values)[0].T

    def draw(self, fitted: Floats, inputs: Floats, random: np.random.Generator) -> Values:
        """See `World`."""
        return inputs @ fitted.T + random.standard_normal((len(inputs), self.replicates))

    def measure(self, fitted: Floats) -> dict[str, float]:
        """See `World`."""
        return {"risk": float((fitted**2).sum(axis=1).mean())}


@dataclass(frozen=True)
class Logistic(World):
    """Diabetes patients of scikit-learn, y = progression above 100, fitted by logistic regression without penalty.

    The inputs are those patients, again and again; the model samples labels. ``risk`` is the log-loss on the test set.
    """

    replicates: int = 1
    dtype: ClassVar[str] = "|u1"
    library: ClassVar[str | None] = "scikit-learn"

    @cached_property
    def _data(self) -> tuple[Floats, Floats, Values, Values]:
        from sklearn.datasets import load_diabetes
        from sklearn.model_selection import train_test_split

        inputs, progression = load_diabetes(return_X_y=True)
        labels = (progression > DIABETES_THRESHOLD).astype(np.uint8)
        train, test, y, y_test = train_test_split(
            inputs, labels, test_size=DIABETES_TEST_SHARE, random_state=DIABETES_SEED
        )
        return train, test, y, y_test

    def draw_inputs(self, n: int, random: np.random.Generator) -> Floats:
        """See `World`; the patients in the order of the published split, again and again."""
        return np.resize(self._data[0], (n, self._data[0].shape[1]))

    def human(self, inputs: Floats, random: np.random.Generator) -> Values:
        """See `World`."""
        return np.repeat(np.resize(self._data[2], len(inputs))[:, None], self.replicates, axis=1)

    def fit(self, inputs: Floats, values: Values) -> Floats:
        """See `World`."""
        from sklearn.linear_model import LogisticRegression

        fitted = []
        for labels in values.T:
            model = LogisticRegression(C=np.inf, max_iter=10_000).fit(inputs, labels)
            fitted.append(np.append(model.coef_[0], model.intercept_))
        return np.array(fitted)

    def draw(self, fitted: Floats, inputs: Floats, random: np.random.Generator) -> Values:
        """See `World`."""
        return (random.random((len(inputs), self.replicates)) < _probability(fitted, inputs)).astype(np.uint8)

    def measure(self, fitted: Floats) -> dict[str, float]:
        """See `World`."""
        from sklearn.metrics import log_loss

        _, test, _, truth = self._data
        return {"risk": float(np.mean([log_loss(truth, p) for p in _probability(fitted, test).T]))}


WORLDS: Mapping[str, type] = {
    "discrete": Discrete,
    "gaussian": Gaussian,
    "least-squares": LeastSquares,
    "logistic": Logistic,
    "text": Text,
}


def _categories(probabilities: Floats, uniform: Floats) -> Values:
    """Return the category of every uniform number; rounding at the end of the cumulated sum cannot leave the range."""
    last = np.flatnonzero(probabilities)[-1]
    return np.searchsorted(np.cumsum(probabilities)[:last], uniform, side="right")


def _probability(fitted: Floats, inputs: Floats) -> Floats:
    """Return P(class 1), shape (n_inputs, replicates)."""
    from scipy.special import expit

    return expit(inputs @ fitted[:, :-1].T + fitted[:, -1])
