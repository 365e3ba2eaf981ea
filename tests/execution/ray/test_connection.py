from __future__ import annotations

import ray


def test_what_is_used_of_rays_own_parts_is_still_there():
    """These have no public name: `connection` takes them from here."""
    assert callable(ray._private.worker.print_to_stdstream)
    assert hasattr(ray._private.worker, "_global_node")
    assert callable(ray._private.node.Node.get_session_dir_path)
