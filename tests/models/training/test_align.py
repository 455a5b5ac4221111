import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from models.checkpoint import Checkpoint, CheckpointInfo
from models.content import list_contents
from models.errors import DataError
from models.mel import MelConfig
from models.recognition.alignment import Alignment, _best_cut, align
from models.recognition.recognizer import BLANK, Recognizer, RecognizerConfig, ctc_loss
from models.training.align import align_corpus, alignment_of, clip_error_rates, misheard
from models.training.corpus import clip_key
from models.training.features import Clip, Features

MEL = MelConfig(n_mels=20)
PHONES = ("a", "b", "o", "t")
_SOUNDS = 2.5 * np.random.default_rng(7).standard_normal((len(PHONES), 20)) - 3
SOUND_OF = dict(zip(PHONES, _SOUNDS, strict=True)) | {"_": np.full(20, -11.0)}


def sounding(parts: list[tuple[str, int]], seed: int = 0) -> np.ndarray:
    """A mel (T, n_mels) in which each sound lasts its frames; `_` is silence."""
    rng = np.random.default_rng(seed)
    rows = [SOUND_OF[sound] for sound, num_frames in parts for _ in range(num_frames)]
    return (np.stack(rows) + 0.05 * rng.standard_normal((len(rows), 20))).astype(np.float32)


@pytest.fixture(scope="module")
def recognizer() -> Checkpoint:
    """A recognizer that has learned the four sounds."""
    torch.manual_seed(0)
    symbols = (BLANK, *PHONES)
    config = RecognizerConfig(dim=24, hidden_dim=32, num_layers=1, kernel_size=5, dropout=0.0)
    model = Recognizer(config, MEL, symbols)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    rng = np.random.default_rng(0)
    for step in range(80):
        output = [PHONES[index] for index in rng.integers(len(PHONES), size=8)]
        sounds = [("_", 6), *((phone, int(rng.integers(5, 12))) for phone in output), ("_", 6)]
        mel = torch.from_numpy(sounding(sounds, step).T.copy())[None]
        targets = torch.tensor([[symbols.index(phone) for phone in output]])
        log_probs, lengths = model(mel, torch.tensor([mel.shape[-1]]))
        loss = ctc_loss(log_probs, lengths, targets, torch.tensor([8]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    info = CheckpointInfo("recognizer", {}, MEL, symbols, weights_digest="abc")
    return Checkpoint("four-sounds", model.eval(), info)


def test_boundaries_are_found(recognizer: Checkpoint) -> None:
    parts = [("_", 12), ("a", 9), ("t", 6), ("o", 14), ("b", 7), ("_", 10)]
    found = align("^ a t | ˈo b ?", sounding(parts), recognizer)
    assert found is not None
    assert found.symbols == ("^", "a", "t", "ˈo", "b", "?")
    assert sum(found.durations) == 58
    assert np.abs(np.array(found.durations) - [12, 9, 6, 14, 7, 10]).max() <= 2
    assert found.durations[2:4] == (6, 14)  # between two sounds the cut is exact


def test_pause_is_where_the_speaker_paused_not_where_the_text_does(recognizer: Checkpoint) -> None:
    paused = [("_", 10), ("a", 9), ("_", 20), ("o", 12), ("t", 8), ("_", 10)]
    found = align("^ a | o , t .", sounding(paused), recognizer)
    assert found is not None
    assert found.symbols == ("^", "a", ",", "o", "t", ".")
    assert found.durations[2] == pytest.approx(20, abs=4)
    assert sum(found.durations) == 69


def test_closure_inside_a_word_is_no_pause(recognizer: Checkpoint) -> None:
    parts = [("_", 10), ("a", 9), ("_", 20), ("o", 12), ("_", 10)]
    found = align("^ a o .", sounding(parts), recognizer)
    assert found is not None
    assert found.symbols == ("^", "a", "o", ".")
    assert sum(found.durations) == 61


def test_more_phones_than_frames_cannot_be_aligned(recognizer: Checkpoint) -> None:
    assert align("^ " + "a t " * 10 + ".", sounding([("a", 10), ("t", 10)]), recognizer) is None


def test_unknown_phone_is_named(recognizer: Checkpoint) -> None:
    with pytest.raises(DataError, match="phone ʒ: the recognizer four-sounds"):
        align("^ a ʒ .", sounding([("a", 20)]), recognizer)


@pytest.mark.parametrize("boundary", [3, 8, 17])
def test_best_cut_finds_the_change(boundary: int) -> None:
    mel = sounding([("a", boundary), ("o", 20 - boundary)])
    assert _best_cut(mel, 0, 19) == boundary
    assert _best_cut(mel, 2, 18) == boundary


def _features(tmp_path: Path, phonemes: tuple[str, ...], mels: list[np.ndarray]) -> Features:
    clips, first = [], 0
    for index, (output, mel) in enumerate(zip(phonemes, mels, strict=True)):
        clips.append(Clip(f"c{index}", "anna", "", output, False, 0, 0, first, len(mel)))
        first += len(mel)
    flat = np.concatenate(mels).astype(np.float16)
    return Features(MEL, tuple(clips), np.zeros(9, np.int16), flat, np.zeros(first, np.float16))


def test_corpus_is_aligned_once_and_again_when_its_text_changes(
    tmp_path: Path, recognizer: Checkpoint
) -> None:
    mels = [sounding([("_", 8), ("a", 9), ("t", 9), ("_", 8)]), sounding([("a", 4)])]
    features = _features(tmp_path, ("^ a t .", "^ a t o b a t ."), mels)
    alignments = align_corpus(features, recognizer, tmp_path)
    aligned, too_short = (alignment_of(clip, alignments) for clip in features.clips)
    assert aligned is not None
    assert sum(aligned.durations) == 34
    assert too_short is None
    (cache,) = tmp_path.glob("alignment-abc-*.json")
    stored = json.loads(cache.read_text(encoding="utf-8"))
    cache.write_text(json.dumps(stored | {"|anna|c0": [["^"], [34]]}), encoding="utf-8")
    list_contents(cache.with_suffix(".contents.txt"), [cache])
    read_back = alignment_of(features.clips[0], align_corpus(features, recognizer, tmp_path))
    assert read_back == Alignment(("^",), (34,))
    corrected = _features(tmp_path, ("^ a | t !", "^ a t o b a t ."), mels)
    again = alignment_of(corrected.clips[0], align_corpus(corrected, recognizer, tmp_path))
    assert again is not None
    assert again.symbols == ("^", "a", "t", "!")


def test_the_folder_of_the_cache_is_made(tmp_path: Path, recognizer: Checkpoint) -> None:
    mel = sounding([("_", 8), ("a", 9), ("t", 9), ("_", 8)])
    features = _features(tmp_path, ("^ a t .",), [mel])
    align_corpus(features, recognizer, tmp_path / "runs/cache")
    assert len(list(tmp_path.glob("runs/cache/alignment-*.json"))) == 1


def test_a_clip_that_says_something_else_is_told(tmp_path: Path, recognizer: Checkpoint) -> None:
    said = sounding([("_", 8), ("a", 9), ("t", 9), ("o", 9), ("b", 9), ("_", 8)])
    features = _features(tmp_path, ("^ a t o b .", "^ b o t o ."), [said, said])
    rates = clip_error_rates(features, recognizer, tmp_path)
    right, wrong = (rates[clip_key(clip)] for clip in features.clips)
    assert right < 0.3 < wrong
    (told,) = misheard(features.clips, rates, 0.3)
    assert f"{wrong:.2f}" in told.found
    assert clip_error_rates(features, recognizer, tmp_path) == rates
    assert len(list(tmp_path.glob("heard-*.json"))) == 1


@pytest.mark.parametrize("damage", ["[[", '"a"'])
def test_a_damaged_alignment_is_made_anew(
    tmp_path: Path, recognizer: Checkpoint, damage: str
) -> None:
    features = _features(tmp_path, ("^ a t .",), [sounding([("_", 8), ("a", 9), ("t", 9)])])
    alignments = align_corpus(features, recognizer, tmp_path)
    (cache,) = tmp_path.glob("alignment-abc-*.json")
    cache.write_text(cache.read_text(encoding="utf-8").replace(damage, damage[:-1] + "x"))
    assert align_corpus(features, recognizer, tmp_path) == alignments


def test_other_sounds_of_the_same_lengths_and_words_are_aligned_anew(
    tmp_path: Path, recognizer: Checkpoint
) -> None:
    ends = []
    for first in (6, 12):
        mels = [sounding([("_", 8), ("a", first), ("t", 18 - first), ("_", 8)])]
        features = _features(tmp_path, ("^ a t .",), mels)
        aligned = alignment_of(features.clips[0], align_corpus(features, recognizer, tmp_path))
        assert aligned is not None
        ends.append(aligned.durations[1])
    assert ends[0] < ends[1]


def test_the_same_id_in_two_corpora_has_two_alignments(
    tmp_path: Path, recognizer: Checkpoint
) -> None:
    mels = [sounding([("_", 8), ("a", first), ("t", 18 - first), ("_", 8)]) for first in (6, 12)]
    features = _features(tmp_path, ("^ a t .", "^ a t ."), mels)
    clips = tuple(
        dataclasses.replace(clip, id="c", corpus=corpus)
        for clip, corpus in zip(features.clips, "xy", strict=True)
    )
    features = dataclasses.replace(features, clips=clips)
    found = align_corpus(features, recognizer, tmp_path)
    durations = [alignment.durations[1] for alignment in found.values()]
    assert durations[0] < durations[1]
