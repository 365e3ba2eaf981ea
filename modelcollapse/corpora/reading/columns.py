"""Which columns of a table hold the text and the label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.errors import CorpusError

_TEXTS = ("text", "review", "review_text", "reviewtext", "review_body", "content", "body", "comment", "sentence")
LABELS = ("label", "labels", "sentiment", "polarity", "class", "target")
_RATINGS = ("rating", "ratings", "score", "stars", "star_rating", "overall")

#: Header of the Amazon Review Polarity set in Parquet; its parts are joined as in the fastText form.
_POLARITY = ("title", "content")


@dataclass(frozen=True)
class Columns:
    """Where the text and the label of a row are."""

    texts: tuple[int, ...]  # positions of the text columns
    label: int  # position of the label or rating column
    ratings: bool  # whether labels are star ratings
    separator: str = " "  # put between text columns

    def text_of(self, row: Sequence[str]) -> str:
        """Text of a row: its text columns that are not blank, joined."""
        if len(self.texts) == 1:
            return row[self.texts[0]]
        return self.separator.join(part for i in self.texts if (part := row[i]) and not part.isspace())


#: The original form of the Amazon Review Polarity set: class, title, text, without header.
ORIGINAL_FORM = Columns((1, 2), 0, ratings=False, separator=": ")


def find_columns(header: Sequence[str], options: CorpusOptions, file: str) -> Columns:
    """Find the columns a user named, or columns with usual names; raise CorpusError if one is not there."""
    texts = [find_column(name, header, file) for name in options.text_column]
    separator = " "
    if not texts and all(name in header for name in _POLARITY):
        texts, separator = [header.index(name) for name in _POLARITY], ": "
    if not texts:
        texts = [_guess(_TEXTS, header, file, "text", "--text-column")]
    label, ratings = find_label(header, options, file)
    return Columns(tuple(texts), label, ratings, separator)


def find_label(header: Sequence[str], options: CorpusOptions, file: str) -> tuple[int, bool]:
    """Return the position of the label column, and whether labels are ratings; raise CorpusError if there is none."""
    if options.rating_column is not None:
        return find_column(options.rating_column, header, file), True
    if options.label_column is not None:
        return find_column(options.label_column, header, file), False
    lower = [name.strip().lower() for name in header]
    ratings = not any(name in lower for name in LABELS) and any(name in lower for name in _RATINGS)
    return _guess(_RATINGS if ratings else LABELS, header, file, "label", "--label-column or --rating-column"), ratings


def names_text(header: Sequence[str]) -> bool:
    """Return whether a column has a usual name of text."""
    return any(name.strip().lower() in _TEXTS for name in header)


def numbered_columns(options: CorpusOptions) -> bool:
    """Whether the user gave columns by number, which means that the file has no header."""
    named = (*options.text_column, *options.feature_columns, options.label_column or "", options.rating_column or "")
    return any(name.isdecimal() for name in named)


def find_column(name: str, header: Sequence[str], file: str) -> int:
    """Return where a column is; raise CorpusError if it is not there."""
    if name in header:
        return list(header).index(name)
    alike = [i for i, column in enumerate(header) if column.strip().lower() == name.strip().lower()]
    if len(alike) == 1:
        return alike[0]
    raise CorpusError(f"{file} has no column {name!r}. It has: {_listed(header)}.")


def _guess(usual: Sequence[str], header: Sequence[str], file: str, what: str, option: str) -> int:
    lower = [name.strip().lower() for name in header]
    for name in usual:
        if name in lower:
            return lower.index(name)
    raise CorpusError(f"{file}: which column is the {what}? Say it with {option}. There are: {_listed(header)}.")


def _listed(header: Sequence[str]) -> str:
    names = [repr(name[:30]) for name in header[:12]]
    return ", ".join(names) + (", …" if len(header) > 12 else "")
