"""Standard output and error that take everything: printing must not end a command, let alone lose its results."""

from __future__ import annotations

import codecs
import io
import os
import sys
from contextlib import suppress

_HANDLER = "modelcollapse.printable"


def prepare_streams() -> None:
    """Make the two streams take any character; where there is none (``>&-``), what is said goes nowhere."""
    codecs.register_error(_HANDLER, _printable)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)


def discard_output() -> None:
    """Let what is still to be printed go nowhere: nobody reads it any more, or it cannot be kept."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _printable(error: UnicodeError) -> tuple[str | bytes, int]:
    """Write bytes of a file's name as they are, and ``?`` for what a terminal does not have."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return b"".join(map(_as_bytes, error.object[error.start : error.end])), error.end


def _as_bytes(character: str) -> bytes:
    code = ord(character)
    return bytes([code - 0xDC00]) if 0xDC80 <= code <= 0xDCFF else b"?"
