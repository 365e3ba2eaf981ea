"""The text pipeline of the original study, for one word at a time: raw word in, terms out."""

from __future__ import annotations

import io
import re
import warnings
from functools import cache

from nltk.corpus.reader.wordnet import WordNetCorpusReader
from nltk.data import PathPointer
from nltk.stem import WordNetLemmatizer

from modelcollapse.corpora.counting.language_data import open_archive, stop_words

#: scikit-learn's default token pattern: words of two letters and more.
TOKEN_PATTERN = re.compile(r"(?u)\b\w\w+\b")


class _Nowhere(PathPointer):  # type: ignore[misc]
    """A corpus root: nltk's reader insists on one, ours opens its files itself."""

    def open(self, encoding: str | None = None) -> io.IOBase:
        raise OSError("not a file")

    def file_size(self) -> int:
        return 0

    def join(self, fileid: str) -> _Nowhere:
        return self


class _ShippedWordNet(WordNetCorpusReader):  # type: ignore[misc]
    """nltk's WordNet reader on the shipped archive."""

    def __init__(self) -> None:
        self._members = open_archive("wordnet.zip")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "multilingual functions are not available": not needed
            super().__init__(_Nowhere(), None)

    def open(self, file: str) -> io.StringIO:
        return io.StringIO(self._members.read(f"wordnet/{file}").decode())

    def map_wn(self, version: str = "wordnet") -> None:
        """Skip the mapping to other WordNet versions, which would search the user's NLTK folders."""


class _ShippedLemmatizer(WordNetLemmatizer):  # type: ignore[misc]
    """nltk's lemmatiser on the shipped WordNet."""

    def __init__(self) -> None:
        self._wordnet = _ShippedWordNet()
        self._exceptions = self._wordnet._exception_map["n"]
        self._endings = tuple(old for old, _ in self._wordnet.MORPHOLOGICAL_SUBSTITUTIONS["n"])

    def lemmatize(self, word: str, pos: str = "n") -> str:
        """Lemmatise a noun; most words need no look-up, since no rule or exception of nltk's tables is about them."""
        if word.endswith(self._endings) or word in self._exceptions:
            return str(super().lemmatize(word, pos))
        return word

    def _morphy(self, form: str, pos: str, check_exceptions: bool = True) -> list[str]:
        forms: list[str] = self._wordnet._morphy(form, pos, check_exceptions)
        return forms


@cache
def _lemmatizer() -> _ShippedLemmatizer:
    return _ShippedLemmatizer()


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
