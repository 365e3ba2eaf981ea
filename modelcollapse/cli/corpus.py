"""``corpus list``, ``build``, ``info`` and ``remove``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modelcollapse.cli.options import Given, expanded
from modelcollapse.corpora.option_fields import CorpusFields

if TYPE_CHECKING:
    from modelcollapse.corpora.dense import AnyCorpus

app = typer.Typer(help="Build, list, describe and remove corpora.", no_args_is_help=True)

Workers = Annotated[int | None, typer.Option(min=1, help="Processes to clean text in.  [all cores]")]


@app.command("list")
def list_corpora() -> None:
    """List the corpora of the package, those built under a name, and what is cached."""
    from modelcollapse.cli.tables import print_table
    from modelcollapse.corpora.cache import default_cache
    from modelcollapse.corpora.catalogue import list_catalogue

    rows = []
    for name, what, cached in list_catalogue():
        sizes = (f"{cached.n_documents:,}", _size(cached.n_bytes)) if cached else ("-", "-")
        rows.append((name, what, *sizes))
    print_table(("name", "what", "documents", "cached"), rows)
    typer.echo(f"Cache: {default_cache()} (set MODELCOLLAPSE_CACHE to use another folder)")


@app.command()
@expanded
def build(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Files, or one corpus of the package.")],
    reading: Annotated[Given, CorpusFields],
    name: Annotated[str | None, typer.Option(help="What to call it from now on.")] = None,
    workers: Workers = None,
    text_file: Annotated[
        Path | None, typer.Option(help="Also write the reviews of a synthetic corpus as text to this CSV file.")
    ] = None,
) -> None:
    """Build a corpus from files and give it a name, or build one of the package's ahead of its first use."""
    from modelcollapse.corpora import build_corpus

    corpus = build_corpus(files, name, workers=workers, text_file=text_file, **reading)
    _print_made(corpus)
    _print_corpus(corpus)
    if text_file is not None:
        typer.echo(f"Text: {text_file}")


@app.command()
@expanded
def info(
    corpus: Annotated[str, typer.Argument(help="A corpus' name, or a file with reviews.")],
    reading: Annotated[Given, CorpusFields],
    workers: Workers = None,
) -> None:
    """Describe a corpus: size, balance, lengths, fingerprint, and what was read, kept and dropped."""
    from modelcollapse.corpora import load_corpus

    loaded = load_corpus(corpus, workers=workers, **reading)
    _print_corpus(loaded)
    _print_made(loaded)


@app.command()
def remove(
    corpus: Annotated[str, typer.Argument(help="A name or key from `corpus list`.")],
) -> None:
    """Remove a corpus from the cache, and its name. Your files are not touched."""
    from modelcollapse.corpora import remove_corpus

    freed = remove_corpus(corpus)
    typer.echo(f"Removed {corpus} ({_size(freed)}).")


def _print_corpus(corpus: AnyCorpus) -> None:
    from modelcollapse.cli.tables import print_table
    from modelcollapse.corpora.describe import describe_corpus

    title, *rows = describe_corpus(corpus)
    print_table(title, rows)


def _print_made(corpus: AnyCorpus) -> None:
    """Print the table of what was read, kept and dropped, and the first rows that could not be used."""
    from modelcollapse.cli.tables import print_table
    from modelcollapse.corpora.describe import describe_origin, describe_rows
    from modelcollapse.names import printable

    print_table(("made of", ""), describe_origin(corpus))
    print_table(("", "rows"), describe_rows(corpus))
    for row in corpus.origin.rows.bad_rows if corpus.origin else ():
        typer.echo(printable(f"  unusable: {row}"))


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes < 1e9 else f"{n_bytes / 1e9:,.2f} GB"
