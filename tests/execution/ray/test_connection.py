from __future__ import annotations

import signal
import sys

import pytest
import ray

from modelcollapse.execution.ray.connection import connected


def test_what_is_used_of_rays_own_parts_is_still_there():
    """These have no public name: `connection` takes them from here."""
    assert callable(ray._private.worker.print_to_stdstream)
    assert hasattr(ray._private.worker, "_global_node")
    assert callable(ray._private.node.Node.get_session_dir_path)
    assert callable(ray._private.utils.set_sigterm_handler)


@pytest.mark.parametrize(("address", "n_times"), [(None, 1), (None, 2), ("auto", 1)])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_waits_until_ray_has_started_and_a_second_one_does_not(monkeypatch, number, address, n_times):
    started = []

    def init(**given):
        ray._private.utils.set_sigterm_handler(lambda *_: sys.exit(15))  # as Ray does first of all
        signal.alarm(100)  # as its C++ code does when the signal comes
        for _ in range(n_times):
            signal.raise_signal(number)
        started.append(True)

    monkeypatch.setattr(ray, "init", init)
    before = ray._private.utils.set_sigterm_handler, signal.signal(number, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), connected(address, 1):
            started.append("and used")
        assert signal.alarm(0) == 0
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before[1])
    assert ray._private.utils.set_sigterm_handler is before[0]
    assert started == ([True] if (address, n_times) == (None, 1) else [])


@pytest.mark.parametrize("address", [None, "auto"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_is_ignored_stays_so_while_ray_starts(monkeypatch, number, address):
    """As Ctrl-C in the background of a script."""
    monkeypatch.setattr(ray, "init", lambda **given: [signal.raise_signal(number) for _ in range(2)])
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with connected(address, 1):
            assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)
