"""What can be said about synthetic reviews."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modelcollapse.corpora.sources.synthetic import PREFIX
from modelcollapse.corpora.sources.synthetic.words import MAX_WORDS
from modelcollapse.errors import CorpusError, first_problem


class SyntheticParameters(BaseModel):
    """Statistics of synthetic reviews.

    The defaults are what ``scripts/calibrate_synthetic.py`` found: with them the study's forest (1,000 trees of depth
    20) has the learning curve published for Amazon reviews, from 571 to 320,000 documents within 0.011. Other
    statistics give other curves; the shape of reviews (lengths, size of the vocabulary) was not searched for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    documents: int = Field(ge=1, le=100_000_000)
    seed: int = Field(default=0, ge=0)  # of everything that is drawn
    vocabulary: int = Field(default=200_000, ge=2, le=MAX_WORDS)  # words that can occur
    #: The word of rank r = 1, 2, … has a probability proportional to (r + shift)^−exponent (Zipf–Mandelbrot).
    zipf_exponent: float = Field(default=0.8242, ge=0, le=4)
    zipf_shift: float = Field(default=6.267, ge=0)
    #: Words a review: log-normal with this median and this standard deviation of the logarithm, 1 at least.
    median_length: float = Field(default=30, ge=1, le=10_000)
    length_spread: float = Field(default=0.65, ge=0, le=3)
    #: Share of words that carry sentiment, spread evenly over the ranks, in turn positive and negative.
    sentiment_share: float = Field(default=0.1041, ge=0, le=1)
    #: Standard deviation of the log-odds such a word gives for its class.
    sentiment_strength: float = Field(default=2.494, ge=0, le=10)
    topics: int = Field(default=0, ge=0, le=100)  # each review has one, all equally likely; 0 or 1 for none
    #: Standard deviation of the log-factor by which a topic changes each word's probability.
    topic_strength: float = Field(default=1.0, ge=0, le=10)
    balance: float = Field(default=0.5, gt=0, lt=1)  # share of positive reviews, before noise
    label_noise: float = Field(default=0.1093, ge=0, lt=0.5)  # share of labels that are wrong, in both classes alike

    @property
    def name(self) -> str:
        """The shortest text that `parse` reads as these parameters."""
        given = self.model_dump(exclude_defaults=True, exclude={"documents"})
        return ",".join([f"{PREFIX}:{self.documents}", *(f"{key}={value}" for key, value in given.items())])

    @classmethod
    def parse(cls, text: str) -> SyntheticParameters:
        """Read ``synthetic:400000`` or ``synthetic:400000,seed=3,label_noise=0.1``.

        Raise CorpusError if a parameter is unknown or has no valid value.
        """
        documents, *pairs = text.removeprefix(PREFIX).removeprefix(":").split(",")
        values = dict(pair.partition("=")[::2] for pair in pairs)
        try:
            return cls.model_validate({"documents": documents.replace("_", ""), **values})
        except ValidationError as error:
            _, field, words = first_problem(error)
            known = ", ".join(name for name in cls.model_fields if name != "documents")
            raise CorpusError(
                f"{text!r}: {field}: {words}. "
                f"Expected synthetic:N or synthetic:N,parameter=value,… with the parameters {known}."
            ) from None
