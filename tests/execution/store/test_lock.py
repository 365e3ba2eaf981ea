"""The lock object of stores that cannot lock, on fsspec's memory store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import fsspec
import pytest

from modelcollapse.errors import RunFolderError
from modelcollapse.execution.store import lock
from modelcollapse.execution.store.folder import RunFolder

PATH = "/bucket/run/lock.json"


@pytest.fixture
def store():
    fs = fsspec.filesystem("memory")
    fs.rm("/", recursive=True)
    return fs


@pytest.fixture
def clock(monkeypatch):
    """Time that only passes in sleep, for the waiting driver."""
    now = [time.time()]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(lock.time, "time", lambda: now[0])
    monkeypatch.setattr(lock.time, "sleep", sleep)
    return now


def leave(fs, *, host: str, process: int, age: float, now: float) -> None:
    fs.pipe_file(PATH, json.dumps({"token": "t", "host": host, "process": process, "time": now - age}).encode())


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@contextmanager
def hold(fs) -> Iterator[None]:
    held = lock.ObjectLock(fs, PATH, "memory://bucket/run")
    held.acquire()
    try:
        yield
    finally:
        held.release()


def test_says_who_holds_it_and_is_gone_afterwards(store):
    with hold(store):
        about = json.loads(store.cat_file(PATH))
        assert about["process"] == os.getpid()
        assert about["host"] == lock._host()
        assert abs(about["time"] - time.time()) < 60
    assert not store.exists(PATH)


def test_a_dead_process_of_this_host_is_followed_at_once(store, clock):
    leave(store, host=lock._host(), process=dead_process(), age=1, now=clock[0])
    started = clock[0]
    with hold(store):
        assert clock[0] == started


def test_a_living_process_of_this_host_keeps_it(store, clock):
    leave(store, host=lock._host(), process=os.getppid(), age=1, now=clock[0])
    with pytest.raises(RunFolderError, match="Another process"), hold(store):
        pass


def test_a_silent_process_elsewhere_is_followed_after_a_minute(store, clock):
    leave(store, host="elsewhere", process=1, age=20, now=clock[0])
    started = clock[0]
    with hold(store):
        assert 40 <= clock[0] - started <= 43


def test_a_process_elsewhere_that_shows_a_sign_of_life_keeps_it(store, clock, monkeypatch):
    leave(store, host="elsewhere", process=1, age=0, now=clock[0])
    sleep = lock.time.sleep

    def renewed_meanwhile(seconds: float) -> None:
        sleep(seconds)
        leave(store, host="elsewhere", process=1, age=0, now=clock[0])

    monkeypatch.setattr(lock.time, "sleep", renewed_meanwhile)
    with pytest.raises(RunFolderError, match="Another process on elsewhere, process 1"), hold(store):
        pass


def test_a_damaged_object_is_nobodys(store):
    store.pipe_file(PATH, b"\xff{")
    with hold(store):
        assert json.loads(store.cat_file(PATH))["process"] == os.getpid()


def test_whoever_lost_it_writes_no_more(store, monkeypatch):
    monkeypatch.setattr(lock, "RENEW_SECONDS", 0.01)
    folder = RunFolder("memory://bucket/run")
    with folder.locked():
        leave(store, host="elsewhere", process=1, age=0, now=time.time())
        assert folder._lock is not None
        folder._lock._renewal.join(timeout=10)  # it ends when it finds that the lock is lost
        with pytest.raises(RunFolderError, match="Another process"):
            folder.write("chains/a.parquet", b"")
    assert json.loads(store.cat_file(PATH))["host"] == "elsewhere"


def test_of_two_that_start_in_the_same_moment_one_goes_on(store, monkeypatch):
    one, other = RunFolder("memory://bucket/run"), RunFolder("memory://bucket/run")
    with ExitStack() as both:
        with monkeypatch.context() as patch:
            patch.setattr(lock.ObjectLock, "_read", lambda self: None)  # neither sees the other's object
            both.enter_context(other.locked())
            both.enter_context(one.locked())
        monkeypatch.setattr(lock, "RENEW_SECONDS", 0)
        assert other._lock is not None
        other._lock._renew()
        with pytest.raises(RunFolderError, match="Another process"):
            other.write("chains/a.parquet", b"")
        one.write("chains/a.parquet", b"1")
    assert not store.exists(PATH)
