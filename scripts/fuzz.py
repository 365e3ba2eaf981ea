#!/usr/bin/env python
"""Feed the readers of files and of what people type with damaged and invented input: no traceback, no hang.

    python scripts/fuzz.py --inputs 100000 --seed 0

Every reader must take its input or raise ModelCollapseError. Inputs are valid ones with bytes changed, cut, doubled and
spliced, and words of the formats thrown together: spec files, what is typed, run folders, and reviews in every form,
compressed and in archives, from the file to the counts. Now and then a whole command is given odd learners, foreign
folders, strangers' tables and other versions' runs (`fuzz_commands.py`): no foreign file may be touched. Sixty seconds
without an answer of a command, five of a reader, count as a hang.
"""

from __future__ import annotations

import argparse
import bz2
import csv
import gzip
import io
import json
import logging
import lzma
import random
import signal
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import zstandard
from fuzz_commands import Commands

from modelcollapse.corpora.options import CorpusOptions
from modelcollapse.corpora.progress import silent
from modelcollapse.corpora.sources.source import ReviewFiles
from modelcollapse.domains.catalogue import run_chain
from modelcollapse.errors import ModelCollapseError
from modelcollapse.execution import executors
from modelcollapse.execution.store.folder import RunFolder
from modelcollapse.execution.store.record import ChainRecord
from modelcollapse.runs.run import Run
from modelcollapse.sweeps.sweep import Sweep, read_spec
from tests.conftest import make_corpus, make_reviews

SECONDS = 5
COMMAND_SECONDS = 60

#: One input in so many is a whole command: these take a hundred times as long.
COMMANDS_EVERY = 25

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

OPTIONS = {
    "text_column": [b"text", b"1"], "label_column": [b"label", b"2"], "rating_column": [b"rating"],
    "encoding": [b"latin-1", b"utf-16", b"utf-7", b"hex", b"idna", b"undefined"], "member": [b"a.csv"],
    "ngrams": [b"1-3"],
}  # fmt: skip

WORDS = [
    b"0", b"-1", b"1e999999999", b"nan", b"inf", b"9" * 40, b":", b",", b"=", b"[", b"]", b"{", b"}", b'"', b"'", b"\n",
    b"null", b"true", b"None", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"../../etc/passwd", b"os:system", b"geometric:",
    b"text", b"__label__1 ", b"\x1f\x8b", b"BZh9", b"PK\x03\x04", b"PAR1", b"\t", b"[" * 3000,
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
        found = self.folder.chains.read("a")
        assert (found is not None) == (damaged == content), "damage passed for a result"

    def failure_file(self, folder: Path) -> None:
        """Read why a chain failed."""
        failure = b'{"reason": "ValueError: no", "details": "\\u00e9", "is_own": true}'
        self.folder.write("failures/a.json", mutated(failure))
        self.folder.failures.read("a")


class CorpusFiles:
    """The same reviews in every form, which are damaged one at a time: before or after they are packed."""

    def __init__(self) -> None:
        reviews = make_reviews(12, n_words=30)
        texts = [" ".join(words) for words in reviews.documents]
        rows = [{"text": text, "label": label} for text, label in zip(texts, reviews.labels, strict=True)]
        table = io.BytesIO()
        pl.DataFrame(rows).write_parquet(table)
        pairs = list(zip(reviews.labels, texts, strict=True))
        self.forms = [
            _delimited(["label", "text"], pairs, ","),
            _delimited(["rating", "review"], [(1 + 4 * label, text) for label, text in pairs], "\t"),
            _delimited(["1", "no title", "never again"], [(1 + label, text, text) for label, text in pairs], ","),
            "".join(json.dumps(row) + "\n" for row in rows).encode(),
            "".join(f"__label__{1 + label} {text}\n" for label, text in pairs).encode(),
            table.getvalue(),
            _delimited(["label", "text"], pairs, ",").decode().encode("utf-16-le"),
        ]
        self.packings: list[Callable[[bytes], bytes]] = [
            gzip.compress, bz2.compress, lzma.compress, zstandard.compress, _zip, _tar,
        ]  # fmt: skip

    def corpus_file(self, folder: Path) -> None:
        """Build a corpus from a damaged file."""
        content = random.choice(self.forms)
        if is_early := random.random() < 0.5:
            content = mutated(content)
        if random.random() < 0.5:
            content = random.choice(self.packings)(content)
        _build(content if is_early else mutated(content), CorpusOptions(), folder)

    def corpus_option(self, folder: Path) -> None:
        """Build a corpus with invented options."""
        name = random.choice(list(OPTIONS))
        usual = random.choice(OPTIONS[name])
        value = (usual if random.random() < 0.5 else mutated(usual)).decode(errors="surrogateescape")
        options = CorpusOptions.parse(**{name: value}, keep_going=True)
        content = random.choice(self.forms)
        _build(_zip(content) if random.random() < 0.5 else content, options, folder)


def _build(content: bytes, options: CorpusOptions, folder: Path) -> None:
    path = folder / "reviews"
    path.write_bytes(content)
    ReviewFiles.at([path], options).build(folder, 1, silent)


def _delimited(header: list[str], rows: Sequence[tuple[object, ...]], delimiter: str) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows([header, *rows])
    return out.getvalue().encode()


def _zip(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", content)
        archive.writestr("b.csv", content)
    return out.getvalue()


def _tar(content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in ("a.csv", "b.csv"):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def main() -> None:
    """Parse, feed, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="readers whose name holds this")
    options = parser.parse_args()
    random.seed(options.seed)
    signal.signal(signal.SIGALRM, _hang)
    logging.getLogger("modelcollapse").setLevel(logging.ERROR)  # every damaged chain is a warning
    stored, corpora = Stored(), CorpusFiles()
    readers: list[Callable[[Path], None]] = [
        spec_file, typed_option, stored.run_spec, stored.chain_file, stored.failure_file, corpora.corpus_file,
        corpora.corpus_option,
    ]  # fmt: skip
    readers = [reader for reader in readers if options.only in reader.__name__]
    executors.FIRST_PAUSE_SECONDS = 0.0  # what looks like the machine's fault is tried again at once
    scratch = tempfile.TemporaryDirectory()
    own = Commands(Path(scratch.name).resolve())
    commands = [own.odd_learner, own.foreign_folder, own.exported_rows, own.other_version]
    commands = [command for command in commands if options.only in command.__name__]
    outcomes: Counter[tuple[str, str]] = Counter()
    bad = 0
    started = time.monotonic()
    with scratch, tempfile.TemporaryDirectory() as folder:
        for number in range(options.inputs):
            is_command = commands and (not readers or number % COMMANDS_EVERY == 0)
            group = commands if is_command else readers
            reader = group[number // (COMMANDS_EVERY if is_command and readers else 1) % len(group)]
            state = random.getstate()
            signal.alarm(COMMAND_SECONDS if is_command else SECONDS)
            try:
                reader(Path(folder))
                outcome = "taken"
            except ModelCollapseError:
                outcome = "refused"
            except (Exception, pl.exceptions.PanicException):
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
