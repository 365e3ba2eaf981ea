"""The Amazon reviews from the Hugging Face hub, played by a local server."""

import hashlib
import io
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import polars as pl
import pytest

from modelcollapse.corpora import load_corpus, remove_corpus
from modelcollapse.corpora.sources import amazon
from modelcollapse.errors import CorpusError


def shard(first, n):
    """A Parquet file in the form of the data set."""
    out = io.BytesIO()
    frame = pl.DataFrame(
        {
            "label": [i % 2 for i in range(first, first + n)],
            "title": [f"title{i}" for i in range(first, first + n)],
            "content": [f"content{i} with words{i * i}" for i in range(first, first + n)],
        }
    )
    frame.write_parquet(out, compression="uncompressed")
    return out.getvalue()


class Hub(ThreadingHTTPServer):
    """Serves files as the hub does; `spoil` changes the next answers."""

    def __init__(self, files):
        self.files = files
        self.spoil = []
        self.requests = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _start(self):
        content = self.server.files.get(self.path)
        if content is None:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        first = int(re.match(r"bytes=(\d+)-", self.headers.get("Range", "bytes=0-")).group(1))
        self.server.requests.append((self.command, first))
        self.send_response(206 if first else 200)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", amazon.REVISION)
        self.send_header("Accept-Ranges", "bytes")
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        return content[first:]

    def do_HEAD(self):
        self._start()

    def do_GET(self):
        content = self._start()
        if content is None:
            return
        spoil = self.server.spoil.pop(0) if self.server.spoil else None
        if spoil == "cut":
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        elif spoil == "corrupt":
            self.wfile.write(content[:-1] + b"!")
        else:
            self.wfile.write(content)


@pytest.fixture
def hub(monkeypatch):
    test = shard(0, 400)
    shards = [shard(1000 * i, 100) for i in range(4)]
    one = amazon.HubFile(amazon.HUB_FILES["amazon"][0].path, len(test), hashlib.sha256(test).hexdigest())
    monkeypatch.setitem(amazon.HUB_FILES, "amazon", (one,))
    base = f"/datasets/{amazon.REPOSITORY}/resolve/{amazon.REVISION}/"
    contents = [test, *shards]
    names = [file.path for name in ("amazon", "amazon-full") for file in amazon.HUB_FILES[name]]
    # The client reads in pieces of 10 MB and drops an incomplete one: smaller ones let small files be resumed.
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)
    monkeypatch.setattr("time.sleep", lambda _: None)
    with Hub({base + name: content for name, content in zip(names, contents, strict=True)}) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server
        server.shutdown()
        thread.join()


def gets(hub):
    return [first for command, first in hub.requests if command == "GET"]


def test_download_verify_keep(hub, own_cache):
    stages = []
    corpus = load_corpus("amazon", progress=lambda stage, fraction: stages.append((stage, fraction)))
    assert (corpus.name, corpus.n_documents) == ("amazon", 400)
    assert corpus.labels.tolist() == [0, 1] * 200
    assert corpus.origin.rows.files[0]["text"] == "title + content"
    assert ("downloading amazon", 1.0) in stages
    load_corpus("amazon")
    load_corpus("amazon", ngrams=2)
    assert gets(hub) == [0]
    downloaded = own_cache / "downloads" / "amazon" / "test-00000-of-00001.parquet"
    assert load_corpus(downloaded).fingerprint == corpus.fingerprint
    assert remove_corpus("amazon") > downloaded.parent.stat().st_size
    assert not downloaded.exists()


def test_shards(hub):
    corpus = load_corpus("amazon-full")
    assert corpus.n_documents == 400
    vocabulary = set(corpus.load_vocabulary())
    assert {"title0", "title1000", "title2099", "title3000"} <= vocabulary


def test_connection_cut_in_the_middle_is_resumed(hub):
    hub.spoil = ["cut", "cut"]
    assert load_corpus("amazon").n_documents == 400
    starts = gets(hub)
    assert len(starts) == 3
    assert 0 == starts[0] < starts[1] < starts[2]


def test_interrupted_download_goes_on_in_the_next_process(hub, own_cache, monkeypatch):
    import huggingface_hub.file_download

    original = huggingface_hub.file_download.http_get

    def interrupted(url, temp_file, **kwargs):
        temp_file.write(hub.files[url.removeprefix(hub.address)][:5000])
        raise KeyboardInterrupt

    monkeypatch.setattr(huggingface_hub.file_download, "http_get", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_corpus("amazon")
    assert [p.name for p in (own_cache / "corpora").iterdir() if p.is_dir()] == []
    monkeypatch.setattr(huggingface_hub.file_download, "http_get", original)
    assert load_corpus("amazon").n_documents == 400
    assert gets(hub) == [5000]


def test_corrupted_file_is_refused_and_deleted(hub, own_cache):
    hub.spoil = ["corrupt"]
    with pytest.raises(CorpusError, match="not the file expected"):
        load_corpus("amazon")
    assert not [p for p in own_cache.glob("downloads/amazon/*") if p.suffix != ".lock"]
    assert load_corpus("amazon").n_documents == 400


def test_corrupted_shard_is_known_by_the_hubs_tag(hub):
    hub.spoil = [None, "corrupt"]
    with pytest.raises(CorpusError, match=r"train-00001-of-00004\.parquet as received is not the file expected"):
        load_corpus("amazon-full")


def test_corrupted_beginning_is_downloaded_again(hub, own_cache):
    folder = own_cache / "downloads" / "amazon"
    folder.mkdir(parents=True)
    (folder / "test-00000-of-00001.parquet.part").write_bytes(b"?" * 3000)
    assert load_corpus("amazon").n_documents == 400
    assert gets(hub) == [3000, 0]


def test_without_network(hub, own_cache):
    hub.shutdown()
    hub.server_close()
    with pytest.raises(CorpusError, match="cannot download the corpus 'amazon'") as caught:
        load_corpus("amazon")
    assert "corpora movies or synthetic" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_file_that_is_not_there(hub):
    hub.files.clear()
    with pytest.raises(CorpusError, match="cannot download the corpus 'amazon': 404"):
        load_corpus("amazon")
