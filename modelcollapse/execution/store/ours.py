"""Which folders a run or a search may begin in: nothing that is not ours is written over, or mixed with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

#: Files that say what a folder holds.
SPECS = ("spec.json", "search.json")

#: With one of them a folder cannot hold the other: which that is, and what it says.
OTHERS = {
    "spec.json": ("search.json", "a search (search.json), not a run of sweeps"),
    "search.json": ("spec.json", "a run of sweeps (spec.json), not a search"),
}

#: What a run and a search store of a chain or a unit: its id names it.
STORED = re.compile(r"[0-9a-f]{24}\.(parquet|json)")

#: Subfolders with such files,
STORES = ("chains", "partial", "failures", "units")

#: and what is written besides.
WRITTEN = re.compile(r"spec\.json|search\.json|results\.csv|lineages\.csv|report\.html|claims\.md")

_LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ [\w.]+: ")


def foreign(names: Callable[[str], list[str]], read: Callable[[str], bytes | None]) -> list[str]:
    """Return what a folder holds that no run or search has made.

    A driver may have been killed before it wrote spec.json, and who found it damaged may have put it out of the way:
    then chains vouch for the folder. What is hidden is nobody's business.

    Parameters
    ----------
    names : callable
        Returns the names in a subfolder ("" for the folder itself), hidden ones left out.
    read : callable
        Returns a file's content.
    """
    there = names("")
    if any(STORED.fullmatch(name) for store in STORES if store in there for name in names(store)):
        return []
    known_by_content = {"log.txt": is_log, "lock.json": is_lock}

    def is_ours(name: str) -> bool:
        if name in known_by_content:
            content = read(name)
            return content is not None and known_by_content[name](content)
        return name in (*STORES, "figures") and not names(name)

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


def is_spec_of_a_run(content: bytes) -> bool:
    """Whether a damaged spec.json was written for a run: as it begins, or as it is made."""
    if re.match(rb'\{\s*"format":\s*\d+,\s*"corpus":\s*\{', content):
        return True
    try:
        return {"corpus", "sweeps", "versions"} <= set(json.loads(content))
    except (ValueError, TypeError, RecursionError):
        return False
