import dataclasses
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from models.errors import DataError
from models.mel import LogMel, MelConfig
from models.training.features import _measure, prepare_features, read_wave, trim_and_level
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
    assert len(corpus.reports) == 1
    again = prepare_features(corpus.config, MEL, corpus.cache, pytest.fail)
    assert again.clips == corpus.features.clips
    assert isinstance(again.waves, np.memmap)


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
    measured = _measure(tmp_path / "short.wav", MelConfig())
    assert (len(measured.wave), measured.mel.shape, len(measured.pitch_hz)) == (0, (0, 80), 0)


def test_silent_recording_is_no_crash(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", np.zeros(22050), 22050)
    assert not _measure(tmp_path / "silent.wav", MelConfig()).pitch_hz.any()


def test_other_rates_and_channels_become_mono_at_ours(tmp_path: Path) -> None:
    wave = np.sin(np.arange(16000) * 0.1)
    soundfile.write(tmp_path / "a.wav", np.stack([wave, 0 * wave], axis=1), 16000)
    read = read_wave(tmp_path / "a.wav", 22050)
    assert read.shape == (22050,)
    assert np.abs(read).max() == pytest.approx(0.5, abs=0.02)


def test_file_that_is_no_audio_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("not audio")
    with pytest.raises(DataError, match=r"a\.wav: cannot be read as audio"):
        read_wave(tmp_path / "a.wav", 22050)


@pytest.mark.parametrize(("share", "missing"), [(0.0, "evaluate on"), (0.999, "train on")])
def test_corpus_with_nothing_on_one_side_is_refused_at_once(
    corpus: TrainingCorpus, share: float, missing: str
) -> None:
    config = dataclasses.replace(corpus.config, held_out=share)
    with pytest.raises(DataError, match=f"corpus.held_out: {share} leaves none of 22.*{missing}"):
        prepare_features(config, MEL, corpus.cache, pytest.fail)
