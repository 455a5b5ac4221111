"""The browse server gives what is asked for by index, to this machine's own page and no other."""

from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
from fastapi.testclient import TestClient

from models.errors import DataError
from pipeline.audio.files import decode_audio
from pipeline.browse.server import browse_app, is_known_host, part_of
from pipeline.browse.serving import serve
from pipeline.dataset.files import data_files, read_rows
from pipeline.dataset.marks import read_marks


@pytest.fixture(scope="module")
def dataset(sealed_tones: Callable[[int], Path]) -> Path:
    return sealed_tones(12)


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    return tmp_path / "marks.jsonl"


@pytest.fixture
def client(dataset: Path, marks: Path) -> TestClient:
    return TestClient(browse_app(dataset, marks), base_url="http://127.0.0.1:8765")


def first_row(dataset: Path) -> dict:
    return next(read_rows(data_files(dataset)[0]))


def test_a_clip_is_told_shown_and_heard(client: TestClient, dataset: Path) -> None:
    row = first_row(dataset)
    told = client.get("/clips/0").json()
    assert (told["text"], told["duration_s"]) == (row["text"], row["duration_s"])
    assert ["id", row["id"]] in told["groups"][-1]["facts"]
    result = client.get("/clips/0/audio")
    assert result.content == row["audio"]["bytes"]
    assert result.headers["content-type"] == "audio/flac"
    assert len(decode_audio(result.content)[0]) == row["duration_s"] * 16000
    assert client.get("/clips/0/picture").content[8:12] == b"WEBP"


def test_audio_comes_in_ranges(client: TestClient, dataset: Path) -> None:
    data = first_row(dataset)["audio"]["bytes"]
    part = client.get("/clips/0/audio", headers={"Range": "bytes=4-9"})
    assert (part.status_code, part.content) == (206, data[4:10])
    assert part.headers["content-range"] == f"bytes 4-9/{len(data)}"
    assert client.get("/clips/0/audio", headers={"Range": "bytes=-5"}).content == data[-5:]


@pytest.mark.parametrize(
    ("wanted", "status", "body"),
    [
        (None, 200, b"0123456789"),
        ("bytes=0-", 206, b"0123456789"),
        ("bytes=8-20", 206, b"89"),
        ("bytes=-3", 206, b"789"),
        ("bytes=-30", 206, b"0123456789"),
        ("bytes=10-", 416, b""),
        ("bytes=-0", 416, b""),
        ("bytes=5-4", 416, b""),
        ("bytes=a-b", 200, b"0123456789"),
        ("bytes=-", 200, b"0123456789"),
        ("bytes=0-1,3-4", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
    ],
)
def test_ranges(wanted: str | None, status: int, body: bytes) -> None:
    response = part_of(b"0123456789", wanted, "audio/flac")
    assert (response.status_code, response.body) == (status, body)


def test_marks_go_to_their_file(client: TestClient, dataset: Path, marks: Path) -> None:
    before = {path: path.read_bytes() for path in dataset.rglob("*") if path.is_file()}
    row_id = first_row(dataset)["id"]
    assert client.put("/clips/0/mark", json={"note": "cut  off\n"}).json() == {"marked": 1}
    assert marks.read_text() == f'{{"id": "{row_id}", "note": "cut off"}}\n'
    assert client.get("/clips").json()["rows"][0]["note"] == "cut off"
    assert client.get("/clips", params={"is_marked": True}).json()["total"] == 1
    client.put("/clips/3/mark", json={})
    client.put("/clips/0/mark", json={"note": "noise only"})
    assert read_marks(marks)[row_id] == "noise only"
    assert client.delete("/clips/0/mark").json() == {"marked": 1}
    assert row_id not in read_marks(marks)
    assert before == {path: path.read_bytes() for path in dataset.rglob("*") if path.is_file()}


def test_what_cannot_be_asked_is_refused(client: TestClient, marks: Path) -> None:
    for path in ("/clips/12", "/clips/-1/audio", "/clips/12/picture", "/files/server.py"):
        assert client.get(path).status_code == 404, path
    for path in ("/clips/one", "/clips?snr_from=loud", "/clips?page=x"):
        assert client.get(path).status_code == 422, path
    for path in ("/files/..%2f..%2fpyproject.toml", "/clips/..%2f..%2fetc%2fpasswd", "/docs"):
        assert client.get(path).status_code in (404, 422), path
    assert client.put("/clips/99/mark", json={"note": ""}).status_code == 404
    assert client.put("/clips/0/mark", json={"note": "x" * 501}).status_code == 422
    assert client.put("/clips/0/mark", json={"file": "/etc/passwd"}).status_code == 422
    assert not marks.exists()


HUGE = "9" * 20


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/clips?page={HUGE}", 200),
        (f"/clips?page=-{HUGE}", 200),
        (f"/clips?page={'9' * 5000}", 422),
        ("/clips?snr_from=nan&snr_to=inf", 200),
        (f"/clips/{HUGE}", 404),
        (f"/clips/{HUGE}/audio", 404),
        (f"/clips/-{HUGE}/picture", 404),
        ("/clips?text=%00%ed%a0%80&speaker=%ff", 200),
    ],
)
def test_odd_questions_are_answered_or_refused(client: TestClient, path: str, status: int) -> None:
    assert client.get(path).status_code == status


@pytest.mark.parametrize(
    "body",
    ['{"note": "\\ud800"}', '{"\\udfff": 1}', "[" * 5000, '{"note": ' + "9" * 5000 + "}", "{"],
    ids=["half a pair", "a key", "nested", "number", "cut"],
)
def test_odd_notes_are_refused(client: TestClient, marks: Path, body: str) -> None:
    sent = {"content": body, "headers": {"Content-Type": "application/json"}}
    assert client.put("/clips/0/mark", **sent).status_code in (400, 422)
    assert client.put(f"/clips/{HUGE}/mark", json={}).status_code == 404
    assert client.delete(f"/clips/{HUGE}/mark").status_code == 404
    assert not marks.exists()


def test_strangers_are_refused(client: TestClient, marks: Path) -> None:
    rebound = client.get("/clips", headers={"Host": "evil.example:8765"})
    assert (rebound.status_code, rebound.json()) == (421, {"detail": mock.ANY})
    for origin in ("http://evil.example", "http://127.0.0.1:9999", "null"):
        sent = client.put("/clips/0/mark", json={"note": ""}, headers={"Origin": origin})
        assert sent.status_code == 403, origin
    assert not marks.exists()
    own = client.put("/clips/0/mark", json={}, headers={"Origin": "http://127.0.0.1:8765"})
    assert own.status_code == 200


@pytest.mark.parametrize(
    ("header", "host", "known"),
    [
        ("127.0.0.1:8765", "127.0.0.1", True),
        ("localhost:8765", "127.0.0.1", True),
        ("[::1]:8765", "::1", True),
        ("LOCALHOST", "127.0.0.1", True),
        ("192.168.1.5:8765", "127.0.0.1", False),
        ("evil.example", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("192.168.1.5:8765", "0.0.0.0", True),
        ("192.168.1.5:8765", "::", True),
        ("localhost:8765", "0.0.0.0", True),
        ("192.168.1.6:8765", "0.0.0.0", False),
        ("0.0.0.0:8765", "0.0.0.0", False),
        ("8.8.8.8", "0.0.0.0", False),
        ("", "0.0.0.0", False),
        ("studio.lan:8765", "studio.lan", True),
        ("mixer.lan:8765", "0.0.0.0", True),
        ("studio.lan:8765", "0.0.0.0", False),
        ("evil.example:8765", "0.0.0.0", False),
    ],
)
def test_hosts(header: str, host: str, known: bool) -> None:
    """The request arrived at 192.168.1.5, and `mixer.lan` was allowed."""
    addresses = {"0.0.0.0": "192.168.1.5", "::": "::ffff:192.168.1.5"}
    address = addresses.get(host, "127.0.0.1")
    assert is_known_host(header, host, address, ["mixer.lan"]) is known


def test_every_answer_says_what_the_page_may_do(client: TestClient) -> None:
    for path in ("/", "/files/browse.js", "/files/browse.css", "/clips", "/clips/0/audio", "/no"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; ")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_a_damaged_file_of_marks_is_told_at_once(dataset: Path, marks: Path) -> None:
    marks.write_text('{"id": "home-1"}\nbad\n')
    with pytest.raises(DataError, match=r"marks\.jsonl:2: no JSON"):
        browse_app(dataset, marks)


def test_marks_that_cannot_be_written_are_told(client: TestClient, marks: Path) -> None:
    marks.mkdir()
    response = client.put("/clips/0/mark", json={"note": ""})
    assert response.status_code == 500
    assert "marks.jsonl" in response.json()["detail"]


def test_a_taken_port_is_told(dataset: Path, marks: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DataError, match=f"127.0.0.1, port {port}: cannot be served on"):
            serve(dataset, marks, "127.0.0.1", port, ready=lambda *_: None)
