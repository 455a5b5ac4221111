"""Mels of recordings by an acoustic model, as a features cache for a vocoder."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.acoustic.tacotron2 import Tacotron2, Tacotron2Config
from models.checkpoint import CheckpointInfo, load_checkpoint, save_checkpoint
from models.config import as_mapping
from models.errors import CheckpointError, DataError
from models.training.mels import (
    Aligner,
    follow_recordings,
    open_teacher_mels,
    write_teacher_mels,
)
from tests.models.training.conftest import MEL, TrainingCorpus
from tests.tiny_voices import (
    SYMBOLS,
    TinyVoices,
    save_tiny_expressive_voice,
    save_tiny_voices,
)


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> TinyVoices:
    """A voice for the corpus's anna and ben, in its MelConfig."""
    return save_tiny_voices(tmp_path_factory.mktemp("voices"), MEL)


def test_folder_holds_the_recordings_with_the_models_mels(
    corpus: TrainingCorpus, voices: TinyVoices, tmp_path: Path
) -> None:
    acoustic = load_checkpoint(voices.acoustic_model)
    aligner = Aligner(str(voices.recognizer), tmp_path)
    for _ in range(2):  # the second time over what the first has left
        folder = write_teacher_mels(acoustic, corpus.features, tmp_path / "mels", aligner)
    found = open_teacher_mels(folder)
    assert found.mel_config == MEL
    assert acoustic.label in (folder / "mels.yaml").read_text()
    originals = {(clip.speaker, clip.id): clip for clip in corpus.features.clips}
    assert len(found.clips) > len(originals) / 2
    assert found.training()
    assert found.held_out()
    for clip in found.clips:
        original = originals[clip.speaker, clip.id]
        assert np.array_equal(found.wave(clip), corpus.features.wave(original))
        assert np.array_equal(found.pitch(clip), corpus.features.pitch(original))
        assert found.mel(clip).shape == (original.num_frames, MEL.n_mels)
        assert np.isfinite(found.mel(clip)).all()


def test_mels_are_in_the_scale_of_synthesis(
    corpus: TrainingCorpus, voices: TinyVoices, tmp_path: Path
) -> None:
    acoustic, aligner = load_checkpoint(voices.acoustic_model), Aligner(voices.recognizer, tmp_path)
    mels = [mel for _, mel in follow_recordings(acoustic, corpus.features, aligner)]
    acoustic.model.mel_mean += 2.0
    for followed, mel in zip(
        follow_recordings(acoustic, corpus.features, aligner), mels, strict=True
    ):
        assert np.allclose(followed.mel, mel + 2.0, atol=1e-4)


@pytest.mark.parametrize("knows_levels", [True, False])
def test_pitch_is_followed_around_the_level_that_the_model_speaks_at(
    corpus: TrainingCorpus,
    voices: TinyVoices,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    knows_levels: bool,
) -> None:
    """Anna hums at 220 Hz; the model learned 200 Hz of her, or no level."""
    folder = save_tiny_expressive_voice(tmp_path / "voice", MEL)
    acoustic = load_checkpoint(folder if knows_levels else voices.acoustic_model)
    model = acoustic.model
    model.pitch_std.fill_(0.1)
    if knows_levels:
        model.log_pitch.fill_(math.log(200.0))
    follow, heard = model.follow, list[np.ndarray]()

    def listen(*given: Any) -> Any:
        prosody, contour = given[-2:]
        heard.append((contour or prosody).pitch.numpy())
        return follow(*given)

    monkeypatch.setattr(model, "follow", listen)
    clips = tuple(clip for clip in corpus.features.clips if clip.speaker == "anna")
    features = dataclasses.replace(corpus.features, clips=clips)
    list(follow_recordings(acoustic, features, Aligner(str(voices.recognizer), tmp_path)))
    level = math.log(220 / 200) / 0.1 if knows_levels else 0.0
    assert float(np.median(np.concatenate(heard, axis=1))) == pytest.approx(level, abs=0.1)


def test_clips_of_strangers_are_left_out_and_said(
    corpus: TrainingCorpus, voices: TinyVoices, tmp_path: Path
) -> None:
    acoustic, aligner = load_checkpoint(voices.acoustic_model), Aligner(voices.recognizer, tmp_path)
    clips = corpus.features.clips
    renamed = [dataclasses.replace(clip, speaker="carl") for clip in clips if clip.speaker == "ben"]
    both = (*[clip for clip in clips if clip.speaker == "anna"], *renamed)
    reports: list[str] = []
    features = dataclasses.replace(corpus.features, clips=both)
    found = list(follow_recordings(acoustic, features, aligner, reports.append))
    assert {clip.speaker for clip, _ in found} == {"anna"}
    assert reports[0] == (
        f"left out: {len(renamed)} clips of 1 speakers that acoustic does not have (carl)"
    )
    features = dataclasses.replace(corpus.features, clips=tuple(renamed))
    with pytest.raises(DataError, match=r"none of the corpus's speakers .* anna, ben"):
        list(follow_recordings(acoustic, features, aligner, reports.append))


def test_what_cannot_be_done_is_said(
    corpus: TrainingCorpus, voices: TinyVoices, tiny_voices: TinyVoices, tmp_path: Path
) -> None:
    aligner = Aligner(str(voices.recognizer), tmp_path)
    with pytest.raises(CheckpointError, match="is a vocos; needed is fastspeech2 or"):
        list(follow_recordings(load_checkpoint(voices.vocoder), corpus.features, aligner))
    other = load_checkpoint(tiny_voices.acoustic_model)
    with pytest.raises(CheckpointError, match="n_mels 40 against 80"):
        list(follow_recordings(other, corpus.features, aligner))
    (tmp_path / "diary.txt").touch()
    with pytest.raises(DataError, match="holds something other than mels"):
        write_teacher_mels(
            load_checkpoint(voices.acoustic_model), corpus.features, tmp_path, aligner
        )
    with pytest.raises(DataError, match=r"mels\.yaml is missing; `voxloom mels` writes"):
        open_teacher_mels(tmp_path)


@pytest.mark.parametrize("speakers", [("anna", "ben"), ()])
def test_tacotron_follows_with_its_own_attention(
    corpus: TrainingCorpus, tmp_path: Path, speakers: tuple[str, ...]
) -> None:
    config = Tacotron2Config(
        encoder_dim=16,
        attention_rnn_dim=16,
        attention_dim=8,
        prenet_dim=8,
        decoder_rnn_dim=16,
        postnet_dim=8,
        frames_per_step=3,
    )
    model = Tacotron2(config, MEL, SYMBOLS, speakers)
    model.mel_mean.fill_(-5.0)
    info = CheckpointInfo("tacotron2", as_mapping(config), MEL, SYMBOLS, speakers)
    save_checkpoint(tmp_path / "tacotron2", model, info)
    acoustic = load_checkpoint(tmp_path / "tacotron2")
    found = list(follow_recordings(acoustic, corpus.features, Aligner("none", tmp_path)))
    assert [clip for clip, _ in found] == list(corpus.features.clips)
    for clip, mel in found:
        assert mel.shape == (clip.num_frames, MEL.n_mels)
        assert mel.mean() == pytest.approx(-5.0, abs=2.0)
