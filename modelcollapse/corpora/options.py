"""Everything a user can say about how a corpus is made. All of it is part of the corpus' identity."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from modelcollapse.errors import CorpusError

MAX_NGRAMS = 5


def _parse_ngrams(value: object) -> object:
    """Read ``3``, ``"3"`` or ``"1-3"`` as the highest n-gram order."""
    if isinstance(value, bool):
        raise ValueError("n-gram orders are a number or a range such as 1-3")
    if isinstance(value, str):
        low, dash, high = value.partition("-")
        if dash and low.strip() != "1":
            raise ValueError("n-gram ranges begin at 1, such as 1-3")
        return high if dash else low
    return value


def _parse_columns(value: object) -> object:
    """Let one column name stand for a list of one."""
    return (value,) if isinstance(value, str) else value


class CorpusOptions(BaseModel):
    """How reviews are read and turned into counts.

    Attributes
    ----------
    text_column : tuple of str
        Columns with the text, joined by a space. Empty: a column with a usual name is looked for.
        Numbers (``"3"``, counted from 1) name the columns of a file without header.
    label_column : str, optional
        Column with two classes: 0/1, 1/2, -1/1, negative/positive in words, false/true.
    rating_column : str, optional
        Column with 1 to 5 stars instead: 4 and 5 are positive, 1 and 2 negative, 3 is left out.
    encoding : str
        Of text files.
    member : str, optional
        Name of the one file to read inside an archive; all data files by default.
    drop_duplicates : bool
        Keep only the first of documents with exactly the same text.
    balance : bool
        Keep as many documents of each class: those of the larger class that come first.
    keep_going : bool
        Accept files in which more than 1 % of the rows cannot be used.
    lemmatize, stopwords : bool
        Lemmatise nouns; remove English stop words.
    ngrams : int
        Highest n-gram order, 1 to 5. Which orders a model sees is the chain's choice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text_column: Annotated[tuple[str, ...], BeforeValidator(_parse_columns)] = ()
    label_column: str | None = None
    rating_column: str | None = None
    encoding: str = "utf-8"
    member: str | None = None
    drop_duplicates: bool = False
    balance: bool = False
    keep_going: bool = False
    lemmatize: bool = True
    stopwords: bool = True
    ngrams: Annotated[int, BeforeValidator(_parse_ngrams), Field(ge=1, le=MAX_NGRAMS)] = 1

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            b"a".decode(value, "replace")  # there are codecs that are no encodings of text
        except (LookupError, UnicodeError) as error:
            raise ValueError(str(error)) from None
        return value

    @model_validator(mode="after")
    def _one_kind_of_label(self) -> CorpusOptions:
        if self.label_column is not None and self.rating_column is not None:
            raise ValueError("label_column and rating_column exclude each other")
        return self

    @classmethod
    def parse(cls, **values: Any) -> CorpusOptions:
        """Make options from keyword arguments.

        Raises
        ------
        CorpusError
            If a name is unknown or a value is not valid, in one line.
        """
        unknown = sorted(set(values) - set(cls.model_fields))
        if unknown:
            known = ", ".join(cls.model_fields)
            raise CorpusError(f"unknown corpus option {unknown[0]!r}. Known are: {known}.")
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise CorpusError(f"corpus option {where or 'combination'}: {first['msg']}.") from None
