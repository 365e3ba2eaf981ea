"""Stop words and WordNet as shipped with the package: the same on every machine, found without network.

Read by explicit path; what the user's own NLTK search path holds does not matter.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import cache
from importlib import resources

_ARCHIVES = ("stopwords.zip", "wordnet.zip")


@cache
def open_archive(name: str) -> zipfile.ZipFile:
    """Open a shipped archive, ``stopwords.zip`` or ``wordnet.zip``, in memory."""
    file = resources.files("modelcollapse.corpora") / "nltk_data" / "corpora" / name
    return zipfile.ZipFile(io.BytesIO(file.read_bytes()))


@cache
def language_data_hash() -> str:
    """Hash of the stop words and the WordNet files in use."""
    digest = hashlib.blake2b(digest_size=16)
    for archive in map(open_archive, _ARCHIVES):
        for member in sorted(archive.namelist()):
            digest.update(member.encode() + b"\0" + hashlib.blake2b(archive.read(member)).digest())
    return digest.hexdigest()


@cache
def stop_words() -> frozenset[str]:
    """English stop words of nltk."""
    return frozenset(open_archive("stopwords.zip").read("stopwords/english").decode().split())
