"""An older commit beside this one: a bench runs itself with both, in turn, and prints the ratios of neighbouring runs.

The older commit's package is taken from a worktree in a temporary folder, which is removed at the end; the bench is
this commit's, so that both are asked the same.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_HERE = Path(__file__).parents[1]

#: Figures by name, as a bench prints them with ``--figures``.
Figures = dict[str, float]


@contextmanager
def worktree(commit: str) -> Iterator[Path]:
    """Check a commit out in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "then"
        git = ["git", "-C", str(_HERE), "worktree"]
        added = subprocess.run([*git, "add", "--detach", str(path), commit], capture_output=True, text=True)
        if added.returncode:
            sys.exit(f"Found no commit '{commit}' to compare with: {added.stderr.strip()}")
        try:
            yield path
        finally:
            subprocess.run([*git, "remove", "--force", str(path)], check=True, capture_output=True)


def figures_of(package: Path, script: str, arguments: Sequence[str]) -> Figures:
    """Run a bench once with the package in a folder."""
    environment = {**os.environ, "PYTHONPATH": str(package)}
    command = [sys.executable, script, *arguments, "--figures"]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compare(commit: str, script: str, arguments: Sequence[str], rounds: int) -> None:
    """Alternate between a commit and this one, and print medians and ratios."""
    found: dict[str, list[Figures]] = {"then": [], "now": []}
    with worktree(commit) as then:
        for number in range(rounds):
            for name in ("then", "now") if number % 2 == 0 else ("now", "then"):
                found[name].append(figures_of(then if name == "then" else _HERE, script, arguments))
    print(f"{'':32} {commit[:10]:>10} {'now':>10} {'then/now':>9}   quartiles")
    for name in found["now"][0]:
        then_, now = ([figures[name] for figures in found[when]] for when in ("then", "now"))
        print(f"{name:32} {statistics.median(then_):>10.4f} {statistics.median(now):>10.4f} {_ratios(then_, now)}")


def _ratios(then: Sequence[float], now: Sequence[float]) -> str:
    """Return the median and the quartiles of the rounds' ratios: what slows the machine for a while slows both."""
    if not all(now):
        return ""
    ratios = [a / b for a, b in zip(then, now, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
    return f"{middle:>9.3f}   {low:.3f}–{high:.3f}"
