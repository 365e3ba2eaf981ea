"""One thread for a learner's work, and as many as before for whatever else the process does."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

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
