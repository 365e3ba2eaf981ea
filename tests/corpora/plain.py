"""The study's text pipeline written plainly, one document at a time: what the package's fast one must equal."""

from functools import cache
from importlib import resources

import nltk
from nltk.corpus import stopwords
from nltk.stem import WordNetLemmatizer


@cache
def _stop_words():
    folder = str(resources.files("modelcollapse.corpora") / "nltk_data")
    if folder not in nltk.data.path:
        nltk.data.path.insert(0, folder)
    return frozenset(stopwords.words("english"))


_lemmatize = cache(WordNetLemmatizer().lemmatize)


def plain_tokens(text, lemmatize=True, remove_stopwords=True):
    """Tokens of a review before CountVectorizer."""
    lowered = text.lower()
    kept = "".join(c for c in lowered if c.isalnum() or c.isspace())
    words = kept.split()
    stop = _stop_words()
    if remove_stopwords:
        words = [word for word in words if word not in stop]
    return [_lemmatize(word) for word in words] if lemmatize else words
