"""Which folders a run or a search may begin in: nothing that is not ours is written over, or mixed with it."""

from __future__ import annotations

import json
import re

from modelcollapse.execution.store.files import Files
from modelcollapse.execution.store.paths import PATHS

_LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ [\w.]+: ")


def foreign(files: Files) -> list[str]:
    """Return what a folder holds that no run or search has made.

    A driver may have been killed before it wrote spec.json, and who found it damaged may have put it out of the way:
    then chains vouch for the folder. What is hidden is nobody's business.
    """
    there, written = files.entries(""), PATHS.written()
    stores = [shelf.name for shelf in PATHS.shelves]
    if any(written[store].fullmatch(name) for store in stores if store in there for name in files.entries(store)):
        return []
    known_by_content = {PATHS.log: is_log, PATHS.object_lock: is_lock}

    def is_ours(name: str) -> bool:
        if name in known_by_content:
            content = files.read(name)
            return content is not None and known_by_content[name](content)
        return name in (*stores, PATHS.figures) and not files.entries(name)

    return [name for name in there if not is_ours(name)]


def is_log(content: bytes) -> bool:
    """Whether a file that begins like this is a log of a run, or empty."""
    return not content or _LOG_LINE.match(content[:200].decode(errors="replace")) is not None


def is_lock(content: bytes) -> bool:
    """Whether an object is a lock: see `execution.store.lock`."""
    try:
        return set(json.loads(content)) == {"token", "host", "process", "time"}
    except (ValueError, TypeError, RecursionError):
        return False


def is_begun_spec(content: bytes) -> bool:
    """Whether a damaged spec was written for a run or a search: as it begins, or as a run's is made."""
    if re.match(rb'\{\s*"format":\s*\d+,\s*("corpus":\s*\{|"search":\s*")', content):
        return True
    try:
        return {"corpus", "sweeps", "versions"} <= set(json.loads(content))
    except (ValueError, TypeError, RecursionError):
        return False
