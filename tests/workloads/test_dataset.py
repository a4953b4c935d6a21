"""Data sets are found, fetched and checked; what is missing or damaged is said in one sentence."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from chipsim.errors import DataError, InputError
from chipsim.workloads import dataset
from chipsim.workloads.dataset import DataFile, DataSet, Split

CONTENTS = {"images.gz": b"\x00\x01\x02" * 1000, "labels.gz": b"\x07" * 50}
PACKED = {name: gzip.compress(content, mtime=0) for name, content in CONTENTS.items()}


class Server:
    """A web server on loopback: what it answers for each path, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.torn: set[str] = set()
        self.moved: dict[str, str] = {}
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_address[1]}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.path)
        body = self.answers.get(request.path)
        if request.path in self.moved:
            request.send_response(302)
            request.send_header("Location", self.moved[request.path])
            request.end_headers()
        elif body is None:
            request.send_error(404)
        else:
            request.send_response(200)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body[: len(body) // 2] if request.path in self.torn else body)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Server()
    thread = Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CHIPSIM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "chipsim" / "data" / "tiny"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def tiny(*mirrors: str) -> DataSet:
    files = tuple(
        DataFile(
            name=name,
            size=len(PACKED[name]),
            sha256=sha256(PACKED[name]),
            content=sha256(CONTENTS[name]),
            urls=tuple(f"{mirror}/{name}" for mirror in mirrors),
            aliases=(name.removesuffix(".gz"),),
        )
        for name in CONTENTS
    )
    splits = (Split("train", (3, 4)), Split("test", (1, 2)))
    return DataSet("tiny", "Tiny", (2, 2), ("a", "b"), 255, splits, files, "LeCun2010", "none")


def put(folder: Path, files: dict[str, bytes] = PACKED) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def unpacked(data: bytes) -> bytes | None:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None


def message(error: pytest.ExceptionInfo[DataError]) -> str:
    (fault,) = error.value.faults
    return fault.message


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# What a set is


def test_a_split_counts_its_images_and_those_of_some_classes() -> None:
    split = Split("train", (3, 4, 5))
    assert split.size == 12
    assert split.of((0, 2)) == 8


def test_a_set_knows_its_features_parts_and_files() -> None:
    data = tiny()
    assert data.features == 4
    assert data.split("test").size == 3
    assert data.file("labels.gz").size == len(PACKED["labels.gz"])


def test_an_unknown_set_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(InputError) as error:
        dataset.named("digit")
    (fault,) = error.value.faults
    assert fault.code == "E030"
    assert fault.message == "unknown data set 'digit'; did you mean 'digits'?"


# Where it lies


def test_the_folder_that_the_variable_names_comes_before_the_cache(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cache)
    assert dataset.where(tiny()).kind == "cache"
    folder = put(tmp_path / "mine" / "tiny")
    monkeypatch.setenv("CHIPSIM_DATA", str(tmp_path / "mine"))
    location = dataset.where(tiny())
    assert (location.kind, location.folder) == ("CHIPSIM_DATA", folder)
    assert location.paths["images.gz"] == folder / "images.gz"


@pytest.mark.parametrize("below", ["", "tiny", "Tiny/raw"])
def test_the_files_may_lie_in_the_named_folder_or_in_one_of_the_usual_ones(
    below: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(tmp_path / "mine" / below)
    monkeypatch.setenv("CHIPSIM_DATA", str(tmp_path / "mine"))
    location = dataset.find(replace(tiny(), folders=("Tiny/raw",)))
    assert location is not None
    assert location.folder == folder


def test_a_folder_that_lacks_the_set_does_not_hide_the_cache(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cache)
    monkeypatch.setenv("CHIPSIM_DATA", str(tmp_path))
    assert dataset.where(tiny()).kind == "cache"


def test_unpacked_files_are_taken_as_well(cache: Path) -> None:
    put(cache, {name.removesuffix(".gz"): content for name, content in CONTENTS.items()})
    assert dataset.verify(tiny()).paths["labels.gz"] == cache / "labels"


def test_a_sample_of_the_package_is_the_last_place(tmp_path: Path, cache: Path) -> None:
    data = replace(tiny(), sample=put(tmp_path / "sample"))
    assert dataset.where(data).kind == "package"
    put(cache)
    assert dataset.where(data).kind == "cache"


def test_a_missing_set_says_where_was_looked_and_how_to_get_it(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tiny("https://example.org")
    with pytest.raises(DataError) as error:
        dataset.where(data)
    assert error.value.exit_code == 6
    assert message(error) == (
        f"data set 'tiny' was not found: looked in the cache ({cache}); "
        "run 'chipsim data get tiny' or set CHIPSIM_DATA to the folder that holds it"
    )
    monkeypatch.setenv("CHIPSIM_DATA", str(tmp_path / "typo"))
    with pytest.raises(DataError) as error:
        dataset.where(data)
    assert message(error) == (
        f"data set 'tiny' was not found: looked in CHIPSIM_DATA ({tmp_path / 'typo'}, which is no folder) "
        f"and the cache ({cache}); "
        "run 'chipsim data get tiny' or set CHIPSIM_DATA to the folder that holds it"
    )


def test_a_set_without_an_address_is_not_said_to_be_downloadable(cache: Path) -> None:
    assert dataset.missing(tiny()).faults[0].message == (
        f"data set 'tiny' was not found: looked in the cache ({cache}); "
        "set CHIPSIM_DATA to the folder that holds it"
    )


def test_a_folder_that_holds_only_part_of_the_files_is_named(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "tiny", {"images.gz": PACKED["images.gz"]})
    monkeypatch.setenv("CHIPSIM_DATA", str(tmp_path))
    with pytest.raises(DataError) as error:
        dataset.where(tiny("https://example.org"))
    assert message(error) == (
        f"data set 'tiny' was not found: looked in CHIPSIM_DATA ({tmp_path}) and the cache ({cache}); "
        f"{tmp_path / 'tiny'} lacks labels.gz; "
        "run 'chipsim data get tiny' or set CHIPSIM_DATA to the folder that holds it"
    )


# What it holds


def test_every_file_that_holds_other_data_is_named(cache: Path) -> None:
    other = gzip.compress(b"other")
    put(cache, {"images.gz": other, "labels.gz": other})
    with pytest.raises(DataError) as error:
        dataset.verify(tiny())
    assert [fault.code for fault in error.value.faults] == ["E071", "E071"]
    assert error.value.faults[1].message == (
        f"data file '{cache / 'labels.gz'}' holds other data than published: "
        f"its SHA-256 is {sha256(b'other')}, not {sha256(CONTENTS['labels.gz'])}"
    )


def test_a_set_packed_anew_holds_the_same_data(cache: Path) -> None:
    put(cache, {name: gzip.compress(content, 1, mtime=9) for name, content in CONTENTS.items()})
    assert dataset.verify(tiny()).kind == "cache"


def test_torn_packing_is_told_from_other_data(cache: Path) -> None:
    put(cache, {**PACKED, "images.gz": PACKED["images.gz"][:-20]})
    with pytest.raises(DataError) as error:
        dataset.verify(tiny())
    assert error.value.faults[0].code == "E072"
    assert message(error) == (
        f"data file '{cache / 'images.gz'}' is damaged: its gzip packing is broken "
        "(Compressed file ended before the end-of-stream marker was reached)"
    )


def test_a_flipped_bit_is_noticed_unless_the_data_are_the_same(cache: Path) -> None:
    put(cache)
    noticed = 0
    for place in range(len(PACKED["labels.gz"])):
        torn = bytearray(PACKED["labels.gz"])
        torn[place] ^= 1 << place % 8
        (cache / "labels.gz").write_bytes(torn)
        if unpacked(bytes(torn)) == CONTENTS["labels.gz"]:
            dataset.verify(tiny())
        else:
            noticed += 1
            with pytest.raises(DataError):
                dataset.verify(tiny())
    assert noticed > len(PACKED["labels.gz"]) // 2  # the rest: time and name in the header, bits of padding


# Fetching it


def test_a_set_is_fetched_into_the_cache_once(server: Server, cache: Path) -> None:
    server.answers = {f"/{name}": content for name, content in PACKED.items()}
    told: list[tuple[str, int, int]] = []
    data = tiny(server.address)
    location = dataset.get(data, lambda *step: told.append(step))
    assert (location.kind, location.folder) == ("cache", cache)
    assert leftovers(cache) == sorted(PACKED)
    for name, content in PACKED.items():
        assert (cache / name).read_bytes() == content
        assert (name, len(content), len(content)) in told
    assert len(server.asked) == 2
    dataset.get(data)
    assert len(server.asked) == 2


def test_only_what_is_missing_or_damaged_is_fetched(server: Server, cache: Path) -> None:
    server.answers = {f"/{name}": content for name, content in PACKED.items()}
    put(cache, {"images.gz": PACKED["images.gz"]})
    dataset.get(tiny(server.address))
    assert server.asked == ["/labels.gz"]
    (cache / "images.gz").write_bytes(PACKED["images.gz"][:-1])
    dataset.get(tiny(server.address))
    assert server.asked == ["/labels.gz", "/images.gz"]


def test_a_set_in_the_users_own_folder_is_not_fetched_again(
    server: Server, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "tiny")
    monkeypatch.setenv("CHIPSIM_DATA", str(tmp_path))
    assert dataset.get(tiny(server.address)).kind == "CHIPSIM_DATA"
    assert server.asked == []
    (tmp_path / "tiny" / "labels.gz").write_bytes(b"\x07")
    with pytest.raises(DataError, match="holds other data than published"):
        dataset.get(tiny(server.address))
    assert (tmp_path / "tiny" / "labels.gz").read_bytes() == b"\x07"
    assert server.asked == []


def test_a_wrong_checksum_leaves_nothing_behind(server: Server, cache: Path) -> None:
    wrong = bytes(len(PACKED["images.gz"]))
    server.answers = {"/images.gz": wrong}
    with pytest.raises(DataError) as error:
        dataset.get(tiny(server.address))
    assert error.value.exit_code == 6
    assert error.value.faults[0].code == "E074"
    assert message(error) == (
        f"cannot download 'images.gz' of data set 'tiny': {server.address}/images.gz: "
        f"the SHA-256 of what came is {sha256(wrong)}, not {sha256(PACKED['images.gz'])}"
    )
    assert leftovers(cache) == []


def test_a_torn_download_leaves_nothing_behind(server: Server, cache: Path) -> None:
    size = len(PACKED["images.gz"])
    server.answers = {f"/{name}": content for name, content in PACKED.items()}
    server.torn = {"/images.gz"}
    with pytest.raises(DataError) as error:
        dataset.get(tiny(server.address))
    assert message(error) == (
        f"cannot download 'images.gz' of data set 'tiny': {server.address}/images.gz: "
        f"only {size // 2} of {size} bytes came"
    )
    assert leftovers(cache) == []
    server.torn = set()
    assert dataset.get(tiny(server.address)).kind == "cache"


def test_a_download_that_goes_on_for_ever_is_cut_off(server: Server, cache: Path) -> None:
    size = len(PACKED["images.gz"])
    server.answers = {"/images.gz": PACKED["images.gz"] + b"x" * 10}
    with pytest.raises(DataError, match=f"more than the published {size} bytes came"):
        dataset.get(tiny(server.address))
    assert leftovers(cache) == []


def test_the_next_mirror_helps_where_one_fails(server: Server, cache: Path) -> None:
    server.answers = {f"/good/{name}": content for name, content in PACKED.items()}
    server.answers["/bad/images.gz"] = b"<html>moved</html>"
    assert dataset.get(tiny(f"{server.address}/bad", f"{server.address}/good")).kind == "cache"
    assert server.asked == ["/bad/images.gz", "/good/images.gz", "/bad/labels.gz", "/good/labels.gz"]


def test_all_mirrors_that_failed_are_named(server: Server, cache: Path) -> None:
    with pytest.raises(DataError) as error:
        dataset.get(tiny(f"{server.address}/one", f"{server.address}/two"))
    assert message(error) == (
        "cannot download 'images.gz' of data set 'tiny': "
        f"{server.address}/one/images.gz: HTTP Error 404: Not Found; "
        f"{server.address}/two/images.gz: HTTP Error 404: Not Found"
    )


def test_a_server_that_is_not_there_is_named(server: Server, cache: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        address = f"http://127.0.0.1:{closed.server_address[1]}"
    with pytest.raises(DataError, match=f"{address}/images.gz: Connection refused"):
        dataset.get(tiny(address))


@pytest.mark.parametrize("scheme", ["http", "ftp", "file"])
def test_only_https_is_fetched_from_other_machines(scheme: str, cache: Path) -> None:
    url = f"{scheme}://data.example.org"
    with pytest.raises(DataError) as error:
        dataset.get(tiny(url))
    assert message(error) == (
        f"cannot download 'images.gz' of data set 'tiny': {url}/images.gz: "
        f"'{url}/images.gz' is not an https address"
    )


def test_a_server_may_not_send_on_to_an_insecure_address(server: Server, cache: Path) -> None:
    server.moved = {"/images.gz": "http://data.example.org/images.gz"}
    with pytest.raises(DataError, match=r"'http://data\.example\.org/images\.gz' is not an https"):
        dataset.get(tiny(server.address))


def test_an_interrupted_download_leaves_nothing_behind(server: Server, cache: Path) -> None:
    server.answers = {f"/{name}": content for name, content in PACKED.items()}

    def interrupt(*step: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dataset.get(tiny(server.address), interrupt)
    assert leftovers(cache) == []


def test_a_set_without_an_address_cannot_be_fetched(cache: Path) -> None:
    with pytest.raises(DataError) as error:
        dataset.get(tiny())
    assert message(error) == "cannot download 'images.gz' of data set 'tiny': no address is known for it"


def test_a_cache_that_cannot_be_made_is_named(cache: Path) -> None:
    cache.parent.parent.parent.write_text("a file in the way")
    with pytest.raises(DataError, match=f"cannot make the folder '{cache}': Not a directory"):
        dataset.get(tiny("https://example.org"))


def test_the_cache_is_the_users_own_where_no_variable_names_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    folder = dataset.cache_folder()
    assert folder.parts[-2:] == ("chipsim", "data")
    assert folder.is_relative_to(tmp_path)


# Reading it


def test_images_come_with_their_labels_in_the_order_of_the_rows() -> None:
    every = dataset.load("digits", "all")
    rows = np.array([3, 5, 1000])
    some = dataset.load("digits", "all", rows)
    assert len(some) == 3
    np.testing.assert_array_equal(some.pixels, every.pixels[rows])
    np.testing.assert_array_equal(some.labels, every.labels[rows])
    np.testing.assert_array_equal(dataset.labels("digits", "all"), every.labels)
