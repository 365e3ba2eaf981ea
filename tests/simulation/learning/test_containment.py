from __future__ import annotations

import os
import signal
from contextlib import nullcontext

import pytest

from modelcollapse.simulation.learning.containment import contained


def handler_in_a_child() -> object:
    """Return what a forked child does about SIGTERM."""
    child = os.fork()
    if not child:
        os._exit(int(signal.getsignal(signal.SIGTERM) == signal.SIG_DFL))
    _, status = os.waitpid(child, 0)
    return signal.SIG_DFL if os.waitstatus_to_exitcode(status) else "a handler"


@pytest.mark.parametrize("is_foreign", [True, False])
def test_sigterm_ends_children_that_foreign_code_forks_and_no_others(is_foreign):
    """A pool that terminates its workers waits for them: they must not raise, and may be caught, instead of ending."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contained() if is_foreign else nullcontext():
            found = handler_in_a_child()
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)
    assert found == (signal.SIG_DFL if is_foreign else "a handler")
