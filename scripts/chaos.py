#!/usr/bin/env python
"""Break sweeps in every way we know, at random moments, and see that the table is the undisturbed one to the last bit.

    python scripts/chaos.py --runs 20 --faults 5 --seed 0

Each run is a real command on a Ray cluster of a head and two nodes on this machine (separate processes). Faults: a
worker killed, a node killed, the driver killed, interrupted or terminated, a second driver in the same folder, a worker
without memory, a full disk, a results file truncated or altered. Four of the chains raise in every run.
"""

from __future__ import annotations

import argparse
import errno
import itertools
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import polars as pl
import psutil

from modelcollapse import open_run

SWEEP = [
    "run", "demo", "--corpus", "synthetic:2500", "--model", "forest,sklearn.neighbors:KNeighborsClassifier",
    "--trees", "50", "--model-param", "n_neighbors=100000,3", "--rates", "0,0.5", "--seeds", "2", "--initial-size",
    "300", "--final-size", "1500", "--increment", "60", "--test-size", "500",
]  # fmt: skip
PORT = 6399
ENVIRONMENT = {**os.environ, "RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", "NUMBA_NUM_THREADS": "1"}


class Cluster:
    """A head without cores and two nodes with one core each."""

    def __init__(self) -> None:
        self._head = self._start("--head", f"--port={PORT}", "--num-cpus=0", "--include-dashboard=false")
        while not _answers(PORT):
            time.sleep(1)
        self._nodes = [self._node(), self._node()]

    def tend(self) -> None:
        """Replace nodes that ended by themselves."""
        self._nodes = [node if node.poll() is None else self._node() for node in self._nodes]

    def processes(self) -> list[psutil.Process]:
        """Return every process of the nodes."""
        running = [psutil.Process(node.pid) for node in self._nodes if node.poll() is None]
        return [child for node in running for child in node.children(recursive=True)]

    def kill_node(self) -> None:
        """Kill every process of one node, and start another one."""
        node = random.choice(self._nodes)
        _kill_tree(node)
        self._nodes.remove(node)
        self._nodes.append(self._node())

    def stop(self) -> None:
        """Kill everything."""
        for process in (*self._nodes, self._head):
            _kill_tree(process)

    def _node(self) -> subprocess.Popen[bytes]:
        return self._start(f"--address=127.0.0.1:{PORT}", "--num-cpus=1")

    def _start(self, *options: str) -> subprocess.Popen[bytes]:
        ray = str(Path(sys.executable).with_name("ray"))
        command = [ray, "start", "--block", "--object-store-memory=200000000", *options]
        return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Driver:
    """The command under test in a folder: started, and started again, until it is done."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = self.start()

    def start(self, writes_before_the_disk_is_full: int | None = None) -> subprocess.Popen[str]:
        """Start the command; optionally with a disk that will be full soon."""
        program = [sys.executable, "-m", "modelcollapse"]
        if writes_before_the_disk_is_full is not None:
            program = [sys.executable, __file__, "--full-disk-after", str(writes_before_the_disk_is_full), "--"]
        command = [*program, *SWEEP, "--out", str(self.folder), "--address", f"127.0.0.1:{PORT}"]
        return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def restart(self) -> None:
        """Start the command again."""
        self.process = self.start()

    def end(self, *codes: int) -> str:
        """Wait for the command's end, check its exit code and return what it said."""
        _, err = self.process.communicate(timeout=300)
        assert self.process.returncode in codes, (self.process.returncode, err)
        return err

    def stop(self, how: int, *codes: int) -> None:
        """Send a signal, unless it has ended meanwhile, and wait."""
        self.process.send_signal(how)
        self.end(1, *codes)


def kill_worker(driver: Driver, cluster: Cluster) -> bool:
    """Kill a process in which a chain runs."""
    return _to_a_worker(cluster, lambda worker: worker.kill())


def starve_worker(driver: Driver, cluster: Cluster) -> bool:
    """Leave a worker no memory for three seconds."""

    def starve(worker: psutil.Process) -> None:
        before = resource.prlimit(worker.pid, resource.RLIMIT_AS, (worker.memory_info().vms, resource.RLIM_INFINITY))

        def feed() -> None:
            if worker.is_running():
                resource.prlimit(worker.pid, resource.RLIMIT_AS, before)

        threading.Timer(3.0, feed).start()

    return _to_a_worker(cluster, starve)


def kill_node(driver: Driver, cluster: Cluster) -> bool:
    """Kill a node with everything on it."""
    cluster.kill_node()
    return True


def kill_driver(driver: Driver, cluster: Cluster) -> bool:
    """Kill the driver, and start it again."""
    driver.stop(signal.SIGKILL, -signal.SIGKILL)
    driver.restart()
    return True


def interrupt_driver(driver: Driver, cluster: Cluster) -> bool:
    """Interrupt the driver, and start it again."""
    driver.stop(random.choice([signal.SIGINT, signal.SIGTERM]), 130, -signal.SIGINT, -signal.SIGTERM)
    driver.restart()
    return True


def start_second_driver(driver: Driver, cluster: Cluster) -> bool:
    """Start the same command beside the first: it must be refused, unless the first has just finished."""
    if not _has_begun(driver):
        return False
    second = driver.start()
    _, err = second.communicate(timeout=300)
    refused = second.returncode == 2 and "Another process" in err
    assert refused or "; 0 generations to run" in err, (second.returncode, err)
    return refused


def fill_disk(driver: Driver, cluster: Cluster) -> bool:
    """Go on with a disk that is full after some writes, and then with an empty one."""
    driver.stop(signal.SIGINT, 130, -signal.SIGINT)
    driver.process = driver.start(writes_before_the_disk_is_full=random.randrange(6))
    err = driver.end(1, 2)
    assert driver.process.returncode == 1 or "No space left on device" in err, err
    driver.restart()
    return "No space left on device" in err


def damage_file(driver: Driver, cluster: Cluster) -> bool:
    """Cut or alter a stored chain or a checkpoint, if there is one yet."""
    if not _stored(driver):
        return False
    driver.stop(signal.SIGINT, 130, -signal.SIGINT)
    file = random.choice(_stored(driver))
    content = bytearray(file.read_bytes())
    if random.random() < 0.5:
        content = content[: random.randrange(len(content))]
    else:
        content[random.randrange(len(content))] ^= random.randrange(1, 256)
    file.write_bytes(content)
    driver.restart()
    return True


def _stored(driver: Driver) -> list[Path]:
    return [*driver.folder.glob("chains/*.parquet"), *driver.folder.glob("partial/*.parquet")]


FAULTS: list[Callable[[Driver, Cluster], bool]] = [
    kill_worker, starve_worker, kill_node, kill_driver, interrupt_driver, start_second_driver, fill_disk, damage_file,
]  # fmt: skip
NEEDS_WORKER = (kill_worker, starve_worker, start_second_driver)


def table(folder: Path) -> pl.DataFrame:
    """Return the rows of a run without what measures time."""
    results = open_run(folder).results()
    return results.select(pl.exclude("^.*_seconds$")).sort("chain_id", "n_seen")


def one_run(
    cluster: Cluster, folder: Path, n_faults: int, before: Counter[str], expected: pl.DataFrame
) -> Counter[str]:
    """Run the sweep with faults, those first that there were fewest of before, and check what it leaves."""
    done: Counter[str] = Counter()
    driver = Driver(folder)
    while sum(done.values()) < n_faults:
        time.sleep(random.uniform(0.2, 4.0))
        cluster.tend()
        has_ended = driver.process.poll() is not None
        possible = [fault for fault in FAULTS if not (has_ended and fault in NEEDS_WORKER)]
        fault = min(possible, key=lambda fault: ((before + done)[fault.__name__], random.random()))
        done[fault.__name__] += fault(driver, cluster)
    while driver.process.poll() is None:
        cluster.tend()
        time.sleep(1)
    driver.end(1)
    found = table(folder)
    assert found.select("chain_id", "n_seen").is_unique().all(), "a row is doubled"
    assert found.equals(expected), f"the table differs: {found.height} rows, {expected.height} expected"
    failures = [json.loads(file.read_text())["reason"] for file in folder.glob("failures/*.json")]
    assert len(failures) == 4, failures
    assert all("n_neighbors" in reason for reason in failures), failures
    assert not list(folder.glob("partial/*.parquet")), "a checkpoint is left"
    return done


def main() -> None:
    """Parse, run, print a summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--faults", type=int, default=5, help="in each run")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random.seed(options.seed)
    total: Counter[str] = Counter()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
        reference = Path(scratch) / "undisturbed"
        subprocess.run(
            [sys.executable, "-m", "modelcollapse", *SWEEP, "--out", str(reference), "--executor", "inprocess"],
            env=ENVIRONMENT, capture_output=True, check=False,
        )  # fmt: skip
        expected = table(reference)
        cluster = Cluster()
        try:
            for number in range(options.runs):
                faults = one_run(cluster, Path(scratch) / f"run-{number}", options.faults, total, expected)
                total += faults
                print(f"run {number}: {expected.height} rows as expected after {dict(faults)}", flush=True)
        finally:
            cluster.stop()
    print(f"\n{options.runs} runs, {sum(total.values())} faults in {time.monotonic() - started:.0f} s:")
    for fault in FAULTS:
        print(f"  {total[fault.__name__]:4d}  {fault.__name__.replace('_', ' ')}")
    print(f"Every run ended with the same {expected.height} rows: none lost, none doubled, none different.")


def run_with_a_disk_that_fills(n_writes: int) -> None:
    """Run the command line in this process; after some writes, nothing more reaches the disk."""
    from modelcollapse.cli import main as command_line

    count = itertools.count()

    def fsync(descriptor: int) -> None:
        if next(count) >= n_writes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    os.fsync = fsync  # type: ignore[assignment]
    sys.argv = ["modelcollapse", *sys.argv[4:]]
    command_line()


def _to_a_worker(cluster: Cluster, deed: Callable[[psutil.Process], None]) -> bool:
    for _ in range(150):  # a driver that has just been started takes a while
        workers = [process for process in cluster.processes() if "ray::_run_task" in _title(process)]
        if workers:
            break
        time.sleep(0.1)
    else:
        return False
    try:
        deed(random.choice(workers))
    except (psutil.NoSuchProcess, ProcessLookupError):
        return False
    return True


def _answers(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _has_begun(driver: Driver) -> bool:
    return driver.process.poll() is None and any(driver.folder.glob("partial/*.parquet"))


def _kill_tree(process: subprocess.Popen[bytes]) -> None:
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for member in family:
        member.kill()
    process.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--full-disk-after"]:
        run_with_a_disk_that_fills(int(sys.argv[2]))
    else:
        main()
