"""Everything a user can say about how a corpus is made. All of it is part of the corpus' identity."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from modelcollapse.corpora.option_fields import BlockFields, CorpusFields
from modelcollapse.errors import CorpusError, first_problem
from modelcollapse.fields import documented


class _Options(BaseModel):
    """Options that are refused in one line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def parse(cls, **values: Any) -> Self:
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


@documented(CorpusFields)
class CorpusOptions(CorpusFields, _Options):
    """How reviews are read and turned into counts.

    Columns that are not named are found by usual names; numbers (``"3"``, counted from 1) are those of a file without
    header. Ratings are 1 to 5. Of equal texts, and of the larger class, the first ones are kept. Which n-gram orders a
    model sees is the chain's choice. Numbers in tables and vectors are features as they are: options that are about
    text are refused there.

    Attributes
    ----------
    {fields}
    """

    #: Whether a file without a column of labels is refused.
    needs_labels: ClassVar[bool] = True

    @model_validator(mode="after")
    def _one_kind_of_label(self) -> CorpusOptions:
        if self.label_column is not None and self.rating_column is not None:
            raise ValueError("label_column and rating_column exclude each other")
        return self

    def identity(self) -> dict[str, Any]:
        """Return what of this makes a corpus; options younger than corpora are left out where they are not used."""
        unused = {name for name in ("feature_columns", "keep_stars") if not getattr(self, name)}
        return self.model_dump(mode="json", exclude={"labels_file", *unused})  # the file itself is known by its hash


class TextOptions(CorpusOptions):
    """The same where only texts are wanted."""

    needs_labels: ClassVar[bool] = False


class BlockOptions(BlockFields, _Options):
    """How texts are cut into blocks: see `corpora.blocks.load_blocks`."""
