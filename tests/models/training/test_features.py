import dataclasses
import os
import resource
import shutil
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from models.errors import DataError
from models.mel import LogMel, MelConfig
from models.training.corpus import CorpusConfig, clip_key, is_held_out
from models.training.features import open_features, prepare_features
from models.training.measured import Measured, measure_clip, read_wave, trim_and_level
from tests.models.training.conftest import HUM_HZ, MEL, SENTENCES, TrainingCorpus, hum


def test_clips_own_runs_that_fill_the_arrays(corpus: TrainingCorpus) -> None:
    features = corpus.features
    assert len(features.clips) == 2 * len(SENTENCES)
    sample = frame = 0
    for clip in features.clips:
        assert (clip.first_sample, clip.first_frame) == (sample, frame)
        assert clip.num_samples == clip.num_frames * MEL.hop_length
        sample += clip.num_samples
        frame += clip.num_frames
    assert features.waves.shape == (sample,)
    assert features.mels.shape == (frame, MEL.n_mels)
    assert features.pitch_hz.shape == (frame,)


def test_mel_pitch_and_level_are_those_of_the_wave(corpus: TrainingCorpus) -> None:
    for clip in corpus.features.clips[:4]:
        wave = torch.from_numpy(corpus.features.wave(clip))[None]
        mel = LogMel(MEL)(wave)[0].T.numpy()
        audible = mel > -8  # below, the 16 bits of the stored wave are heard
        assert audible.mean() > 0.5
        np.testing.assert_allclose(corpus.features.mel(clip)[audible], mel[audible], atol=0.02)
        pitch = corpus.features.pitch(clip)
        assert np.median(pitch[pitch > 0]) == pytest.approx(HUM_HZ[clip.speaker], rel=0.02)
        rms_db = 10 * float((wave**2).mean().log10())
        assert -30 < rms_db < -24


def test_clips_are_spoken_and_held_out_by_sentence(corpus: TrainingCorpus) -> None:
    clip = corpus.features.clips[0]
    assert clip.text == SENTENCES[0]
    assert clip.phonemes.split()[:2] == ["^", "t"]
    held_out = {clip.text for clip in corpus.features.held_out()}
    assert 0 < len(held_out) < len(SENTENCES)
    assert not held_out & {clip.text for clip in corpus.features.training()}


def test_cache_is_made_once(corpus: TrainingCorpus) -> None:
    made, *told = corpus.reports
    assert made.startswith("features: ")
    output = list[str]()
    again = prepare_features(corpus.config, MEL, corpus.cache, output.append)
    assert again.clips == corpus.features.clips
    assert isinstance(again.waves, np.memmap)
    assert output == told


def test_what_a_killed_run_left_is_in_nobodys_way(corpus: TrainingCorpus, tmp_path: Path) -> None:
    """Of a process of this very number, as in a container that is started again."""
    made = Path(corpus.reports[-1].partition("all are in ")[2]).parent
    for left in (f"{made.name}.tmp", f"{made.name}.{os.getpid()}.tmp"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "waves.npy").write_bytes(b"half")
    again = prepare_features(corpus.config, MEL, tmp_path, lambda line: None)
    assert np.array_equal(again.waves, corpus.features.waves)
    assert not (tmp_path / f"{made.name}.tmp").exists()


def test_of_two_runs_one_makes_the_cache_and_the_other_waits(
    corpus: TrainingCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: tuple[list[str], list[str]] = ([], [])
    began = threading.Event()

    def begin(*args: Any, **kwargs: Any) -> Measured:
        began.set()
        time.sleep(0.05)
        return measure_clip(*args, **kwargs)

    monkeypatch.setattr("models.training.features.measure_clip", begin)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(prepare_features, corpus.config, MEL, tmp_path, said[0].append)
        assert began.wait(60)
        second = prepare_features(corpus.config, MEL, tmp_path, said[1].append)
        assert first.result().clips == second.clips
    assert said[0][0].startswith("features: ")
    assert said[1][0].endswith("is at work on it; waiting for it")
    assert not [line for line in said[1] if line.startswith("features: ")]


def test_a_disk_that_fills_up_is_told_and_leaves_nothing(
    corpus: TrainingCorpus, tmp_path: Path
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(DataError, match=r"features-\w+: the disk is full; free some space"):
            prepare_features(corpus.config, MEL, tmp_path, lambda line: None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["waves.npy", "mels.npy", "pitch.npy", "clips.json"])
def test_a_damaged_cache_is_told_and_made_anew(
    corpus: TrainingCorpus, tmp_path: Path, name: str
) -> None:
    made = Path(corpus.reports[-1].partition("all are in ")[2]).parent
    folder = shutil.copytree(made, tmp_path / made.name)
    content = bytearray((folder / name).read_bytes())
    content[-9] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=r"damaged: its files are not what contents\.txt lists"):
        open_features(folder, MEL)
    said = list[str]()
    again = prepare_features(corpus.config, MEL, tmp_path, said.append)
    assert said[0].endswith(f"{made.name}, which is damaged")
    assert np.array_equal(again.waves, corpus.features.waves)


def test_what_is_left_out_is_told_each_time_with_file_and_line(corpus: TrainingCorpus) -> None:
    metadata, first = corpus.config.root / "metadata.csv", 2 * len(SENTENCES) + 1
    blip, nothing, summary = corpus.reports[1:]
    assert blip.startswith(f"left out: {metadata}:{first}: too short: 0.")
    assert nothing.startswith(f"left out: {metadata}:{first + 2}: silent: peak -inf dB")
    assert summary.startswith("left out 2 of 22 clips (1 too short, 1 silent); all are in ")
    listed = Path(summary.partition("all are in ")[2]).read_text()
    assert listed == "".join(line.removeprefix("left out: ") + "\n" for line in (blip, nothing))


def test_everything_that_matters_names_the_cache(corpus: TrainingCorpus) -> None:
    class Wanted(Exception):
        pass

    def stop(_: str) -> None:
        raise Wanted

    for config, mel in (
        (corpus.config, dataclasses.replace(MEL, n_mels=20)),
        (dataclasses.replace(corpus.config, max_duration_s=1.0), MEL),
        (dataclasses.replace(corpus.config, held_out=0.6), MEL),
    ):
        with pytest.raises(Wanted):
            prepare_features(config, mel, corpus.cache, stop)


def test_silence_at_the_edges_is_cut() -> None:
    speech = hum(200.0, 1)[2205:-2205]
    padded = np.concatenate([np.zeros(22050), speech, np.zeros(11025)]).astype(np.float32)
    trimmed = trim_and_level(padded, MelConfig())
    assert len(speech) < len(trimmed) < len(speech) + 2 * (0.08 + 0.03) * 22050


def test_what_was_cut_off_the_start_is_known(corpus: TrainingCorpus) -> None:
    for clip in corpus.features.clips[:4]:
        whole = read_wave(corpus.config.root / "wavs" / f"{clip.id}.wav", MEL.sample_rate)
        first = round(clip.trimmed_s * MEL.sample_rate)
        assert first > 0
        kept = whole[first : first + clip.num_samples]
        assert np.corrcoef(kept, corpus.features.wave(clip))[0, 1] > 0.999


@pytest.mark.parametrize("num_samples", [0, 100, 1500])
def test_clips_too_short_to_measure_are_empty(tmp_path: Path, num_samples: int) -> None:
    soundfile.write(tmp_path / "short.wav", np.full(num_samples, 0.1), 22050)
    measured = measure_clip(tmp_path / "short.wav", MelConfig())
    assert (len(measured.wave), measured.mel.shape, len(measured.pitch_hz)) == (0, (0, 80), 0)


def test_silent_recording_is_no_crash(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", np.zeros(22050), 22050)
    assert not measure_clip(tmp_path / "silent.wav", MelConfig()).pitch_hz.any()


def test_other_rates_and_channels_become_mono_at_ours(tmp_path: Path) -> None:
    wave = np.sin(np.arange(16000) * 0.1)
    soundfile.write(tmp_path / "a.wav", np.stack([wave, 0 * wave], axis=1), 16000)
    read = read_wave(tmp_path / "a.wav", 22050)
    assert read.shape == (22050,)
    assert np.abs(read).max() == pytest.approx(0.5, abs=0.02)


def test_file_that_is_no_audio_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("not audio")
    with pytest.raises(DataError, match=r"a\.wav: not a sound file that can be read"):
        read_wave(tmp_path / "a.wav", 22050)


@pytest.mark.parametrize(("share", "missing"), [(0.0, "evaluate on"), (0.999, "train on")])
def test_corpus_with_nothing_on_one_side_is_refused_at_once(
    corpus: TrainingCorpus, share: float, missing: str
) -> None:
    config = dataclasses.replace(corpus.config, held_out=share)
    with pytest.raises(DataError, match=f"corpus.held_out: {share} leaves none of 22.*{missing}"):
        prepare_features(config, MEL, corpus.cache, pytest.fail)


def _write_corpus(root: Path, waves: dict[str, np.ndarray], texts: Sequence[str] = ()) -> None:
    (root / "wavs").mkdir(parents=True, exist_ok=True)
    texts = texts or SENTENCES[: len(waves)]
    lines = [f"{name}|anna|x|{text}\n" for name, text in zip(waves, texts, strict=True)]
    (root / "metadata.csv").write_text("".join(lines), encoding="utf-8")
    for name, wave in waves.items():
        soundfile.write(root / f"wavs/{name}.wav", wave, 22050, subtype="FLOAT")


def test_other_bytes_of_the_same_name_and_size_are_other_features(tmp_path: Path) -> None:
    root, config = tmp_path / "a", CorpusConfig(tmp_path / "a", held_out=0.5)
    _write_corpus(root, {f"c{n}": hum(200.0, n) for n in range(4)})
    first = np.array(prepare_features(config, MEL, tmp_path / "cache", print).waves)
    path = root / "wavs" / "c0.wav"
    before = path.stat()
    soundfile.write(path, hum(120.0, 9), 22050, subtype="FLOAT")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    second = prepare_features(config, MEL, tmp_path / "cache", print).waves
    assert first.shape != second.shape or not np.array_equal(first, second)


def test_two_corpora_share_no_features(tmp_path: Path) -> None:
    """Same lists, names and sizes; other sounds."""
    kept = []
    for name, pitch_hz in (("x", 200.0), ("y", 120.0)):
        _write_corpus(tmp_path / name, {f"c{n}": hum(pitch_hz, n) for n in range(4)})
        config = CorpusConfig(tmp_path / name, held_out=0.5)
        kept.append(prepare_features(config, MEL, tmp_path / "cache", print))
    medians = [np.median(one.pitch_hz[one.pitch_hz > 0]) for one in kept]
    assert medians == pytest.approx([200, 120], rel=0.03)


SPEECH = hum(200.0, 0)
BROKEN = {
    "NaN or infinite samples": np.where(np.arange(len(SPEECH)) == 999, np.nan, SPEECH),
    "silent": 1e-4 * SPEECH,
    "channels that cancel out": np.stack([SPEECH, -0.98 * SPEECH], axis=1),
    "too short": SPEECH[:5000],
}


@pytest.mark.parametrize("kind", [*BROKEN, "infinite", "offset", "rumble", "empty", "no sound"])
def test_clips_that_nobody_can_learn_from_are_told_and_the_rest_measured(
    tmp_path: Path, kind: str
) -> None:
    time_s = np.arange(len(SPEECH)) / 22050
    waves = BROKEN | {
        "infinite": np.where(np.arange(len(SPEECH)) == 999, np.inf, SPEECH),
        "offset": np.full(len(SPEECH), 0.3),
        "rumble": 0.5 * np.sin(2 * np.pi * 5 * time_s),
        "empty": np.zeros(0),
        "no sound": SPEECH,
    }
    told_as = {"infinite": "NaN or infinite samples", "no sound": "no sound that can be read"}
    told_as |= dict.fromkeys(["offset", "rumble", "empty"], "silent")
    good = {f"c{n}": hum(200.0, n) for n in range(4)}
    _write_corpus(tmp_path, {"bad": waves[kind], **good})
    if kind == "no sound":
        (tmp_path / "wavs" / "bad.wav").write_bytes(b"RIFF")
    output, config = list[str](), CorpusConfig(tmp_path, held_out=0.5)
    features = prepare_features(config, MEL, tmp_path / "cache", output.append)
    assert [clip.id for clip in features.clips] == list(good)
    line = f"left out: {tmp_path}/metadata.csv:1: {told_as.get(kind, kind)}: "
    assert any(message.startswith(line) for message in output)
    assert any(message.startswith("left out 1 of 5 clips (1 ") for message in output)


def test_levels_are_those_of_what_is_heard(tmp_path: Path) -> None:
    """An offset and a rumble change neither where silence is cut nor how loud a clip becomes."""
    speech = hum(200.0, 1)
    rumble = 0.3 * np.sin(2 * np.pi * 5 * np.arange(len(speech)) / 22050)
    measured = []
    for name, wave in (("plain", speech), ("offset", speech + 0.3), ("rumble", speech + rumble)):
        soundfile.write(tmp_path / f"{name}.wav", wave, 22050, subtype="FLOAT")
        measured.append(measure_clip(tmp_path / f"{name}.wav", MEL))
    plain, *others = measured
    for other in others:
        assert other.trimmed_s == pytest.approx(plain.trimmed_s, abs=0.02)
        ratio = other.wave.astype(float).std() / plain.wave.astype(float).std()
        assert ratio == pytest.approx(1, abs=0.05)


def test_where_all_held_out_sentences_are_left_out_others_are_held_out(tmp_path: Path) -> None:
    texts = [text for text in SENTENCES if not is_held_out(text, 0.3)][:4]
    (lost,) = [text for text in SENTENCES if is_held_out(text, 0.3)][:1]
    waves = {f"c{n}": hum(200.0, n) for n in range(4)} | {"lost": 0 * SPEECH}
    _write_corpus(tmp_path, waves, [*texts, lost])
    output, config = list[str](), CorpusConfig(tmp_path, held_out=0.3)
    features = prepare_features(config, MEL, tmp_path / "cache", output.append)
    (held_out,) = features.held_out()
    assert len(features.training()) == 3
    assert any(f"held out in their place: '{held_out.text}'" in message for message in output)


def test_one_name_in_two_folders_is_told_to_be_one_voice(tmp_path: Path) -> None:
    for name in ("x", "y"):
        _write_corpus(tmp_path / name, {f"c{n}": hum(200.0, n) for n in range(4)})
    output = list[str]()
    config = CorpusConfig(tmp_path, folders=("x", "y"), held_out=0.5)
    features = prepare_features(config, MEL, tmp_path / "cache", output.append)
    assert len({clip_key(clip) for clip in features.clips}) == 8
    assert "speaker anna of x, y is taken for one voice" in output
