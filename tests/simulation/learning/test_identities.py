from __future__ import annotations

import enum
import functools
import json
import subprocess
import sys
import textwrap
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import loguniform
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from modelcollapse.simulation.learning.identities import UnidentifiableError, identity_of

FACTOR = 2.0
GENERATOR = np.random.default_rng(0)


def scaled(x):
    return x * FACTOR


def scaled_elsewhere(x):
    return scaled(x)


def noisy(x):
    return x + GENERATOR.normal()


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def powered(exponent):
    def power(x, base=2):
        return base * x**exponent

    return power


@functools.lru_cache
def remembered(x):
    return scaled(x)


@dataclass
class Point:
    x: int = 0
    y: float = 0.0


def scaling(factor):
    def decorate(function):
        @functools.wraps(function)
        def scaled(x):
            return factor * function(x)

        return scaled

    return decorate


def identical(x):
    return x


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Scaler(BaseEstimator):
    kind = "plain"

    def __init__(self, by=1.0):
        self.by = by

    @property
    def inverse(self):
        return 1 / self.by

    @staticmethod
    def transform(x):
        return scaled(x)


class Unwritable:
    def __reduce_ex__(self, protocol):
        raise TypeError("no")


@pytest.mark.parametrize(
    "value",
    [
        1,
        0.1,
        float("nan"),
        "a",
        None,
        b"bytes",
        (1, [2, {"a": 3}], {4, 5}),
        np.float32(0.1),
        np.arange(6).reshape(2, 3),
        np.array(["a", None], dtype=object),
        sparse.csr_matrix(np.eye(3)),
        Point(1, 2.0),
        scaled_elsewhere,
        remembered,
        even,
        powered(3),
        functools.partial(scaled, 2),
        np.log1p,
        np,
        Scaler(2.0),
        Scaler(Point()),
        StratifiedKFold(3),
        make_scorer(f1_score),
        loguniform(1e-3, 1),
        OrderedDict(a=1),
        Colour.RED,
        scaling(2)(identical),
        make_pipeline(StandardScaler(), FunctionTransformer(scaled), LogisticRegression()),
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, scoring=make_scorer(f1_score)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_it_is_text_and_the_same_whenever_it_is_asked(value):
    told = json.dumps(identity_of(value))
    assert told == json.dumps(identity_of(value))
    assert " at 0x" not in told


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        ("1", 1),
        ([1], (1,)),
        (np.float32(1), np.float64(1)),
        (np.zeros(2), np.zeros((2, 1))),
        (np.zeros(2), np.zeros(2, dtype=np.float32)),
        (powered(2), powered(3)),
        (scaled, scaled_elsewhere),
        (functools.partial(scaled, 2), functools.partial(scaled, 3)),
        (Point(1), Point(2)),
        (Colour.RED, Colour.BLUE),
        (scaling(2)(identical), scaling(3)(identical)),
        (scaling(2)(identical), identical),
        (Scaler(1), Scaler(2)),
        (Scaler(Point(1)), Scaler(Point(2))),
        (loguniform(1e-3, 1), loguniform(1e-2, 1)),
        (StratifiedKFold(3), StratifiedKFold(4)),
        (make_pipeline(StandardScaler(), LogisticRegression()), make_pipeline(LogisticRegression())),
        (Scaler(), Scaler().set_params(by=LogisticRegression())),
    ],
)
def test_different_things_have_different_identities(one, other):
    assert identity_of(one) != identity_of(other)


def test_the_chains_own_parameters_do_not_count():
    mine = make_pipeline(StandardScaler(), LogisticRegression(random_state=3, verbose=1))
    assert identity_of(mine) == identity_of(make_pipeline(StandardScaler(), LogisticRegression()))


def test_what_functions_use_counts(monkeypatch):
    before = identity_of(scaled_elsewhere), identity_of(Scaler())
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    assert identity_of(scaled_elsewhere) != before[0]
    assert identity_of(Scaler()) != before[1]


def test_what_survives_a_clone_counts():
    assert identity_of(StandardScaler().set_output(transform="polars")) != identity_of(StandardScaler())


def holding_itself():
    things: list[object] = []
    things.append(things)
    return things


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (FunctionTransformer(lambda x: x), "a lambda in FunctionTransformer.func"),
        (Scaler(noisy), r"a random generator in noisy \(GENERATOR\)"),
        (Scaler(np.random.RandomState(0)), "a random generator in Scaler.by"),
        (Scaler(sys.stderr), "no value that could be written down"),
        (Scaler(i for i in range(3)), "a generator in Scaler.by"),
        (Scaler(Unwritable()), "an? Unwritable in Scaler.by"),
        (Scaler(holding_itself()), "holds itself"),
        (Scaler(FrozenEstimator(LogisticRegression())), "keeps what it has learnt"),
        (eval("scaled.__class__(compile('1', 'nowhere', 'eval'), {'__name__': 'nowhere'}, 'made')"), "cannot be read"),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_reason(value, message):
    with pytest.raises(UnidentifiableError, match=message):
        identity_of(value)


SCRIPT = """
from sklearn.base import BaseEstimator
from modelcollapse.simulation.learning.identities import identity_of

FACTOR = {factor}

def helper(x):
    return x * FACTOR

class Mine(BaseEstimator):
    def __init__(self, names={{"a", "b", "c"}}):
        self.names = names

    def fit(self, x, y):
        return helper(x)

print(identity_of(Mine()))
"""


def test_code_of_a_script_is_told_by_its_source(tmp_path):
    def told(name, factor, hashing="1"):
        file = tmp_path / name
        file.write_text(textwrap.dedent(SCRIPT.format(factor=factor)))
        environment = {"PYTHONHASHSEED": hashing, "PYTHONPATH": ":".join(filter(None, sys.path))}
        run = subprocess.run([sys.executable, file], env=environment, capture_output=True, text=True, check=True)
        return run.stdout

    first = told("one.py", 2)
    assert "return x * FACTOR" in first
    assert first == told("other.py", 2, hashing="2")
    assert first != told("one.py", 3)
