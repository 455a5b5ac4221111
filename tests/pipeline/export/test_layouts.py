"""Each export is read by its consumer's own library and equals the dataset, row by row."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio.delivery import Codec, encode_clip
from pipeline.audio.files import decode_audio
from pipeline.build.seal import seal
from pipeline.dataset.files import data_files
from pipeline.dataset.manifest import write_part
from pipeline.dataset.output import OutputConfig
from pipeline.export import openwakeword, pieces
from pipeline.export.clips import Clip, read_clips, safe_name
from pipeline.export.kaldi import speaker_of
from pipeline.export.run import LAYOUTS, ExportRequest, export_dataset
from tests.pipeline.export.readers import READERS, ReadClip, read_dataset
from tests.pipeline.synthetic_build import build_info, rows_of

SPLITS = ("train", "validation", "test")
NEEDS = {
    "nemo-tarred": "webdataset",
    "lhotse": "lhotse",
    "lhotse-shar": "lhotse",
    "kaldi": "kaldi_native_io",
    "speechbrain": "speechbrain",
    "webdataset": "webdataset",
}


@pytest.fixture(scope="module")
def exports(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Every layout of the dataset, with five clips a tar file."""
    folder = tmp_path_factory.mktemp("layouts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "CLIPS_A_SHARD", 5)
        patch.setattr("pipeline.export.run.CLIPS_A_SHARD", 5)
        for name in LAYOUTS:
            export_dataset(ExportRequest(dataset, name, folder / name))
    return {name: folder / name for name in LAYOUTS}


def _expected(dataset: Path, layout: str, split: str) -> list[ReadClip]:
    if layout == "openwakeword" and split != "train":  # it has no validation split
        return [*read_dataset(dataset, "validation"), *read_dataset(dataset, "test")]
    clips = list(read_dataset(dataset, split))
    if layout == "ljspeech":  # a corpus to learn to speak from
        return [clip for clip in clips if clip.text]
    return clips


def _as_kaldi(clips: list[ReadClip]) -> list[tuple[object, ...]]:
    """Keys of clips whose speakers are called as Kaldi can sort them."""
    return [
        (key[0], key[1], speaker_of(Clip({"speaker": key[2]}, b"", "")), *key[3:])
        for key in (clip.key for clip in clips)
    ]


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_consumer_reads_every_row_as_it_is(
    exports: Mapping[str, Path], dataset: Path, layout: str, split: str
) -> None:
    if layout in NEEDS:
        pytest.importorskip(NEEDS[layout], reason="the toolkit that reads this layout")
    found = list(READERS[layout](exports[layout], split))
    expected = _expected(dataset, layout, split)
    keys = [clip.key for clip in expected]
    if layout in ("kaldi", "espnet"):
        keys = _as_kaldi(expected)  # type: ignore[assignment]
    assert len(found) > 1
    assert sorted(clip.key for clip in found) == sorted(keys)


@pytest.mark.parametrize(
    "layout", ["nemo", "nemo-tarred", "lhotse", "lhotse-shar", "kaldi", "webdataset"]
)
def test_the_times_of_words_come_along(
    exports: Mapping[str, Path], dataset: Path, layout: str
) -> None:
    if layout in NEEDS:
        pytest.importorskip(NEEDS[layout], reason="the toolkit that reads this layout")
    expected = {clip.id: clip.words for clip in read_dataset(dataset, "train")}
    for clip in READERS[layout](exports[layout], "train"):
        words, wanted = clip.words, expected[clip.id]
        assert words is not None
        assert wanted is not None
        assert [word[0] for word in words] == [word[0] for word in wanted]
        np.testing.assert_allclose(
            [word[1:] for word in words], [word[1:] for word in wanted], atol=0.0011
        )


@pytest.mark.parametrize(
    "layout", ["nemo", "lhotse", "espnet", "speechbrain", "hf-audiofolder", "webdataset"]
)
def test_flac_is_copied_byte_for_byte(
    exports: Mapping[str, Path], dataset: Path, layout: str
) -> None:
    clip = next(read_clips(data_files(dataset)[0]))
    if layout == "webdataset":
        assert clip.sound in (exports[layout] / "train-000000.tar").read_bytes()
    else:
        (path,) = exports[layout].rglob(f"{clip.name}.flac")
        assert path.read_bytes() == clip.sound


@pytest.mark.parametrize("codec", ["wav", "opus"])
def test_other_codecs_than_flac(tmp_path: Path, codec: Codec) -> None:
    pytest.importorskip("webdataset", reason="the toolkit that reads this layout")
    rows = rows_of(range(8))
    for row in rows:
        wave, sample_rate = decode_audio(row["audio"]["bytes"])
        sound = encode_clip(wave, sample_rate, codec, row["id"])
        row["audio"] = {"bytes": sound, "path": f"{row['id']}.{codec}"}
        row["duration_s"] = len(decode_audio(sound)[0]) / sample_rate
    output = OutputConfig(tmp_path / "dataset", split={"train": 1.0})
    dataset = seal([write_part(tmp_path / "part", rows)], [], build_info(), output)
    expected = sorted(clip.key for clip in read_dataset(dataset, "train"))
    assert len(expected) == len(rows)
    for layout in ("nemo-tarred", "espnet", "webdataset", "ljspeech"):
        export_dataset(ExportRequest(dataset, layout, tmp_path / layout))
        assert sorted(clip.key for clip in READERS[layout](tmp_path / layout, "train")) == expected


def test_all_columns_are_in_the_manifests_that_have_room(
    exports: Mapping[str, Path], dataset: Path
) -> None:
    row = next(read_clips(data_files(dataset)[0])).row
    line = json.loads((exports["nemo"] / "train_manifest.json").read_text().splitlines()[0])
    renamed = {"duration_s": "duration", "transcript": "text", "text": "written_text"}
    assert {name: line[renamed.get(name, name)] for name in row} == row
    lhotse = pytest.importorskip("lhotse")
    cut = next(iter(lhotse.load_manifest_lazy(exports["lhotse"] / "voxloom_cuts_train.jsonl.gz")))
    custom = cut.supervisions[0].custom
    assert custom["noise"] == row["noise"]
    assert custom["written_text"] == row["text"]
    assert cut.supervisions[0].language == row["accent"]


def test_kaldi_tables_are_as_its_validation_wants_them(exports: Mapping[str, Path]) -> None:
    for split in SPLITS:
        folder = exports["kaldi"] / split
        for name in ("wav.scp", "segments", "text", "utt2spk", "spk2utt", "utt2dur"):
            order = ["sort", "-c", str(folder / name)]
            subprocess.run(order, check=True, env=os.environ | {"LC_ALL": "C"})
        utt2spk = [line.split() for line in (folder / "utt2spk").read_text().splitlines()]
        by_speaker = sorted(utt2spk, key=lambda pair: pair[1].encode())
        assert by_speaker == utt2spk, "sorted by speaker too"
        assert all(utterance.startswith(f"{speaker}-") for utterance, speaker in utt2spk)
        listed = [
            [utterance, line.split()[0]]
            for line in (folder / "spk2utt").read_text().splitlines()
            for utterance in line.split()[1:]
        ]
        assert listed == utt2spk
        recordings = [line.split()[0] for line in (folder / "wav.scp").read_text().splitlines()]
        assert recordings == [pair[0] for pair in utt2spk]


def test_tar_files_hold_so_many_clips_and_are_numbered_over_data_files(
    exports: Mapping[str, Path], dataset: Path
) -> None:
    tars = sorted(exports["webdataset"].glob("train-*.tar"))
    assert [tar.name for tar in tars] == [f"train-{at:06d}.tar" for at in range(len(tars))]
    counts = []
    for tar in tars:
        webdataset = pytest.importorskip("webdataset")
        counts.append(len(list(webdataset.WebDataset(str(tar), shardshuffle=False))))
    assert max(counts) == 5
    assert sum(counts) == len(list(read_dataset(dataset, "train")))


def test_ljspeech_text_keeps_to_its_field(exports: Mapping[str, Path]) -> None:
    lines = [
        line
        for split in SPLITS
        for line in (exports["ljspeech"] / split / "metadata.csv").read_text().splitlines()
    ]
    assert {line.count("|") for line in lines} == {2}
    assert sum("Pay $5 now, “please”" in line for line in lines) == 1


def test_openwakeword_gets_16_khz_whatever_the_dataset_has(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openwakeword, "SAMPLE_RATE", 8000)  # the clips have 16 kHz themselves
    export_dataset(ExportRequest(dataset, "openwakeword", tmp_path / "out", ("train",)))
    durations = {clip.id: clip.duration_s for clip in read_dataset(dataset, "train")}
    clips = list((tmp_path / "out").glob("*_train/*.wav"))
    assert len(clips) == len(durations)
    for path in clips:
        info = soundfile.info(path)
        assert info.samplerate == 8000
        assert info.subtype == "PCM_16"
        assert abs(info.duration - durations[path.stem]) < 1e-3


@pytest.mark.parametrize("text", ["a/b", "a.b", "a b", "ä", "../x", "a" * 300, "", "-"])
def test_names_are_safe_and_do_not_collide(text: str) -> None:
    name = safe_name(text)
    assert len(name) < 200
    assert all(letter.isascii() and (letter.isalnum() or letter in "_-") for letter in name)
    assert name == text or name != safe_name(name + "x")


def test_different_speakers_keep_different_names() -> None:
    speakers = ["an4-fbbh", "an4_fbbh", "an4 fbbh", "mix(alba, dag, 0.4)"]
    names = [speaker_of(Clip({"speaker": name}, b"", "")) for name in speakers]
    assert names[0] == "an4_fbbh"
    assert len(set(names)) == len(names)
    assert not any("-" in name for name in names), "it would sort before what follows"


def test_different_ids_keep_different_names() -> None:
    ids = ["a/b", "a.b", "a b", "a_b", "A_b"]
    assert len({safe_name(text) for text in ids}) == len(ids)
