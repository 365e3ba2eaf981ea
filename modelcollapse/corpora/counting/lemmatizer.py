"""nltk's lemmatiser on the WordNet that is shipped: a module of its own, since nltk takes long to import."""

from __future__ import annotations

import io
import warnings

from nltk.corpus.reader.wordnet import WordNetCorpusReader
from nltk.data import PathPointer
from nltk.stem import WordNetLemmatizer

from modelcollapse.corpora.counting.language_data import open_archive


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


class ShippedLemmatizer(WordNetLemmatizer):  # type: ignore[misc]
    """nltk's lemmatiser of nouns."""

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
