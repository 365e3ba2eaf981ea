"""The command line: parse, call, print. What the commands use is imported when they run, so that help is quick."""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Callable
from functools import cache
from typing import Annotated, NoReturn

import typer

from modelcollapse.cli.streams import discard_output, prepare_streams
from modelcollapse.errors import ModelCollapseError
from modelcollapse.names import printable

EXIT_FAILED_CHAINS = 1
EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(version("modelcollapse"))
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Simulate model collapse: classifiers retrained, again and again, on data they labelled themselves."""


@cache
def command_line() -> Callable[..., int | None]:
    """Return the application with all its commands."""
    from modelcollapse.cli import corpus, experiments, results, run, searches

    commands: tuple[Callable[..., None], ...] = (
        experiments.experiments,
        run.run,
        run.resume,
        run.status,
        run.doctor,
        experiments.plan,
        run.reproduce,
        searches.hyperparameters,
        searches.generational,
        results.plot,
        results.report,
        results.profile,
        results.export,
        results.compare,
    )
    app = typer.Typer(
        name="modelcollapse",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    for command in commands:
        app.command()(command)
    app.add_typer(corpus.app, name="corpus")
    return typer.main.get_command(app)


def main() -> NoReturn:
    """Run the command line: user errors are one line and exit code 2, an interruption – Ctrl-C or SIGTERM – is 130.

    A library that is interrupted while it is imported may make an error of that: so it is noted that there was one.
    """
    prepare_streams()
    interruptions: list[int] = []

    def interrupt(number: int, frame: object) -> NoReturn:
        interruptions.append(number)
        raise KeyboardInterrupt

    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        if signal.getsignal(number) is usual:
            signal.signal(number, interrupt)
    try:
        code = command_line()(standalone_mode=False)
        if code == EXIT_INTERRUPTED:  # what Typer makes of an interruption
            raise KeyboardInterrupt
        sys.stdout.flush()
        sys.exit(code)
    except ModelCollapseError as error:
        if interruptions:
            _leave("Interrupted.", EXIT_INTERRUPTED)
        _leave(str(error), EXIT_USER_ERROR)
    except (KeyboardInterrupt, typer.Abort):
        _leave("Interrupted.", EXIT_INTERRUPTED)
    except BrokenPipeError:
        discard_output()
        sys.exit(EXIT_FAILED_CHAINS)
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None and error.errno in (errno.ENOSPC, errno.EIO):
            discard_output()
            _leave(f"Cannot print: {error.strerror}. What was computed is kept.", EXIT_USER_ERROR)
        message = getattr(error, "format_message", None)  # what a wrong option or argument raises
        if message is None:
            raise
        _leave(message(), EXIT_USER_ERROR)


def _leave(message: str, code: int) -> NoReturn:
    sys.stderr.write(f"modelcollapse: {printable(' '.join(message.split()))}\n")
    sys.exit(code)
