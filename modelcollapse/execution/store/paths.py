"""The names of everything in a run's or a search's folder, relative to it."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Of a chain or a unit, 24 hexadecimal digits.
_ID = "[0-9a-f]{24}"


@dataclass(frozen=True)
class Shelf:
    """A subfolder with a file for each chain or unit, which its id names."""

    name: str
    suffix: str

    def file(self, item_id: str) -> str:
        """Return the file of a chain or a unit."""
        return f"{self.name}/{item_id}{self.suffix}"


class RunPaths:
    """What stands where: `PATHS` is the one instance."""

    spec = "spec.json"
    search = "search.json"
    log = "log.txt"
    report = "report.html"
    claims = "claims.md"
    vocabulary = "vocabulary.json"
    results = "results.csv"
    lineages = "lineages.csv"
    figures = "figures"
    local_lock = ".lock"
    object_lock = "lock.json"
    chains = Shelf("chains", ".parquet")
    partial = Shelf("partial", ".parquet")
    failures = Shelf("failures", ".json")
    units = Shelf("units", ".json")

    @property
    def shelves(self) -> tuple[Shelf, ...]:
        """All subfolders with files of chains or units."""
        return self.chains, self.partial, self.failures, self.units

    @property
    def specs(self) -> tuple[str, str]:
        """Files that say what a folder holds: a run or a search."""
        return self.spec, self.search

    def figure(self, name: str) -> str:
        """Return where a figure stands."""
        return f"{self.figures}/{name}"

    def written(self) -> dict[str, re.Pattern[str]]:
        """Return what is written into the folder ("") and each subfolder, as patterns of names."""
        files = (self.spec, self.search, self.results, self.lineages, self.report, self.claims, self.vocabulary)
        by_folder = {"": "|".join(map(re.escape, files)), self.figures: r".+\.(png|svg)"}
        by_folder |= {shelf.name: _ID + re.escape(shelf.suffix) for shelf in self.shelves}
        return {folder: re.compile(pattern) for folder, pattern in by_folder.items()}


PATHS = RunPaths()
