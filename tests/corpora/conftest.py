"""Real reviews for the tests, and a cache of their own."""

import os
from pathlib import Path

import polars as pl
import pytest

from modelcollapse.corpora.sources.source import movies_file
from modelcollapse.errors import CorpusError


def data_folder():
    """Folder with more reviews than the package brings, if the developer has one."""
    default = Path(__file__).parents[3] / "shared" / "data"
    return Path(os.environ.get("MODELCOLLAPSE_DATA", default))


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """An empty cache directory for every test."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("MODELCOLLAPSE_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def reviews():
    """3,000 labelled real reviews: a frame with `text` and `label`; made-up ones if none are installed."""
    shared = data_folder() / "amazon_reviews.parquet"
    if shared.is_file():
        frame = pl.read_parquet(shared, columns=["text", "label"])
    else:
        try:
            frame = pl.read_csv(movies_file(), columns=["text", "label"])
        except CorpusError:
            frame = pl.DataFrame(
                {
                    "text": [f"The dogs' {w} movies weren't good!! Really-bad {i}" for i in range(50) for w in WORDS],
                    "label": [i % 2 for i in range(50 * len(WORDS))],
                }
            )
    return frame.sample(min(3000, len(frame)), seed=7, shuffle=True)


WORDS = ["café", "İstanbul", "ΟΔΟΣ", "feet", "aides", "1990s", "naïve", "corpora", "it's", "x", "re-\u2028run", "été"]
