import io
from pathlib import Path
from typing import Any

import pytest
import soundfile
from typer.testing import CliRunner

from flows.cli.app import app
from models.phonology.phonemes import words_of
from pipeline.audio.delivery import OF_RECORDINGS
from pipeline.build.config import check_build, load_build_config
from pipeline.build.stages import plan
from pipeline.export.openwakeword import WakePhrases, _transcript
from pipeline.export.run import ExportRequest, export_dataset
from pipeline.text.normalize import normalize
from pipeline.verify.dataset import verify
from tests.pipeline.export.readers import read_dataset, read_openwakeword
from tests.tiny_build import rows_by_id, run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices

SAID = ("where is my lamp", "good morning", "yes please", "turn it off")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two speakers, each with four sentences whose words can be found."""
    folder = tmp_path_factory.mktemp("mine")
    (folder / "wavs").mkdir()
    lines = []
    for number, text in enumerate(SAID):
        for speaker in ("kathleen", "kokoro-am_fenrir"):
            id = f"{speaker}-{number}"
            lines.append(f"{id}|{speaker}|{text}|{text}")
            wav = str(folder / "wavs" / f"{id}.wav")
            done = CliRunner().invoke(app, ["say", text, "--speaker", speaker, "-o", wav])
            assert done.exit_code == 0, done.output
    (folder / "metadata.csv").write_text("\n".join(lines))
    return folder


def test_recordings_and_silence_come_back_from_its_folders(
    tmp_path: Path, tiny_voices: TinyVoices, recordings: Path
) -> None:
    overrides = [
        f"sentences.recordings=[{{path: {recordings}, share: 0.4, license: CC0-1.0}}]",
        "sentences.negatives={share: 0.2, phrases: [where is my lamp], silence: {share: 0.3}}",
        "sentences.negatives.kinds={order: 1}",
        "output.disjoint=[speaker]",
        "output.split={train: 0.5, test: 0.5}",
        "judge.recognizer=recognizer",
    ]
    path = write_tiny_build(tmp_path / "build", tiny_voices, count=20, shard_size=20)
    config = load_build_config(path, overrides)
    check_build(config)
    dataset = run_stages(plan(config))
    assert verify(dataset) == []
    out = tmp_path / "out"
    export_dataset(ExportRequest(dataset, "openwakeword", out))
    rows = rows_by_id(dataset)
    sources = {row["source"] for row in rows.values()}
    for row in rows.values():
        with soundfile.SoundFile(io.BytesIO(row["audio"]["bytes"])) as file:
            assert (file.comment == OF_RECORDINGS) == (row["source"] == "recordings")
    num_recorded = sum(row["source"] == "recordings" for row in rows.values())
    card = (dataset / "README.md").read_text()
    assert f"{num_recorded} of 20 clips are recordings of people" in card
    assert f"the recordings `{recordings.name}` (CC0-1.0)" in card
    assert {"recordings", "silence", "templates", "negatives"} == sources
    for split in ("train", "test"):
        found = {clip.id: clip for clip in read_openwakeword(out, split)}
        wanted = {clip.id: clip for clip in read_dataset(dataset, split)}
        assert found.keys() == wanted.keys()
        for id, clip in found.items():
            assert clip.text == wanted[id].text
            assert clip.duration_s == pytest.approx(wanted[id].duration_s, abs=1e-3)
    positive = {path.stem for path in out.glob("positive_*/*.wav")}
    assert positive == {id for id, row in rows.items() if "where is my lamp" in row["transcript"]}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"transcript": "so hey juniper stop"}, "positive"),
        ({"transcript": "hey juniper", "negative": {"kind": "order"}}, "negative"),
        ({"transcript": "hey junipers"}, "negative"),
        ({"transcript": "halt", "intent": "stop"}, "positive"),
        ({"transcript": "", "negative": {"kind": "silence"}}, "negative"),
    ],
)
def test_what_says_a_wake_phrase_is_positive(row: dict[str, Any], kind: str) -> None:
    wake = WakePhrases(frozenset({"hey juniper"}), frozenset({"stop"}))
    assert wake.kind_of({"negative": {"kind": "none"}, "intent": "", **row}) == kind


@pytest.mark.parametrize("phrase", ["Hey TV", "Hey Dr. Miller", "OK, AT&T!", "room 101"])
def test_a_phrase_is_compared_as_it_is_said(phrase: str) -> None:
    (spoken,) = normalize([f"{phrase.rstrip('!')}, turn on the lamp."])
    transcript = " ".join(words_of(spoken))
    assert f" {_transcript(phrase)} " in f" {transcript} "


def test_without_wake_phrases_all_but_negatives_are_positive() -> None:
    row = {"transcript": "halt", "intent": "", "negative": {"kind": "none"}}
    assert WakePhrases().kind_of(row) == "positive"
