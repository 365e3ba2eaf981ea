"""Names and files: what a word on the command line or in a spec file means, and how foreign words are shown."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

#: Words from files are cut to this length where they are shown.
_LONGEST = 2000


def means_file(given: str, is_name: bool, tell: bool = False) -> bool:
    """Return whether a word means a file: names come before files, but with a path separator (``./movies``) it is one.

    `is_name` says whether something is called so; `tell`, whether to say that the name won where there is a file, too.
    """
    if not is_name or os.sep in given:
        return True
    if tell and is_file(Path(given)):
        message = f"'{given}' is a name, and names come before files. For the file of that name write .{os.sep}{given}"
        sys.stderr.write(f"{printable(message)}\n")
    return False


def is_file(path: Path) -> bool:
    """Return whether there is a file, also for what can be no path at all, as too long a name."""
    return os.path.isfile(path)


def user_path(given: str) -> Path:
    """Return a path as the user means it, ``~`` included."""
    try:
        return Path(given).expanduser()
    except RuntimeError:  # ~nobody
        return Path(given)


def printable(text: str) -> str:
    """Escape what a terminal would obey (escape sequences, line breaks) or cannot encode; cut what is endless."""
    text = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c == "\N{NO-BREAK SPACE}" else c.encode("unicode_escape").decode() for c in text
    )


def first_line(error: BaseException) -> str:
    """Return what a library's error says first, as it may be shown: the rest is about the library."""
    return printable((str(error).splitlines() or [type(error).__name__])[0])[:300]


def short_hash(content: object) -> str:
    """Return a name that JSON-serialisable content has to itself: 24 hexadecimal digits."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]
