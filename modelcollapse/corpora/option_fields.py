"""The options of a corpus: keys of spec files, options of the command line. What they mean: see `CorpusOptions`."""

from __future__ import annotations

import os
from typing import Annotated

from modelcollapse.fields import Field

MAX_NGRAMS = 5


def _parse_columns(given: object) -> object:
    """Let one column name stand for a list of one."""
    return (given,) if isinstance(given, str) else given


def absolute(given: object) -> object:
    """Make a path one that means the same from every working directory; leave what is no path to be refused."""
    return os.path.abspath(os.path.expanduser(given)) if isinstance(given, str | os.PathLike) else given


def _parse_ngrams(given: object) -> object:
    """Read ``3``, ``"3"`` or ``"1-3"`` as the highest n-gram order."""
    if isinstance(given, bool):
        raise ValueError("n-gram orders are a number or a range such as 1-3")
    if isinstance(given, str):
        low, dash, high = given.partition("-")
        if dash and low.strip() != "1":
            raise ValueError("n-gram ranges begin at 1, such as 1-3")
        return high if dash else low
    return given


def _parse_encoding(given: object) -> object:
    """Refuse names of encodings that there are not."""
    if isinstance(given, str):
        try:
            b"a".decode(given, "replace")  # there are codecs that are no encodings of text
        except (LookupError, UnicodeError) as error:
            raise ValueError(str(error)) from None
    return given


class BlockFields:
    """What can be said of how text is cut, where slots are blocks of tokens."""

    block_length: Annotated[int, Field("For text generation: tokens of a block.  [128]", ge=4, le=100_000)] = 128
    min_count: Annotated[
        int, Field("For text generation: how often a word occurs to be one of the vocabulary.  [3]", ge=1, le=1_000_000)
    ] = 3  # fmt: skip


class CorpusFields:
    """What can be said of how reviews are read and counted."""

    text_column: Annotated[
        tuple[str, ...],
        Field(
            "Column with the text; several are joined. A number: file without header.",
            _parse_columns, list[str], of_file=True,
        ),
    ] = ()  # fmt: skip
    label_column: Annotated[
        str | None,
        Field(
            "Column with the classes: 0/1, neg/pos, …, or any words or numbers.",
            replaces=("rating_column",), of_file=True,
        ),
    ] = None  # fmt: skip
    rating_column: Annotated[
        str | None,
        Field(
            "Column with stars: 4–5 are positive, 1–2 negative, 3 is left out.",
            replaces=("label_column",), of_file=True,
        ),
    ] = None  # fmt: skip
    keep_stars: Annotated[
        bool, Field("Take every number of stars for a class of its own.", flags=("--keep-stars",), of_file=True)
    ] = False  # fmt: skip
    feature_columns: Annotated[
        tuple[str, ...],
        Field(
            "Columns with numbers, a,b,c; or one with vectors; * for all.  [all, where no column has text]",
            _parse_columns, list[str], of_file=True,
        ),
    ] = ()  # fmt: skip
    labels_file: Annotated[
        str | None,
        Field("Labels of vectors in a .npy file: a .npy, or text with one a line.", absolute, str, of_file=True),
    ] = None
    encoding: Annotated[str, Field("Of text files.  [utf-8]", _parse_encoding, of_file=True)] = "utf-8"
    member: Annotated[str | None, Field("The file to read in an archive.  [all data files]", of_file=True)] = None
    drop_duplicates: Annotated[bool, Field("Keep the first of equal texts.", flags=("--drop-duplicates",))] = False
    balance: Annotated[bool, Field("Keep as many documents of each class.", flags=("--balance",))] = False
    keep_going: Annotated[bool, Field("Accept more than 1 % unusable rows.", flags=("--keep-going",))] = False
    lemmatize: Annotated[bool, Field("Reduce nouns to their lemma.  [yes]")] = True
    stopwords: Annotated[bool, Field("Remove stop words.  [yes]")] = True
    ngrams: Annotated[int, Field("N-gram orders to count: 1-3.  [1]", _parse_ngrams, str, ge=1, le=MAX_NGRAMS)] = 1


class ReadingFields(CorpusFields, BlockFields):
    """What can be said of how a corpus is read, in any domain."""
