"""Foreign code – a learner's – kept from what is not its business: standard output, the working folder, forks, the end.

What cannot be contained in one process: `os._exit`, a crash, threads that go on. As a Ray task such a learner is a dead
worker, and is given up after some attempts.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import TextIO, TypeVar

from modelcollapse.errors import FaultyLearnerError, describe

Item = TypeVar("Item")

#: How many blocks of foreign code this process is in, over all its threads.
_n_inside = 0

#: The signals that a thread which forks had blocked before.
_forking = threading.local()


def _hold_sigterm() -> None:
    """Keep SIGTERM from a child until it knows what it means: Python forgets what a new process is told at once."""
    if _n_inside:
        _forking.blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])


def _release_sigterm() -> None:
    if vars(_forking):
        signal.pthread_sigmask(signal.SIG_SETMASK, vars(_forking).pop("blocked"))


def _end_when_told() -> None:
    """Let SIGTERM end a child that foreign code forked: the program's handlers are about the program, not about it.

    A pool ends its workers so; one that raised and caught KeyboardInterrupt instead would be waited for without end.
    """
    if _n_inside:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _release_sigterm()


os.register_at_fork(before=_hold_sigterm, after_in_parent=_release_sigterm, after_in_child=_end_when_told)


@contextmanager
def contained(silent: bool = False) -> Iterator[None]:
    """Contain what foreign code does beside its work.

    What it prints goes to standard error, or nowhere if `silent` (what it says on standard error too). A process that
    it forked ends where it would leave its code (two drivers would write one folder), and when SIGTERM tells it to. If
    it asks the program to end, or raises what is no error, that is a FaultyLearnerError; an interruption stays the
    user's.
    """
    global _n_inside
    process = os.getpid()
    with ExitStack() as stack:
        _n_inside += 1
        try:
            if threading.current_thread() is threading.main_thread():  # two threads could not restore it in order
                stack.enter_context(_diverted(silent))
                stack.enter_context(_here())
            yield
        except (Exception, KeyboardInterrupt):
            raise
        except SystemExit as error:
            raise FaultyLearnerError(f"it called for the end of the program (SystemExit {error.code!r})") from error
        except BaseException as error:
            raise FaultyLearnerError(f"it raised {describe(error)}") from error
        finally:
            if os.getpid() != process:
                os._exit(1)
            _n_inside -= 1


def contained_items(items: Iterator[Item]) -> Iterator[Item]:
    """Yield what an iterator yields; what is contained is its work, not that of whoever takes the items."""
    while True:
        with contained():
            try:
                item = next(items)
            except StopIteration:
                return
        yield item


@contextmanager
def _here() -> Iterator[None]:
    """Come back to the working folder, below which the run's may be."""
    try:
        folder = os.getcwd()
    except OSError:  # it was removed
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError):
            os.chdir(folder)


@contextmanager
def _diverted(silent: bool) -> Iterator[None]:
    """Divert what Python, C and subprocesses print."""
    with ExitStack() as stack:
        nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
        where = nowhere if silent or sys.stderr is None else sys.stderr
        descriptor = nowhere.fileno() if silent else _descriptor(sys.__stderr__)
        stack.enter_context(_descriptor_at(sys.__stdout__, nowhere.fileno() if descriptor is None else descriptor))
        stack.enter_context(redirect_stdout(where))
        if silent:
            stack.enter_context(_descriptor_at(sys.__stderr__, nowhere.fileno()))
            stack.enter_context(redirect_stderr(where))
        yield


@contextmanager
def _descriptor_at(stream: TextIO | None, target: int) -> Iterator[None]:
    """Let a stream's descriptor be another one; that of a closed stream may belong to any file and is left alone."""
    descriptor = _descriptor(stream)
    if stream is None or descriptor is None:
        yield
        return
    _flush(stream)
    kept = os.dup(descriptor)
    try:
        os.dup2(target, descriptor)
        yield
    finally:
        _flush(stream)
        os.dup2(kept, descriptor)
        os.close(kept)


def _descriptor(stream: TextIO | None) -> int | None:
    """Return a standard stream's descriptor, or None if it has none."""
    if stream is None:
        return None
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None


def _flush(stream: TextIO) -> None:
    """Write what Python's and C's buffers hold while the descriptor is what it is."""
    with suppress(OSError, ValueError):
        stream.flush()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).fflush(None)
