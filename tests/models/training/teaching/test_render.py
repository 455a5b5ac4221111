import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.errors import DataError
from models.training.corpus import CorpusConfig, read_corpora
from models.training.teaching.plan import Request, every_request
from models.training.teaching.render import CLIP_RATE, read_provenance, render
from tests.models.training.teaching.fake_teacher import FakeTeacher, lines, pronounce

REQUESTS = list(every_request(lines("Good day.", "How are you?", "Nine."), ["ann", "bob"], seed=1))


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _render(folder: Path, requests: list[Request] = REQUESTS, **settings: object) -> list[str]:
    return render(FakeTeacher(), requests, pronounce, folder, **settings)  # type: ignore[arg-type]


def test_the_folder_is_a_corpus_that_our_reader_reads(tmp_path: Path) -> None:
    assert _render(tmp_path) == []
    recordings = read_corpora(CorpusConfig(root=tmp_path))
    assert [recording.id for recording in recordings] == [request.id for request in REQUESTS]
    assert {recording.speaker for recording in recordings} == {"fake-ann", "fake-bob"}
    assert recordings[0].text == "Good day."


def test_clips_are_16_bit_mono_at_22050_and_as_long_as_the_teacher_spoke(tmp_path: Path) -> None:
    _render(tmp_path)
    row = read_provenance(tmp_path)[0]
    info = soundfile.info(tmp_path / "wavs" / f"{row['id']}.flac")
    assert (info.samplerate, info.channels, info.subtype) == (CLIP_RATE, 1, "PCM_16")
    assert info.duration == pytest.approx(row["duration_s"], abs=1e-4)
    assert info.duration == pytest.approx(0.05 * len("Good day.") / row["speed"], abs=1e-3)


def test_provenance_tells_all_that_made_a_clip(tmp_path: Path) -> None:
    _render(tmp_path)
    row = read_provenance(tmp_path)[1]
    assert (row["teacher"], row["revision"], row["licence"]) == ("fake", "fake@1", "CC0-1.0")
    assert (row["voice"], row["accent"], row["phonemes"]) == ("bob", "en-gb", "^ en-gb .")
    assert (row["seed"], row["speed"]) == (REQUESTS[1].seed, REQUESTS[1].speed)


def test_an_accent_that_was_asked_for_is_said_and_told(tmp_path: Path) -> None:
    _render(tmp_path, [replace(REQUESTS[0], accent="en-us+fr(0.52)")])
    row = read_provenance(tmp_path)[0]
    assert (row["accent"], row["phonemes"]) == ("en-us+fr(0.52)", "^ en-us+fr(0.52) .")
    wave, rate = soundfile.read(tmp_path / "wavs" / f"{row['id']}.flac")
    loudest = np.abs(np.fft.rfft(wave)).argmax() * rate / len(wave)
    assert loudest == pytest.approx(400, abs=10)  # as the teacher says accents


def test_a_voice_of_another_language_speaks_as_natives_unless_asked(tmp_path: Path) -> None:
    teacher = FakeTeacher()
    teacher.voices = {"ann": "en-gb+fr", "bob": "en-gb"}
    render(teacher, REQUESTS[:2], pronounce, tmp_path)
    assert [row["accent"] for row in read_provenance(tmp_path)] == ["en-gb", "en-gb"]


def test_a_clip_at_full_scale_is_brought_below_it(tmp_path: Path) -> None:
    render(FakeTeacher(peak=1.7), REQUESTS[:1], pronounce, tmp_path)
    row = read_provenance(tmp_path)[0]
    wave, _ = soundfile.read(tmp_path / "wavs" / f"{row['id']}.flac")
    assert np.abs(wave).max() == pytest.approx(0.98, abs=0.001)
    assert row["gain"] == pytest.approx(0.98 / 1.7, rel=0.01)


def test_workers_and_interruptions_change_no_byte(tmp_path: Path) -> None:
    _render(tmp_path / "whole")
    _render(tmp_path / "parts", REQUESTS[:2])
    _render(tmp_path / "parts", workers=2)
    assert _files(tmp_path / "parts") == _files(tmp_path / "whole")


def test_what_is_there_is_not_said_again(tmp_path: Path) -> None:
    _render(tmp_path)
    before = _files(tmp_path)
    output: list[dict[str, object]] = []
    _render(tmp_path, REQUESTS * 2, report=output.append)
    assert output == []
    assert _files(tmp_path) == before


def test_a_clip_that_was_said_otherwise_is_named(tmp_path: Path) -> None:
    _render(tmp_path)
    before = _files(tmp_path)
    id, speed = REQUESTS[1].id, REQUESTS[1].speed
    for other, told in (
        (replace(REQUESTS[1], speed=2.0), f"{id} was said with speed {speed}, and 2.0 is asked"),
        (replace(REQUESTS[1], accent="en-gb+fr(0.5)"), f"{id} was said with accent en-gb, and "),
    ):
        with pytest.raises(DataError, match=re.escape(told)):
            _render(tmp_path, [REQUESTS[0], other])
    assert _files(tmp_path) == before


def test_half_a_row_and_half_a_file_are_swept_up(tmp_path: Path) -> None:
    _render(tmp_path / "whole")
    folder = tmp_path / "killed"
    _render(folder, REQUESTS[:3])
    with (folder / "provenance.jsonl").open("a") as file:
        file.write('{"id": "half')
    with (folder / "metadata.csv").open("a") as file:
        file.write("half|fa")
    (folder / "wavs" / ".half.flac.123.tmp").write_bytes(b"fLaC")
    _render(folder)
    assert _files(folder) == _files(tmp_path / "whole")


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path\n"
        "from models.training.teaching.render import render\n"
        "from tests.models.training.teaching.fake_teacher import FakeTeacher, pronounce\n"
        "from tests.models.training.teaching.test_render import REQUESTS\n"
        "if __name__ == '__main__':\n"
        f"    render(FakeTeacher(takes_s=0.4), REQUESTS, pronounce, Path({str(tmp_path)!r}))\n"
    )
    script = tmp_path / "killed.py"
    script.write_text(program)
    root = Path(__file__).resolve().parents[4]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    process = subprocess.Popen([sys.executable, str(script)], env=environment)
    provenance = tmp_path / "provenance.jsonl"
    deadline = time.monotonic() + 60
    while not (provenance.exists() and provenance.stat().st_size):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 0 < len(read_provenance(tmp_path)) < len(REQUESTS)
    _render(tmp_path)
    ids = [row["id"] for row in read_provenance(tmp_path)]
    assert ids == [request.id for request in REQUESTS]
    assert len(read_corpora(CorpusConfig(root=tmp_path))) == len(REQUESTS)


def test_a_line_that_cannot_be_said_is_told_and_holds_nothing_up(tmp_path: Path) -> None:
    requests = list(every_request(lines("One.", "An unsayable word.", "Two."), ["ann"], seed=1))
    failures = _render(tmp_path, requests)
    assert failures == ["voice ann, `An unsayable word.`: no symbol for it"]
    assert [row["text"] for row in read_provenance(tmp_path)] == ["One.", "Two."]


def test_rendering_stops_when_there_is_enough(tmp_path: Path) -> None:
    _render(tmp_path, limit_s=0.9)
    total_s = sum(row["duration_s"] for row in read_provenance(tmp_path))
    assert 0.9 <= total_s < 1.7
    before = _files(tmp_path)
    _render(tmp_path, limit_s=0.9)
    assert _files(tmp_path) == before


def test_two_runs_into_one_folder_are_refused(tmp_path: Path) -> None:
    other: list[str] = []

    def start_another(row: dict[str, object]) -> None:
        with pytest.raises(DataError, match="another process renders into it") as caught:
            _render(tmp_path)
        other.append(str(caught.value))

    _render(tmp_path, REQUESTS[:1], report=start_another)
    assert len(other) == 1


def test_a_corpus_that_no_teacher_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("a|ann|Mine.|Mine.\n")
    with pytest.raises(DataError, match="a corpus that no teacher made"):
        _render(tmp_path)
    assert (tmp_path / "metadata.csv").read_text() == "a|ann|Mine.|Mine.\n"


@pytest.mark.parametrize("line", ["no json", json.dumps({"id": "a"}), "[]"])
def test_a_damaged_row_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "provenance.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match=r"provenance.jsonl:1: no row.*speaker"):
        read_provenance(tmp_path)
