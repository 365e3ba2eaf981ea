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


def test_a_termination_while_ray_starts_is_the_programs(monkeypatch):
    def init(**given):
        ray._private.utils.set_sigterm_handler(lambda *_: sys.exit(15))  # as Ray does first of all
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(ray, "init", init)
    before = ray._private.utils.set_sigterm_handler, signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), connected(None, 1):
            pass
    finally:
        signal.signal(signal.SIGTERM, before[1])
    assert ray._private.utils.set_sigterm_handler is before[0]
