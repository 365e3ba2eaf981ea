"""Where figures and reports are written: a local folder or any fsspec URL, each file whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import fsspec


def write_file(folder: str | os.PathLike[str], name: str, content: bytes) -> str:
    """Write one file into a folder (made if needed) and return its path.

    Local files are written under a temporary name and renamed; object stores get one PUT, which is atomic there.
    """
    url = os.fspath(folder).rstrip("/")
    filesystem, path = fsspec.core.url_to_fs(url)
    target = f"{path}/{name}"
    filesystem.makedirs(path, exist_ok=True)
    if "file" in filesystem.protocol:
        temporary = Path(f"{target}.part")
        temporary.write_bytes(content)
        temporary.replace(target)
    else:
        filesystem.pipe_file(target, content)
    return f"{url}/{name}"
