#!/usr/bin/env python
"""A small cluster for real: a head and a second node as separate processes, a job over the jobs API, results in S3.

    python scripts/two_nodes.py

Everything talks with a token. Needs the extras `cluster` and `dev` (moto serves the bucket on this machine). Prints
whether a node and a job with another token or none are refused, which node ran how many chains, and whether the table
is the one that a single process computes.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import fsspec
import polars as pl
from moto.server import ThreadedMotoServer

from modelcollapse.execution import open_run

SWEEP = [
    "demo", "--corpus", "synthetic:2500", "--trees", "100", "--rates", "0,0.3,1", "--seeds", "2", "--initial-size",
    "300", "--final-size", "1500", "--increment", "100", "--test-size", "500",
]  # fmt: skip
PORT, API_PORT = 6388, 8268
BIN = Path(sys.executable).parent
API = f"http://127.0.0.1:{API_PORT}"
OUT = "s3://sweeps/two-nodes"


def ray(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command of Ray's and return what it printed."""
    return subprocess.run([BIN / "ray", *arguments], check=True, text=True, capture_output=True, **options)  # type: ignore[call-overload]


def node(agent_port: int, *options: str) -> subprocess.Popen[bytes]:
    """Start a node with one core in processes of its own; the agents of nodes on one host need ports of their own."""
    command = [str(BIN / "ray"), "start", "--block", "--num-cpus=1", "--object-store-memory=200000000", *options]
    command.append(f"--dashboard-agent-listen-port={agent_port}")
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_token(home: str) -> str:
    """Make a token as a user would, but in a folder of its own, and return its path."""
    known = {name: value for name, value in os.environ.items() if name != "RAY_AUTH_TOKEN_PATH"}
    ray("get-auth-token", "--generate", env={**known, "HOME": home})
    return f"{home}/.ray/auth_token"


def is_refused(command: list[str], **environment: str) -> bool:
    """Return whether a command fails for the lack of the right token."""
    ended = subprocess.run(command, env={**os.environ, **environment}, text=True, capture_output=True, timeout=120)
    return ended.returncode != 0 and "authentication token" in (ended.stdout + ended.stderr).lower()


def all_strangers_are_refused(home: str) -> bool:
    """Try to join the cluster and to submit a job with another token and with none; print what was refused."""
    ray = str(BIN / "ray")
    commands = {
        "node": [ray, "start", f"--address=127.0.0.1:{PORT}", "--num-cpus=1", "--block"],
        "job": [ray, "job", "submit", "--address", API, "--no-wait", "--", "true"],
    }
    tokens = {"another token": {"RAY_AUTH_TOKEN_PATH": make_token(home)}, "no token": {"RAY_AUTH_MODE": "disabled"}}
    refused = {
        f"{what} with {which}": is_refused(command, **environment)
        for what, command in commands.items()
        for which, environment in tokens.items()
    }
    print("refused:", refused, flush=True)
    return all(refused.values())


def table(location: str) -> pl.DataFrame:
    """Return the rows of a run without what measures time."""
    return open_run(location).results().select(pl.exclude("^.*_seconds$")).sort("chain_id", "n_seen")


def submit() -> str:
    """Submit the sweep as a user would, once the cluster is up."""
    command = [str(Path(__file__).with_name("submit.sh")), *SWEEP, "--out", OUT]
    for _ in range(20):
        submitted = subprocess.run(command, text=True, capture_output=True)
        if submitted.returncode == 0:
            return submitted.stdout
        time.sleep(5)
    raise SystemExit(f"The cluster does not take jobs: {submitted.stderr[-500:]}")


def run_sweep_on_nodes(folder: str) -> bool:
    """Start nodes, try to get in without the token, submit, compare; return whether all is as it should be."""
    nodes = [node(5236, "--head", f"--port={PORT}", "--include-dashboard=true", f"--dashboard-port={API_PORT}")]
    try:
        time.sleep(15)
        nodes.append(node(5237, f"--address=127.0.0.1:{PORT}"))
        time.sleep(10)
        submitted = submit()
        print(submitted)
        job = re.findall(r"modelcollapse-\d+-\d+-\d+", submitted)[0]
        print(ray("job", "logs", "--address", API, "--follow", job).stdout)
        tasks = json.loads(
            ray("list", "tasks", "--address", API, "--filter", "name=_chain_task", "--format", "json").stdout
        )
        print("chains run by each node:", dict(Counter(task["node_id"][:8] for task in tasks)))
        local = f"{folder}/local"
        command = [sys.executable, "-m", "modelcollapse", "run", *SWEEP, "--out", local, "--executor", "inprocess"]
        subprocess.run(command, check=True, capture_output=True)
        same = table(OUT).equals(table(local))
        print(f"{table(OUT).height} rows in {OUT}; the same table as in one process: {same}")
        return all_strangers_are_refused(f"{folder}/stranger") and same
    finally:
        for process in nodes:
            process.terminate()
            process.wait(timeout=60)


def main() -> None:
    """Serve a bucket, make a token, run; stop everything."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # every request is a line
    s3 = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    s3.start()
    host, port = s3.get_host_and_port()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1", "RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_API_ADDRESS": API, "PATH": f"{BIN}:{os.environ['PATH']}",
        }  # fmt: skip
        os.environ["RAY_AUTH_TOKEN_PATH"] = make_token(folder)
        fsspec.filesystem("s3").mkdir("sweeps")
        try:
            is_well = run_sweep_on_nodes(folder)
        finally:
            s3.stop()
    sys.exit(not is_well)


if __name__ == "__main__":
    main()
