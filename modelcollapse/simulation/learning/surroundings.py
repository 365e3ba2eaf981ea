"""What learners share with their process, threads and generators of random numbers: they give it back as it was."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[Any]:
    """Limit the thread pools of all loaded libraries to one thread, and give them back what they had at the end.

    Finding the libraries takes longer than a small model's training. They are looked for again when a module was
    imported since: no library comes without one.
    """
    return _thread_pools(len(sys.modules)).limit(limits=1)


@lru_cache(maxsize=1)
def _thread_pools(n_modules: int) -> ThreadpoolController:
    """Find the loaded libraries; `n_modules` stands for what may be loaded."""
    return ThreadpoolController()


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
