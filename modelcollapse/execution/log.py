"""The log of a run: what happened when and where, for whoever has to find out why. Nothing in it is a result."""

from __future__ import annotations

import io
import logging
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from modelcollapse.errors import RunFolderError
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.ours import is_log
from modelcollapse.execution.store.paths import PATHS

_LOGGERS = ("modelcollapse", "ray", "py.warnings")

#: Says what is waited for.
WAITING = "modelcollapse.waiting"

#: What these say is said on the terminal too: why nothing moves. The forest warns before it compiles.
_WAITED_FOR = (WAITING, "modelcollapse.forest")

_log = logging.getLogger(__name__)


@contextmanager
def run_log(folder: RunFolder, file: str | Path | None = None) -> Iterator[None]:
    """Write the log of this package and of Ray's driver to a file; messages about waiting also go to stderr.

    That is a local file, or log.txt in the folder. Object stores cannot append: there it is written when the run ends.
    """
    text = io.StringIO()
    if file is None and folder.is_local:
        file = folder.local_path(PATHS.log)
    handler = _QuietHandler(text if file is None else _open(Path(file).expanduser()))
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    terminal = _Terminal()
    for name in _WAITED_FOR:
        logging.getLogger(name).addHandler(terminal)
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    try:
        _log.info("%s on %s, process %d: %s", platform.python_version(), platform.node(), os.getpid(), sys.argv)
        yield
    except BaseException as error:
        _log.info("ended by %s: %s", type(error).__name__, error)
        raise
    finally:
        for name in _WAITED_FOR:
            logging.getLogger(name).removeHandler(terminal)
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate
        if file is None:
            folder.write(PATHS.log, (folder.read(PATHS.log) or b"") + text.getvalue().encode())
        else:
            with suppress(OSError):
                handler.stream.close()


def only_to_the_log(name: str) -> None:
    """Send what a logger says where this package's goes: importing Ray has given its logger to the terminal."""
    ours = logging.getLogger("modelcollapse").handlers
    logging.getLogger(name).handlers = [*ours] or [logging.NullHandler()]


class _Terminal(logging.Handler):
    """Writes to what is standard error now: a live display takes its place and writes above itself."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message, without date and name."""
        sys.stderr.write(record.getMessage() + "\n")


class _QuietHandler(logging.StreamHandler[TextIO]):
    """Writes what it can: a full disk is reported once, by those who write results."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Do nothing."""


def _open(file: Path) -> TextIO:
    """Open a log for what comes: nothing is added to a file that is something else."""
    try:
        if file.is_file():
            with file.open("rb") as there:
                if not is_log(there.read(200)):
                    raise RunFolderError(
                        f"{file} is no log of modelcollapse, so nothing is added to it: rename it, or choose another "
                        "--log-file."
                    )
        return file.open("a", encoding="utf-8", errors="replace")
    except OSError as error:
        raise RunFolderError(f"Cannot write the log {file}: {error.strerror}. Choose another --log-file.") from None
