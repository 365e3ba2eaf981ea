"""``corpus list``, ``build``, ``info`` and ``remove``; the options that say how reviews are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelcollapse.cli.options import typed

if TYPE_CHECKING:
    from modelcollapse.corpora.corpus import Corpus

app = typer.Typer(help="Build, list, describe and remove corpora.", no_args_is_help=True)

TextColumn = Annotated[
    list[str] | None, typer.Option(help="Column with the text; several are joined. A number: file without header.")
]
LabelColumn = Annotated[str | None, typer.Option(help="Column with two classes: 0/1, 1/2, -1/1, neg/pos, false/true.")]
RatingColumn = Annotated[
    str | None, typer.Option(help="Column with stars: 4–5 are positive, 1–2 negative, 3 is left out.")
]
Encoding = Annotated[str | None, typer.Option(help="Of text files.  [utf-8]")]
Member = Annotated[str | None, typer.Option(help="The file to read in an archive.  [all data files]")]
DropDuplicates = Annotated[bool | None, typer.Option("--drop-duplicates", help="Keep the first of equal texts.")]
Balance = Annotated[bool | None, typer.Option("--balance", help="Keep as many documents of each class.")]
KeepGoing = Annotated[bool | None, typer.Option("--keep-going", help="Accept more than 1 % unusable rows.")]
Lemmatize = Annotated[
    bool | None, typer.Option("--lemmatize/--no-lemmatize", help="Reduce nouns to their lemma.  [yes]")
]
Stopwords = Annotated[bool | None, typer.Option("--stopwords/--no-stopwords", help="Remove stop words.  [yes]")]
Ngrams = Annotated[str | None, typer.Option(help="N-gram orders to count: 1-3.  [1]")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes to clean text in.  [all cores]")]


def corpus_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """Take those of the options typed (see `options.typed`) that say how reviews are read."""
    from modelcollapse.corpora import CorpusOptions

    return {name: params[name] for name in CorpusOptions.model_fields if name in params}


@app.command("list")
def list_corpora() -> None:
    """List the corpora of the package, those built under a name, and what is cached."""
    from modelcollapse.cli.tables import print_table
    from modelcollapse.corpora.catalogue import list_catalogue

    catalogue = list_catalogue()
    rows = [
        (entry.name, entry.what, *((f"{entry.n_documents:,}", _size(entry.n_bytes)) if entry.n_bytes else ("-", "-")))
        for entry in catalogue.entries
    ]
    print_table(("name", "what", "documents", "cached"), rows)
    typer.echo(f"Cache: {catalogue.folder} (set MODELCOLLAPSE_CACHE to use another folder)")


@app.command()
def build(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Files, or one corpus of the package.")],
    name: Annotated[str | None, typer.Option(help="What to call it from now on.")] = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    rating_column: RatingColumn = None,
    encoding: Encoding = None,
    member: Member = None,
    drop_duplicates: DropDuplicates = None,
    balance: Balance = None,
    keep_going: KeepGoing = None,
    lemmatize: Lemmatize = None,
    stopwords: Stopwords = None,
    ngrams: Ngrams = None,
    workers: Workers = None,
    text_file: Annotated[
        Path | None, typer.Option(help="Also write the reviews of a synthetic corpus as text to this CSV file.")
    ] = None,
) -> None:
    """Build a corpus from files and give it a name, or build one of the package's ahead of its first use."""
    from modelcollapse.corpora import build_corpus, load_corpus
    from modelcollapse.errors import CorpusError

    options = corpus_options(typed(context))
    if name is not None:
        corpus = build_corpus(files, name, workers=workers, **options)
    elif len(files) == 1:
        corpus = load_corpus(files[0], workers=workers, **options)
    else:
        raise CorpusError("several files make one corpus only under a name. Add --name NAME.")
    _print_made(corpus)
    _print_corpus(corpus)
    if text_file is not None:
        from modelcollapse.corpora.sources.synthetic.text import write_reviews

        write_reviews(corpus, text_file)
        typer.echo(f"Text: {text_file}")


@app.command()
def info(
    context: typer.Context,
    corpus: Annotated[str, typer.Argument(help="A corpus' name, or a file with reviews.")],
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    rating_column: RatingColumn = None,
    encoding: Encoding = None,
    member: Member = None,
    drop_duplicates: DropDuplicates = None,
    balance: Balance = None,
    keep_going: KeepGoing = None,
    lemmatize: Lemmatize = None,
    stopwords: Stopwords = None,
    ngrams: Ngrams = None,
    workers: Workers = None,
) -> None:
    """Describe a corpus: size, balance, lengths, fingerprint, and what was read, kept and dropped."""
    from modelcollapse.corpora import load_corpus

    loaded = load_corpus(corpus, workers=workers, **corpus_options(typed(context)))
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


def _print_corpus(corpus: Corpus) -> None:
    from modelcollapse.cli.tables import print_table
    from modelcollapse.corpora.describe import describe_corpus

    title, *rows = describe_corpus(corpus)
    print_table(title, rows)


def _print_made(corpus: Corpus) -> None:
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
