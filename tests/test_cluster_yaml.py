"""The cluster launcher's file, against Ray's own schema and defaults."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "cluster.yaml").read_text())


@pytest.fixture(scope="module")
def prepared(written) -> dict[str, Any]:
    from ray.autoscaler._private.util import prepare_config

    return prepare_config(copy.deepcopy(written))


def test_ray_accepts_it(prepared):
    from ray.autoscaler._private.util import validate_config

    validate_config(prepared)


def test_ray_accepts_it_for_machines_of_ones_own(written):
    from ray.autoscaler._private.util import prepare_config, validate_config

    left_out = ("available_node_types", "head_node_type", "upscaling_speed")
    local = {key: value for key, value in written.items() if key not in left_out}
    local["provider"] = {"type": "local", "head_ip": "192.168.0.10", "worker_ips": ["192.168.0.11", "192.168.0.12"]}
    validate_config(prepare_config({**local, "max_workers": 2}))


def test_no_chain_runs_on_the_head_and_workers_come_and_go(prepared):
    types = prepared["available_node_types"]
    assert types[prepared["head_node_type"]]["resources"] == {"CPU": 0}
    workers = types["workers"]
    assert workers["min_workers"] == 0
    assert workers["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}
    assert prepared["idle_timeout_minutes"] == 5


def test_versions_are_those_of_the_constraints(written):
    pinned = re.search(r"^ray==(\S+)$", (ROOT / "scripts/constraints.txt").read_text(), re.MULTILINE)
    assert pinned is not None
    assert written["docker"]["image"].startswith(f"rayproject/ray:{pinned[1]}-py3")
    assert "-c scripts/constraints.txt" in written["setup_commands"][0]


def test_every_node_has_the_token_and_sends_no_telemetry(written):
    assert written["file_mounts"]["/home/ray/.ray/auth_token"] == "~/.ray/auth_token"
    starts = [*written["head_start_ray_commands"], *written["worker_start_ray_commands"]]
    for command in starts:
        if "ray start" in command:
            assert "RAY_AUTH_MODE=token" in command
            assert "RAY_USAGE_STATS_ENABLED=0" in command
    assert any("--dashboard-host=127.0.0.1" in command for command in starts)
