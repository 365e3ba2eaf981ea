#!/usr/bin/env python
"""A small cluster for real: a head and a second node as separate processes, a job over the jobs API, results in S3.

    python scripts/two_nodes.py
    sudo python scripts/two_nodes.py --slow-link

Everything talks with a token. Needs the extras `cluster` and `dev` (moto serves the bucket on this machine). Prints
whether a node and a job with another token or none are refused, which node ran how many chains, and whether the table
is the one that a single process computes.

With `--slow-link` the nodes are in two network namespaces (see `slow_link`), 50 ms and 20 Mbit/s apart, and while the
second one has a chain the link is cut until Ray gives the node up. When the link is back, a new node comes. Stops
after ten minutes, whatever happens.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import fsspec
import polars as pl
import psutil
from moto.server import ThreadedMotoServer
from slow_link import FAR, NEAR, SlowLink

from modelcollapse import open_run

SWEEP = [
    "demo", "--corpus", "synthetic:2500", "--trees", "100", "--rates", "0,0.3,1", "--seeds", "2", "--initial-size",
    "300", "--final-size", "1500", "--increment", "100", "--test-size", "500",
]  # fmt: skip
LONG_SWEEP = [*SWEEP, "--trees", "300", "--increment", "20"]
CUT_SECONDS = 40  # Ray gives a node up when it has not answered for about half of that, see `main`
PORT, API_PORT = 6388, 8268
BIN = Path(sys.executable).parent
API = f"http://127.0.0.1:{API_PORT}"
OUT = "s3://sweeps/two-nodes"


def ray(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command of Ray's and return what it printed."""
    return subprocess.run([BIN / "ray", *arguments], check=True, text=True, capture_output=True, **options)  # type: ignore[call-overload]


class Nodes:
    """A head and a second node with one core each; over a slow link, if there is one."""

    def __init__(self, folder: str, link: SlowLink | None) -> None:
        self.link = link
        self.address = f"{NEAR if link else '127.0.0.1'}:{PORT}"
        self._far_options = [f"--node-ip-address={FAR}", f"--temp-dir={folder}/far"] if link else []
        head = ["--head", f"--port={PORT}", "--include-dashboard=true", f"--dashboard-port={API_PORT}"]
        self._running = [self._start(5236, *head, *([f"--node-ip-address={NEAR}"] if link else []))]

    def add_second(self) -> None:
        """Start a second node, or another one."""
        inside = self.link.in_far() if self.link else []
        self._running[1:] = [self._start(5237, f"--address={self.address}", *self._far_options, inside=inside)]

    def cut_link(self, link: SlowLink) -> None:
        """Cut the link when the second node has a chain, until Ray has given the node up; then start another one."""
        second = self._running[1]
        while not any("_run_task" in " ".join(process.cmdline()) for process in _family(second)):
            time.sleep(1)
        link.is_cut = True
        time.sleep(CUT_SECONDS)
        link.is_cut = False
        code = second.wait(timeout=120)  # a node that was given up hears of it, and ends
        print(f"The link was cut for {CUT_SECONDS} s, {link.n_lost} packets were lost, the node ended ({code}).")
        self.add_second()

    def stop(self) -> None:
        """Stop every process of the nodes."""
        family = [process for node in self._running for process in _family(node)]
        for node in self._running:
            node.terminate()
        _, alive = psutil.wait_procs(family, timeout=30)
        for process in alive:
            process.kill()

    def _start(self, agent_port: int, *options: str, inside: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """Start a node; the agents of nodes on one host need ports of their own."""
        command = [str(BIN / "ray"), "start", "--block", "--num-cpus=1", "--object-store-memory=200000000", *options]
        command.append(f"--dashboard-agent-listen-port={agent_port}")
        return subprocess.Popen([*inside, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _family(node: subprocess.Popen[bytes]) -> list[psutil.Process]:
    if node.poll() is not None:
        return []
    process = psutil.Process(node.pid)
    return [process, *process.children(recursive=True)]


def make_token(home: str) -> str:
    """Make a token as a user would, but in a folder of its own, and return its path."""
    known = {name: value for name, value in os.environ.items() if name != "RAY_AUTH_TOKEN_PATH"}
    ray("get-auth-token", "--generate", env={**known, "HOME": home})
    return f"{home}/.ray/auth_token"


def is_refused(command: list[str], **environment: str) -> bool:
    """Return whether a command fails for the lack of the right token."""
    ended = subprocess.run(command, env={**os.environ, **environment}, text=True, capture_output=True, timeout=120)
    return ended.returncode != 0 and "authentication token" in (ended.stdout + ended.stderr).lower()


def all_strangers_are_refused(home: str, address: str) -> bool:
    """Try to join the cluster and to submit a job with another token and with none; print what was refused."""
    ray = str(BIN / "ray")
    commands = {
        "node": [ray, "start", f"--address={address}", "--num-cpus=1", "--block"],
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


def submit(sweep: list[str]) -> str:
    """Submit the sweep as a user would, once the cluster is up."""
    command = [str(Path(__file__).with_name("submit.sh")), *sweep, "--out", OUT]
    for _ in range(20):
        submitted = subprocess.run(command, text=True, capture_output=True)
        if submitted.returncode == 0:
            return submitted.stdout
        time.sleep(5)
    raise SystemExit(f"The cluster does not take jobs: {submitted.stderr[-500:]}")


def run_sweep_on_nodes(folder: str, link: SlowLink | None) -> bool:
    """Start nodes, try to get in without the token, submit, compare; return whether all is as it should be."""
    sweep = LONG_SWEEP if link else SWEEP
    nodes = Nodes(folder, link)
    try:
        time.sleep(15)
        nodes.add_second()
        time.sleep(10)
        submitted = submit(sweep)
        print(submitted, flush=True)
        if link:
            nodes.cut_link(link)
        job = re.findall(r"modelcollapse-\d+-\d+-\d+", submitted)[0]
        print(ray("job", "logs", "--address", API, "--follow", job).stdout)
        tasks = json.loads(
            ray("list", "tasks", "--address", API, "--filter", "name=_run_task", "--format", "json").stdout
        )
        print("chains run by each node:", dict(Counter(task["node_id"][:8] for task in tasks)))
        local = f"{folder}/local"
        command = [sys.executable, "-m", "modelcollapse", "run", *sweep, "--out", local, "--executor", "inprocess"]
        subprocess.run(command, check=True, capture_output=True)
        same = table(OUT).equals(table(local))
        print(f"{table(OUT).height} rows in {OUT}; the same table as in one process: {same}", flush=True)
        return all_strangers_are_refused(f"{folder}/stranger", nodes.address) and same
    finally:
        nodes.stop()


def main() -> None:
    """Serve a bucket, make a token, run; stop everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slow-link", action="store_true", help="between two network namespaces, and cut it (as root)")
    link = SlowLink(delay=0.05, bits_per_second=20e6) if parser.parse_args().slow_link else None
    for number in (signal.SIGALRM, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit("Stopped: out of time, or told to."))
    signal.alarm(600)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # every request is a line
    s3 = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    s3.start()
    host, port = s3.get_host_and_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ |= {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1", "RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_API_ADDRESS": API, "PATH": f"{BIN}:{os.environ['PATH']}",
            "RAY_health_check_timeout_ms": "2000", "RAY_health_check_failure_threshold": "4",  # every 3 s or so
        }  # fmt: skip
        os.environ["RAY_AUTH_TOKEN_PATH"] = make_token(folder)
        fsspec.filesystem("s3").mkdir("sweeps")
        try:
            is_well = run_sweep_on_nodes(folder, link)
        finally:
            s3.stop()
    sys.exit(not is_well)


if __name__ == "__main__":
    main()
