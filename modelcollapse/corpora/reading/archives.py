"""Opens data files by what they hold, not by how they are named: plain, compressed, or inside an archive."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

import zstandard

from modelcollapse.errors import CorpusError

_HEAD = 1 << 16
_DATA_SUFFIXES = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".ft"}
_COMPRESSED = {".gz", ".bz2", ".xz", ".zst"}
_NOT_DATA = ("readme", "license", "licence", "notice", ".", "__macosx")
_DAMAGE = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zstandard.ZstdError,
    tarfile.TarError,
    zipfile.BadZipFile,
    RuntimeError,  # a zip archive that is encrypted, or packed in a way unknown to zipfile
    UnicodeDecodeError,  # names in a zip archive
)


@dataclass
class DataStream:
    """A file's uncompressed content."""

    name: str  # for messages
    head: bytes  # the first 64 KiB (all, if shorter), still to be read from `stream` too
    stream: BinaryIO  # at its beginning; not seekable
    position: Callable[[], int]  # bytes of the outermost file read so far
    plain: bool = False  # whether this is the file itself, neither compressed nor in an archive

    @property
    def whole(self) -> bool:
        """Whether the head is everything."""
        return len(self.head) < _HEAD

    def beginning(self, encoding: str) -> str:
        """Return the first characters, if this is text: what tells the forms of text files apart."""
        return self.head[:2000].decode(encoding, "replace").lstrip("\ufeff \t\r\n")


class _Rejoined(io.RawIOBase):
    """A stream whose head was already read."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(cast(bytearray, buffer))
        piece = self._head[: len(target)] if self._head else memoryview(self._rest.read(len(target)))
        self._head = self._head[len(piece) :]
        target[: len(piece)] = piece
        return len(piece)


@contextmanager
def decompression_errors(name: str) -> Iterator[None]:
    """Report a damaged file in one line."""
    try:
        yield
    except _DAMAGE as error:
        raise CorpusError(f"cannot read {name}: {error}. The file may be damaged or incomplete.") from error


def open_data(path: Path, member: str | None) -> Iterator[DataStream]:
    """Yield the data files at a path: one, or those (or the one member asked for) of a zip or tar archive.

    Raise CorpusError if the file is damaged, or an archive holds no data or not this member.
    """
    with decompression_errors(path.name), path.open("rb") as file:
        if file.read(4) == b"PK\3\4" and zipfile.is_zipfile(path):
            yield from _archived(path.name, _zip_members(file), member, file.tell)
            return
        file.seek(0)
        stream = _decompress(path.name, file, file.tell)
        if _is_tar(stream.head):
            yield from _archived(path.name, _tar_members(stream), member, file.tell)
        elif member is not None:
            raise CorpusError(f"{path.name} is not an archive, so it has no member {member!r}. Leave --member out.")
        elif not stream.head:
            raise CorpusError(f"{path.name} is empty.")
        else:
            yield stream


def _is_tar(head: bytes) -> bool:
    """Whether content begins with the header of a tar archive: its checksum says so, not its magic alone."""
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _decompress(name: str, file: BinaryIO, position: Callable[[], int], archived: bool = False) -> DataStream:
    """Peel compressions off until there is content."""
    plain = not archived
    while True:
        head = file.read(_HEAD)
        while len(head) < _HEAD and (more := file.read(_HEAD - len(head))):
            head += more
        whole = cast(BinaryIO, io.BufferedReader(_Rejoined(head, file), 1 << 20))
        if head.startswith(b"\x1f\x8b"):
            file = cast(BinaryIO, gzip.GzipFile(fileobj=whole))
        elif head.startswith(b"BZh"):
            file = cast(BinaryIO, bz2.BZ2File(whole))
        elif head.startswith(b"\xfd7zXZ\0"):
            file = cast(BinaryIO, lzma.LZMAFile(whole))  # noqa: SIM115
        elif head.startswith(b"\x28\xb5\x2f\xfd"):
            file = cast(BinaryIO, zstandard.ZstdDecompressor().stream_reader(whole, read_across_frames=True))
        else:
            return DataStream(name, head, whole, position, plain)
        plain = False


def _is_data(name: str) -> bool:
    path = PurePosixPath(name)
    if any(part.lower().startswith(_NOT_DATA) for part in path.parts):
        return False
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
    return not suffixes or suffixes[-1] in _DATA_SUFFIXES


def _tar_members(archive: DataStream) -> Iterator[tuple[str, BinaryIO]]:
    with tarfile.open(fileobj=archive.stream, mode="r|") as tar:
        for entry in tar:
            if entry.isfile() and (file := tar.extractfile(entry)) is not None:
                yield entry.name, cast(BinaryIO, file)


def _zip_members(file: BinaryIO) -> Iterator[tuple[str, BinaryIO]]:
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():  # not by name: two members may share one
            if entry.filename and not entry.is_dir():  # a damaged archive has members without a name
                with archive.open(entry) as opened:
                    yield entry.filename, cast(BinaryIO, opened)


def _archived(
    archive: str, members: Iterator[tuple[str, BinaryIO]], member: str | None, position: Callable[[], int]
) -> Iterator[DataStream]:
    names = []
    found = False
    for name, file in members:
        names.append(name)
        wanted = _is_data(name) if member is None else member in (name, PurePosixPath(name).name)
        if wanted:
            found = True
            yield _decompress(f"{archive}/{PurePosixPath(name).name}", file, position, archived=True)
    if not found:
        what = "a data file (.csv, .tsv, .txt, .jsonl, .parquet)" if member is None else repr(member)
        raise CorpusError(f"{archive} does not hold {what}. It holds: {', '.join(names[:10]) or 'nothing'}.")
