"""`amazon`: the Amazon Review Polarity set from the Hugging Face hub, pinned, resumed, verified, kept."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from filelock import FileLock

from modelcollapse.corpora.progress import Progress
from modelcollapse.errors import CorpusError

REPOSITORY = "fancyzhx/amazon_polarity"
REVISION = "9d9c45c18f8c3cf1b23a3c27917b60cbf28f3289"


@dataclass(frozen=True)
class HubFile:
    """A file of the data set at the pinned revision."""

    path: str  # in the repository
    size: int | None = None  # where not pinned here, what the hub says of this revision
    sha256: str | None = None  # where not pinned here, the hub's entity tag, which is the SHA-256 of large files

    @property
    def identity(self) -> str:
        """What its content is known by: the hash, or the revision that fixes it."""
        return self.sha256 or f"{REVISION}/{self.path}"


HUB_FILES = {
    "amazon": (
        HubFile(
            "amazon_polarity/test-00000-of-00001.parquet",
            117_422_360,
            "65613cc6ec1ab30e19c4dcb8d8fa5612159d77bfa493704b4a9a9c167424992e",
        ),
    ),
    "amazon-full": tuple(HubFile(f"amazon_polarity/train-0000{i}-of-00004.parquet") for i in range(4)),
}


class _ReportingFile(io.FileIO):
    """A file that says how long it has become."""

    report: Callable[[int], None]

    def write(self, data: object, /) -> int:
        written = super().write(data)  # type: ignore[arg-type]
        self.report(self.tell())
        return written


def fetch(name: str, folder: Path, progress: Progress) -> list[Path]:
    """Return the files of ``amazon`` or ``amazon-full``, downloading what is not in a folder yet.

    A download that was interrupted goes on where it stopped. Every file is verified before it gets its name. Raise
    CorpusError without network, if the disk is full, or if what was received is not what was expected.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, file in enumerate(HUB_FILES[name], start=1):
        path = folder / Path(file.path).name
        stage = f"downloading {name}" + (f" {number}/{len(HUB_FILES[name])}" if len(HUB_FILES[name]) > 1 else "")
        with FileLock(folder / f".{path.name}.lock"):
            if not path.is_file():
                _download(file, path, partial(progress, stage), name)
        paths.append(path)
    return paths


def _download(file: HubFile, path: Path, report: Callable[[float], None], name: str) -> None:
    part = path.with_name(path.name + ".part")
    resumed = part.is_file()
    try:
        size, sha256 = _receive(file, part, report)
    except Exception as error:  # the client's errors have no common base, and differ between its versions
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        kept = f" {part.stat().st_size:,} bytes are kept." if part.is_file() and part.stat().st_size else ""
        raise CorpusError(
            f"cannot download the corpus {name!r}: {reason}.{kept} Without network use a file you have "
            "(modelcollapse corpus build FILE … --name NAME), or the corpora movies or synthetic:400000."
        ) from error
    if part.stat().st_size == size and (sha256 is None or _sha256(part) == sha256):
        part.replace(path)
        return
    part.unlink()
    if resumed:
        _download(file, path, report, name)
    else:
        raise CorpusError(
            f"{path.name} as received is not the file expected (size or SHA-256 differ), so it was deleted. "
            "Try again later; if it happens again, a proxy may be changing what you download."
        )


def _receive(file: HubFile, part: Path, report: Callable[[float], None]) -> tuple[int, str | None]:
    """Complete a partial download with the hub's client; return the size and the hash the file must have.

    Not by `hf_hub_download`: that of huggingface_hub 2.4 begins anew whatever was interrupted.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

    endpoint = os.environ.get("HF_ENDPOINT")
    url = hf_hub_url(REPOSITORY, file.path, repo_type="dataset", revision=REVISION, endpoint=endpoint)
    about = get_hf_file_metadata(url, token=False, endpoint=endpoint)
    tag = about.etag or ""
    size = file.size or about.size
    if size is None:
        raise ValueError("the server does not say how large the file is")
    with _ReportingFile(part, "r+" if part.is_file() else "w") as opened:
        done = opened.seek(0, os.SEEK_END)
        if done > size:
            done = opened.seek(0)
            opened.truncate()
        opened.report = lambda length: report(length / size)
        disable_progress_bars("huggingface_hub.http_get")
        try:
            http_get(about.location, opened, resume_size=done, expected_size=size, headers={})
        finally:
            enable_progress_bars("huggingface_hub.http_get")
    return size, file.sha256 or (tag if re.fullmatch("[0-9a-f]{64}", tag) else None)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
