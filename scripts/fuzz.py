#!/usr/bin/env python
"""Feed the readers of files and of what people type with damaged and invented input: no traceback, no hang.

    python scripts/fuzz.py --inputs 100000 --seed 0

Every reader must take its input or raise ModelCollapseError. Inputs are valid ones with bytes changed, cut, doubled and
spliced, and words of the formats thrown together. A reader that takes more than five seconds counts as a hang.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from modelcollapse.errors import ModelCollapseError
from modelcollapse.execution.folder import RunFolder
from modelcollapse.execution.record import ChainRecord
from modelcollapse.execution.run import Run
from modelcollapse.simulation.chain import run_chain
from modelcollapse.simulation.sweep import Sweep, read_spec
from tests.conftest import make_corpus, make_reviews

SECONDS = 5

SPEC_FILE = b"""corpus = "movies"
rates = "0:0.3:0.03"
seeds = 3
initial-size = [100, 200]
final_size = 400
increment = 50
model = "forest,naive-bayes"
trees = 20
regime = "accumulate,replace"
label_rule = ["argmax", "frozen"]
[model_param]
max_depth = [5, 20]
"""

TYPED = {
    "rates": [b"0:0.3:0.03", b"0,0.1,1", b"0.5"], "seeds": [b"20", b"3,5,8", b"7:7:1"],
    "sizes": [b"geometric:80:320000:10", b"80,202,507"], "model_param": [b"max_depth=5,None", b"alpha=0.1"],
    "model": [b"forest,naive-bayes"], "regime": [b"replace"], "label_rule": [b"argmax,sampled"],
    "initial_size": [b"80,800"],
}  # fmt: skip

WORDS = [
    b"0", b"-1", b"1e999999999", b"nan", b"inf", b"9" * 40, b":", b",", b"=", b"[", b"]", b"{", b"}", b'"', b"'", b"\n",
    b"null", b"true", b"None", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"../../etc/passwd", b"os:system", b"geometric:",
    b"forest", b"sklearn.svm:SVC", b"rates", b"seeds", b"format", b"sweeps", b"1979-05-27", b"__class__", b"0x1", b"_",
]  # fmt: skip


def mutated(content: bytes) -> bytes:
    """Return some content, changed in one to eight places."""
    data = bytearray(content)
    for _ in range(random.choice([1, 1, 1, 2, 2, 3, 8])):
        at = random.randint(0, len(data))
        length = random.randint(0, random.choice([2, 8, 1 + len(data) // 4]))
        match random.randrange(6):
            case 0:
                data[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = data[at : at + length]
            case 3 if random.random() < 0.2:
                data = data[:at]
            case _:
                data[at : at + random.randint(0, 3)] = random.choice(WORDS)
    return bytes(data)


def spec_file(folder: Path) -> None:
    """Read a spec file as `modelcollapse run` does."""
    path = folder / "spec.toml"
    path.write_bytes(mutated(SPEC_FILE))
    values = read_spec(path, ["corpus"])
    values.pop("corpus", None)
    Sweep(**values)


def typed_option(folder: Path) -> None:
    """Take what people type."""
    name = random.choice(list(TYPED))
    text = mutated(random.choice(TYPED[name])).decode(errors="surrogateescape")
    values = {"rates": "0", "initial_size": "10", "final_size": 20, "increment": 5}
    if name == "sizes":
        del values["increment"]
    Sweep(**{**values, name: text})


class Stored:
    """A finished run in memory, whose files are damaged one at a time."""

    def __init__(self) -> None:
        corpus = make_corpus(make_reviews(300))
        sweep = Sweep(rates=[0.5], initial_size=50, final_size=150, increment=50, test_size=50, model="naive-bayes")
        self.record = ChainRecord()
        spec = next(sweep.chains())
        for result in run_chain(spec, corpus):
            self.record.add(result, spec)
        about = {"name": "a", "fingerprint": "b", "origin": {}}
        sweeps = [sweep.model_dump(mode="json")]
        self.spec = {"format": 1, "corpus": about, "sweeps": sweeps, "versions": {"numpy": "2"}}
        self.folder = RunFolder("memory://fuzz/run")

    def run_spec(self, folder: Path) -> None:
        """Open a run whose spec.json is damaged."""
        self.folder.write("spec.json", mutated(json.dumps(self.spec).encode()))
        run = Run(self.folder)
        str(run.corpus)
        len(run.sweeps)

    def chain_file(self, folder: Path) -> None:
        """Read a damaged chain: it must be noticed."""
        content = self.record.to_bytes()
        damaged = mutated(content)
        self.folder.write("chains/a.parquet", damaged)
        found = self.folder.read_chain("a")
        assert (found is not None) == (damaged == content), "damage passed for a result"

    def failure_file(self, folder: Path) -> None:
        """Read why a chain failed."""
        failure = b'{"reason": "ValueError: no", "details": "\\u00e9", "is_own": true}'
        self.folder.write("failures/a.json", mutated(failure))
        self.folder.read_failure("a")


def main() -> None:
    """Parse, feed, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random.seed(options.seed)
    signal.signal(signal.SIGALRM, _hang)
    logging.getLogger("modelcollapse").setLevel(logging.ERROR)  # every damaged chain is a warning
    stored = Stored()
    readers: list[Callable[[Path], None]] = [
        spec_file, typed_option, stored.run_spec, stored.chain_file, stored.failure_file,
    ]  # fmt: skip
    outcomes: Counter[tuple[str, str]] = Counter()
    bad = 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.inputs):
            reader = readers[number % len(readers)]
            state = random.getstate()
            signal.alarm(SECONDS)
            try:
                reader(Path(folder))
                outcome = "taken"
            except ModelCollapseError:
                outcome = "refused"
            except Exception:
                bad += 1
                outcome = "TRACEBACK"
                print(f"input {number} of {reader.__name__}, state {hash(state)}:\n{traceback.format_exc()[-1500:]}")
            finally:
                signal.alarm(0)
            outcomes[reader.__name__, outcome] += 1
    for (name, outcome), count in sorted(outcomes.items()):
        print(f"{count:8,d}  {name}: {outcome}")
    print(f"{options.inputs:,} inputs in {time.monotonic() - started:.0f} s, {bad} tracebacks or hangs")
    raise SystemExit(bool(bad))


def _hang(signum: int, frame: object) -> None:
    raise TimeoutError(f"no answer after {SECONDS} s")


if __name__ == "__main__":
    main()
