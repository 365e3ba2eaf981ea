"""`load_corpus`: one function for every source."""

from __future__ import annotations

import json
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from modelcollapse.corpora.arrays import HASH_BYTES, hash_file
from modelcollapse.corpora.cache import CorpusCache
from modelcollapse.corpora.corpus import Corpus
from modelcollapse.corpora.language_data import language_data_hash
from modelcollapse.corpora.ledger import Ledger
from modelcollapse.corpora.movies import movies_file
from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.errors import CorpusError

#: Raised whenever the same source and options give another corpus than before.
PIPELINE_VERSION = 1


def load_corpus(name_or_path: str | Path = "movies", *, cache: Path | None = None, **options: Any) -> Corpus:
    """Load a corpus, building and caching it on first use.

    Parameters
    ----------
    name_or_path : str or Path
        ``movies`` or a file with labelled reviews.
    cache : Path, optional
        Cache directory; the user's by default.
    **options
        See `CorpusOptions`.

    Raises
    ------
    CorpusError
        If there is no such corpus, or it cannot be built.
    """
    parsed = CorpusOptions.parse(**options)
    path = movies_file() if name_or_path == "movies" else Path(name_or_path)
    if not path.is_file():
        raise CorpusError(f"no corpus and no file {str(name_or_path)!r}. Known corpora: movies.")
    identity = {
        "file": hash_file(path),
        "options": parsed.model_dump(mode="json"),
        "language_data": language_data_hash(),
        "pipeline": PIPELINE_VERSION,
    }
    key = blake2b(json.dumps(identity, sort_keys=True).encode(), digest_size=HASH_BYTES).hexdigest()
    name = str(name_or_path) if name_or_path == "movies" else path.stem
    return CorpusCache(cache).get_or_build(key, name, partial(_build, path, parsed, identity))


def _build(path: Path, options: CorpusOptions, identity: dict[str, Any], folder: Path) -> dict[str, Any]:
    from modelcollapse.corpora.build import build_from_rows
    from modelcollapse.corpora.files import read_file

    ledger = Ledger()
    rows = read_file(path, options, ledger)
    found = build_from_rows(rows, options.rating_column is not None, ledger, options, folder)
    return {**identity, **found}
