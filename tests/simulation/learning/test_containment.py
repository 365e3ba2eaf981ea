from __future__ import annotations

import os
import signal
import time
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


def test_sigterm_ends_a_child_that_has_hardly_begun():
    """A pool whose other workers did everything ends one that did not run yet, and waits for it."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contained():
            for _ in range(20):
                child = os.fork()
                while not child:
                    signal.pause()
                os.kill(child, signal.SIGTERM)
                assert os.waitstatus_to_exitcode(ended(child)) == -signal.SIGTERM
        assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    finally:
        signal.signal(signal.SIGTERM, before)


def ended(child: int) -> int:
    """Return a child's status; after a minute, end it."""
    for _ in range(6_000):
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return status
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]
