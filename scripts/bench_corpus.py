"""Time and peak memory of building corpora.

Each measurement is a process of its own with an empty cache; memory is the largest sum of the proportional set sizes of
it and its children (what they share counts once), sampled once a second. Without arguments: the movies corpus,
Parquet files in the folder MODELCOLLAPSE_DATA, 400,000 synthetic reviews. ``--bootstrap N`` instead: N reviews drawn
with replacement from the largest of these files.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

BUILD = """
import json, resource, sys, time
began = time.perf_counter()
from modelcollapse.corpora import load_corpus
workers = int(sys.argv[2]) if len(sys.argv) > 2 else None
corpus = load_corpus(sys.argv[1], workers=workers, progress=False)
built = time.perf_counter() - began
began = time.perf_counter()
load_corpus(sys.argv[1], progress=False)
again = time.perf_counter() - began
print(json.dumps({"documents": corpus.n_documents, "terms": corpus.n_terms, "counts": len(corpus.data),
                  "seconds": built, "again": again, "fingerprint": corpus.fingerprint,
                  "processor": sum(sum(resource.getrusage(who)[:2]) for who in (
                      resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))}))
"""


def memory_of(pid: int) -> int:
    """Sum of the proportional set sizes of a process and its children, in bytes (Linux only, else 0)."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parents = [int(process.name), int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])]
            if pid in parents:
                rollup = (process / "smaps_rollup").read_text()
                total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) * 1024
        except (OSError, IndexError, ValueError):
            continue
    return total


def measure(source: str, workers: int | None) -> None:
    """Build a corpus in a process of its own and print what it took."""
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-c", BUILD, source, *([str(workers)] if workers else [])]
        environment = {**os.environ, "MODELCOLLAPSE_CACHE": cache}
        peak = 0
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            while process.poll() is None:
                peak = max(peak, memory_of(process.pid))
                time.sleep(1)
            answer = process.stdout.read() if process.stdout else ""
        if process.returncode:
            sys.exit(f"building {source} failed")
        size = sum(file.stat().st_size for file in Path(cache).rglob("*") if file.is_file())
    result = json.loads(answer)
    sizes = f"{result['documents']:>10,} {result['terms']:>9,} {result['counts']:>12,}"
    times = f"{result['seconds']:>8.1f} {result['processor']:>9.1f} {result['again']:>6.2f}"
    room = f"{peak / 1e9:>8.2f} {size / 1e9:>8.2f}"
    print(f"{Path(source).name:<28} {sizes} {times} {room}  {result['fingerprint']}", flush=True)


def bootstrap(source: Path, n: int, target: Path) -> None:
    """Write `n` rows of a Parquet file drawn with replacement, in several parts so that memory stays small."""
    frame = pl.read_parquet(source, columns=["text", "label"])
    draw = np.random.default_rng(0)
    parts = []
    for first in range(0, n, 200_000):
        rows = draw.integers(len(frame), size=min(200_000, n - first))
        parts.append(target.with_suffix(f".{first}.parquet"))
        frame[rows].write_parquet(parts[-1])
    pl.scan_parquet(parts).sink_parquet(target)
    for part in parts:
        part.unlink()


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("sources", nargs="*", help="corpora or files")
    parser.add_argument("--bootstrap", type=int, metavar="N")
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    default = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("MODELCOLLAPSE_DATA", default))
    files = [str(file) for file in sorted(folder.glob("*.parquet"))]
    sources = options.sources or ["movies", *files, "synthetic:400000"]
    print(f"{'corpus':<28}  documents     terms       counts  seconds processor  again  peak GB  disk GB  fingerprint")
    if not options.bootstrap:
        for source in sources:
            measure(source, options.workers)
    else:
        if not files:
            sys.exit(f"--bootstrap needs a Parquet file in {folder}: set MODELCOLLAPSE_DATA")
        with tempfile.TemporaryDirectory() as scratch:
            target = Path(scratch) / "bootstrapped.parquet"
            bootstrap(Path(max(files, key=lambda file: Path(file).stat().st_size)), options.bootstrap, target)
            measure(str(target), options.workers)


if __name__ == "__main__":
    main()
