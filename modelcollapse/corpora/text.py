"""The text pipeline of the original study, for one word at a time: raw word in, terms out."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from functools import cache

from nltk.corpus.reader.wordnet import WordNetCorpusReader
from nltk.data import PathPointer
from nltk.stem import WordNetLemmatizer

from modelcollapse.corpora.language_data import archive_bytes, stop_words

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
        self._members = zipfile.ZipFile(io.BytesIO(archive_bytes("wordnet.zip")))
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

    Parameters
    ----------
    lemmatize, stopwords : bool
        Whether to reduce nouns to their lemma; whether to drop stop words.
    """

    def __init__(self, lemmatize: bool = True, stopwords: bool = True) -> None:
        self._lemmatizer = _lemmatizer() if lemmatize else None
        self._stop_words = stop_words() if stopwords else frozenset()
        self._known: dict[str, tuple[str, ...]] = {}

    def __call__(self, raw: str) -> tuple[str, ...]:
        """Terms of a raw word: none, one, or (only if a lemma is written with a hyphen) several."""
        word = "".join(filter(str.isalnum, raw.lower()))
        if not word or word in self._stop_words:
            return ()
        terms = self._known.get(word)
        if terms is None:
            lemma = self._lemmatizer.lemmatize(word) if self._lemmatizer else word
            terms = self._known[word] = tuple(TOKEN_PATTERN.findall(lemma.lower()))
        return terms
