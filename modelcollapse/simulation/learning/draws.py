"""Random numbers that code draws from the process' own generators, where nobody gives it a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def seeded(*seed: int) -> Iterator[None]:
    """Seed NumPy's and Python's global generators, and give them back in the state that they had.

    What draws from them – splits of a `StratifiedKFold` without a `random_state`, a user's own function – is then the
    same in every process, also when a chain goes on.
    """
    of_numpy, of_python = np.random.get_state(), random.getstate()  # noqa: NPY002 – it is what others draw from
    np.random.seed(seed)  # noqa: NPY002
    random.seed(repr(seed))
    try:
        yield
    finally:
        np.random.set_state(of_numpy)  # noqa: NPY002
        random.setstate(of_python)
