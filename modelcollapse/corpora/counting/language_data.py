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
def archive_bytes(name: str) -> bytes:
    """Bytes of a shipped archive, ``stopwords.zip`` or ``wordnet.zip``."""
    return (resources.files("modelcollapse.corpora") / "nltk_data" / "corpora" / name).read_bytes()


@cache
def language_data_hash() -> str:
    """Hash of the stop words and the WordNet files in use."""
    digest = hashlib.blake2b(digest_size=16)
    for name in _ARCHIVES:
        with zipfile.ZipFile(io.BytesIO(archive_bytes(name))) as archive:
            for member in sorted(archive.namelist()):
                digest.update(member.encode() + b"\0" + hashlib.blake2b(archive.read(member)).digest())
    return digest.hexdigest()


@cache
def stop_words() -> frozenset[str]:
    """English stop words of nltk."""
    with zipfile.ZipFile(io.BytesIO(archive_bytes("stopwords.zip"))) as archive:
        return frozenset(archive.read("stopwords/english").decode().split())
