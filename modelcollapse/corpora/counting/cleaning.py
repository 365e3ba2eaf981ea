"""The text pipeline of the original study, for one word at a time: raw word in, terms out."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from modelcollapse.corpora.counting.language_data import stop_words

if TYPE_CHECKING:
    from modelcollapse.corpora.counting.lemmatizer import ShippedLemmatizer

#: scikit-learn's default token pattern: words of two letters and more.
TOKEN_PATTERN = re.compile(r"(?u)\b\w\w+\b")


@cache
def _lemmatizer() -> ShippedLemmatizer:
    from modelcollapse.corpora.counting.lemmatizer import ShippedLemmatizer

    return ShippedLemmatizer()


class WordCleaner:
    """What becomes of one white-space-delimited word of a review.

    In the order of the study: lower case, drop characters that are not alphanumeric, drop stop words, noun lemma,
    then what scikit-learn's CountVectorizer does to the result (lower case again, words of two letters and more).
    Splitting first is the same as splitting last: ``str.split`` splits at exactly the characters that ``str.isspace``
    keeps from being removed, and lower-casing neither makes nor unmakes one, nor looks across one.
    """

    def __init__(self, lemmatize: bool = True, stopwords: bool = True) -> None:
        self._lemmatizer = _lemmatizer() if lemmatize else None
        self._stop_words = stop_words() if stopwords else frozenset()

    def __call__(self, raw: str) -> list[str]:
        """Terms of a raw word: none, one, or (only if a lemma is written with a hyphen) several."""
        word = raw.lower()
        if not word.isalnum():
            word = "".join(filter(str.isalnum, word))
        if not word or word in self._stop_words:
            return []
        lemma = self._lemmatizer.lemmatize(word) if self._lemmatizer else word
        return TOKEN_PATTERN.findall(lemma.lower())
