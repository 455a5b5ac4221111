from pathlib import Path

import numpy as np
import pytest
import torch

from models.checkpoint import load_checkpoint
from models.mel import LogMel, MelConfig
from pipeline.records import CleanClip, MelClip, Performance, Reject
from pipeline.speech.synthesize import VoiceConfig
from pipeline.speech.vocode import vocode
from tests.tiny_voices import TinyVoices, save_tiny_voices


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """As in a build's workers: sums in one order, whatever the number of cores."""
    torch.set_num_threads(1)


def _mel_clip(name: str, mel: np.ndarray) -> MelClip:
    return MelClip(name, Performance("anna", 1.0, 0.0, 1.0, (), "tiny@0"), mel.astype(np.float16))


def _noise_clips(count: int) -> list[MelClip]:
    rng = np.random.default_rng(0)
    return [_mel_clip(f"c{n}", rng.normal(-5, 1, (80, 12 + 7 * n))) for n in range(count)]


def test_every_mel_becomes_a_clip_of_its_length(tiny_voices: TinyVoices) -> None:
    mels = _noise_clips(3)
    clips = list(vocode(mels, VoiceConfig(vocoder=str(tiny_voices.vocoder))))
    label = load_checkpoint(tiny_voices.vocoder).label
    for mel, clip in zip(mels, clips, strict=True):
        assert isinstance(clip, CleanClip)
        assert (clip.id, clip.vocoder) == (mel.id, label)
        assert clip.num_samples == len(clip.wave) == mel.mel.shape[1] * 256
        assert clip.sample_rate == 22050


def test_a_centred_vocoder_ends_in_silence(tiny_voices: TinyVoices, tmp_path: Path) -> None:
    centered = save_tiny_voices(tmp_path, MelConfig(padding="center"))
    config = VoiceConfig(str(tiny_voices.acoustic_model), str(centered.vocoder))
    for clip, mel in zip(vocode(_noise_clips(2), config), _noise_clips(2), strict=True):
        assert isinstance(clip, CleanClip)
        wave = clip.wave
        assert clip.num_samples == len(wave) == mel.mel.shape[1] * 256
        assert not wave[-256:].any()
        assert wave[-512:-256].any()


def test_a_clip_does_not_depend_on_its_neighbours(tiny_voices: TinyVoices) -> None:
    mels, config = _noise_clips(4), VoiceConfig(vocoder=str(tiny_voices.vocoder))
    together = list(vocode(mels, config))
    assert [clip for mel in mels[::-1] for clip in vocode([mel], config)] == together[::-1]


def test_griffin_lim_says_what_the_mel_says() -> None:
    tone = torch.sin(6.2832 * 500 * torch.arange(256 * 30) / 22050)[None] * 0.3
    log_mel = LogMel(MelConfig())
    mel = log_mel(tone)[0].numpy()
    (clip,) = vocode([_mel_clip("tone", mel)], VoiceConfig(vocoder="griffin-lim"))
    assert isinstance(clip, CleanClip)
    assert clip.vocoder == "griffin-lim"
    result = log_mel(torch.from_numpy(clip.wave)[None])[0].numpy()
    assert result.mean(axis=1).argmax() == mel.mean(axis=1).argmax()


def test_loud_clips_are_scaled_and_quiet_ones_are_left() -> None:
    tone = torch.sin(6.2832 * 500 * torch.arange(256 * 30) / 22050)[None] * 0.3
    mel = LogMel(MelConfig())(tone)[0].numpy()
    clips = list(
        vocode(
            [_mel_clip("loud", mel + 2.5), _mel_clip("quiet", mel)],
            VoiceConfig(vocoder="griffin-lim"),
        )
    )
    loud, quiet = (np.abs(c.wave).max() for c in clips if isinstance(c, CleanClip))
    assert loud == pytest.approx(0.95, abs=1e-3)
    assert quiet < 0.6


def test_silence_stays_silence() -> None:
    floor = np.full((80, 20), np.log(1e-5))
    (clip,) = vocode([_mel_clip("silence", floor)], VoiceConfig(vocoder="griffin-lim"))
    assert isinstance(clip, CleanClip)
    assert np.abs(clip.wave).max() < 1e-3


def test_waveform_that_is_not_finite_rejects_its_clip_only(tiny_voices: TinyVoices) -> None:
    before, after = _noise_clips(2)
    broken = _mel_clip("broken", np.full((80, 9), np.nan))
    config = VoiceConfig(vocoder=str(tiny_voices.vocoder))
    first, second, third = vocode([before, broken, after], config)
    assert second == Reject("broken", "vocode", "the vocoder's waveform is not finite")
    assert [first.id, third.id] == ["c0", "c1"]
    assert isinstance(first, CleanClip)
    assert isinstance(third, CleanClip)
