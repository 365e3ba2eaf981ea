"""Connecting to Ray, or starting it: quietly, within limits, and leaving everything as it was found."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from modelcollapse.errors import ClusterError, describe
from modelcollapse.execution.log import only_to_the_log

#: A task is one core's work: nothing in it may start threads of its own.
THREAD_LIMITS = {
    "NUMBA_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
}

_log = logging.getLogger(__name__)


def _note(data: dict[str, Any], *arguments: object, **options: object) -> None:
    """Log what Ray would print on the terminal."""
    _log.warning("%s: %s", data.get("pid"), " ".join(str(line) for line in data.get("lines", ())))


def session(ray: Any) -> str:
    """Return where Ray's own logs are."""
    return str(ray._private.worker._global_node.get_session_dir_path())


@contextmanager
def connected(address: str | None, workers: int | None) -> Iterator[tuple[Any, bool]]:
    """Connect to Ray, or start it; leave it as it was found.

    Yields the module, and whether the instance was started here: then its workers inherit this process' environment.
    """
    with _environment({"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0", **THREAD_LIMITS}):
        import ray

        was_running = ray.is_initialized()
        address = address or os.environ.get("RAY_ADDRESS")
        try:
            if not was_running:
                _start(ray, address, workers)
            yield ray, not (was_running or address)
        finally:
            if not was_running:
                ray.shutdown()


def _start(ray: Any, address: str | None, workers: int | None) -> None:
    """Connect to Ray at an address, or start it; what it says goes to the log."""
    new: dict[str, Any] = {"address": "local", "num_cpus": workers, "include_dashboard": False}
    only_to_the_log("ray._private")  # connecting takes the handlers of "ray" itself away
    ray._private.worker.print_to_stdstream = _note  # what nodes report would be printed
    try:
        if address:
            _check_reachable(address)
        with _held_signals(ray._private.utils, may_wait=not address):
            ray.init(**({"address": address} if address else new), log_to_driver=False, configure_logging=False)
    except (OSError, OverflowError, ValueError, ray.exceptions.AuthenticationError) as error:
        raise ClusterError(
            f"Cannot connect to Ray{f' at {address}' if address else ''} ({describe(error)}). "
            "Check the address, and that RAY_AUTH_MODE and the token are the cluster's."
        ) from error
    logging.getLogger("ray._private").handlers.clear()
    only_to_the_log("ray")


@contextmanager
def _held_signals(utils: Any, may_wait: bool) -> Iterator[None]:
    """Hold an interruption until Ray has started: half of it would crash at the end. A second one does not wait.

    Nor does the first where Ray is elsewhere, or may not be there: that takes minutes.

    Ray handles SIGTERM, too: its Python code would end the process at once. Its C++ code takes the handler away; it
    gives the signal on, but sets an alarm that aborts in three seconds.
    """
    told: list[int] = []

    def hold(number: int, frame: object) -> None:
        signal.alarm(0)
        told.append(number)
        if len(told) > 1 or not may_wait:
            raise KeyboardInterrupt

    set_handler, usual = getattr(utils, "set_sigterm_handler", None), {}
    if threading.current_thread() is threading.main_thread():
        found = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        usual = {number: handler for number, handler in found.items() if handler is not None}  # else not Python's
    utils.set_sigterm_handler = lambda handler: None
    for number, handler in usual.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, hold)
    try:
        yield
    finally:
        utils.set_sigterm_handler = set_handler
        for number, handler in usual.items():
            signal.signal(number, handler)
        for first in told[:1]:
            signal.raise_signal(first)


def _check_reachable(address: str) -> None:
    """Raise OSError if nothing answers at HOST:PORT: Ray would try for many minutes."""
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=30).close()


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
