"""Everything a user can say about how a corpus is made. All of it is part of the corpus' identity."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from modelcollapse.corpora.option_fields import CorpusFields
from modelcollapse.errors import CorpusError, first_problem


class CorpusOptions(CorpusFields, BaseModel):
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

    @model_validator(mode="after")
    def _one_kind_of_label(self) -> CorpusOptions:
        if self.label_column is not None and self.rating_column is not None:
            raise ValueError("label_column and rating_column exclude each other")
        return self

    @classmethod
    def parse(cls, **values: Any) -> CorpusOptions:
        """Make options from keyword arguments; raise CorpusError in one line if a name or value is not valid."""
        unknown = sorted(set(values) - set(cls.model_fields))
        if unknown:
            known = ", ".join(cls.model_fields)
            raise CorpusError(f"unknown corpus option {unknown[0]!r}. Known are: {known}.")
        try:
            return cls(**values)
        except ValidationError as error:
            _, field, words = first_problem(error)
            raise CorpusError(f"corpus option {field or 'combination'}: {words}.") from None
