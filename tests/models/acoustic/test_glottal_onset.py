"""Where the voice closes before a vowel, for how long, and what is heard of it."""

import dataclasses
import math

import pytest
import torch

from models.acoustic.fastspeech2 import FastSpeech2, FastSpeech2Config
from models.acoustic.glottal_onset import (
    CLOSED_GAIN,
    is_consonant,
    is_stressed_onset,
)
from models.mel import MelConfig
from models.voice import Controls, Speech

SYMBOLS = ("<pad>", "^", ".", "t", "a", "|ˈæ", "|æ", "|ˌoʊ", "ˈæ", "|t")
CLOSED = 2  # frames of 256 samples at 22,050 Hz
CONFIG = FastSpeech2Config(
    dim=16, encoder_layers=2, decoder_layers=2, hidden_dim=24, predictor_dim=16, word_starts=True
)


def model(config: FastSpeech2Config = CONFIG) -> FastSpeech2:
    torch.manual_seed(0)
    made = FastSpeech2(config, MelConfig(), SYMBOLS, ("anna",)).eval()
    with torch.no_grad():
        made.duration_predictor.line.bias.fill_(math.log(11))
    return made


def asked(*sentences: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Symbols, lengths and speakers of sentences of symbols with spaces between."""
    ids = [[SYMBOLS.index(symbol) for symbol in sentence.split()] for sentence in sentences]
    lengths = torch.tensor([len(one) for one in ids])
    symbols = torch.zeros(len(ids), int(lengths.max()), dtype=torch.long)
    for row, one in zip(symbols, ids, strict=True):
        row[: len(one)] = torch.tensor(one)
    return symbols, lengths, torch.zeros(len(ids), dtype=torch.long)


def closed(sentence: str, pace: float = 1.0) -> list[int]:
    controls = Controls.neutral(1, "cpu")._replace(pace=torch.tensor([pace]))
    found = model().predict(*asked(sentence), controls).closures
    assert found is not None
    return found[0].tolist()


@pytest.mark.parametrize("symbol", ["|ˈæ", "|ˌoʊ", "|ˈaɪ"])
def test_a_stressed_vowel_begins_a_word(symbol):
    assert is_stressed_onset(symbol)


@pytest.mark.parametrize("symbol", ["ˈæ", "|æ", "|ə", "|t", "t", "^", "<pad>", "|"])
def test_anything_else_does_not(symbol):
    assert not is_stressed_onset(symbol)


def test_consonants_are_told_from_vowels_silences_and_padding():
    consonants = ["t", "|t", "tʃ", "|dʒ", "ɹ", "ŋ"]
    others = ["a", "|ˈæ", "ˌoʊ", "ɚ", "^", ",", ".", "?", "!", "<pad>"]
    assert all(map(is_consonant, consonants))
    assert not any(map(is_consonant, others))


def test_the_voice_closes_before_stressed_vowels_that_follow_a_consonant():
    assert closed("^ a t |ˈæ t |ˌoʊ .") == [0, 0, 0, CLOSED, 0, CLOSED, 0]


@pytest.mark.parametrize(
    "sentence", ["^ |ˈæ t .", "^ t a |ˈæ t .", "^ a t |æ t .", "^ a t ˈæ t .", "^ a |t a ."]
)
def test_it_stays_open_after_silences_and_vowels_before_weak_vowels_and_inside_words(sentence):
    assert not any(closed(sentence))


def test_it_closes_for_as_long_as_the_pace_leaves():
    assert [max(closed("^ a t |ˈæ t .", pace)) for pace in (0.5, 1.0, 1.7, 3.0)] == [4, 2, 1, 1]


def test_a_model_that_does_not_know_where_words_begin_leaves_it_open():
    plain = model(dataclasses.replace(CONFIG, word_starts=False))
    assert plain.predict(*asked("^ a t |ˈæ t ."), Controls.neutral(1, "cpu")).closures is None


def test_what_is_said_lasts_longer_and_is_quieter_there_alone():
    speaking, sentence = model(), asked("^ a t |ˈæ t .")
    neutral = Controls.neutral(1, "cpu")
    prosody = speaking.predict(*sentence, neutral)
    speech = speaking.synthesize(*sentence, neutral)
    assert speech.durations.tolist() == prosody.frames.tolist()
    assert int(speech.lengths) == int(prosody.durations.sum()) + CLOSED
    open_all_along = prosody._replace(durations=prosody.frames, closures=None)
    plain = speaking.follow(*sentence, open_all_along)
    start = int(prosody.frames[0, :3].sum())
    wanted = torch.zeros(speech.mels.shape[2])
    wanted[start : start + CLOSED] = CLOSED_GAIN
    difference = (speech.mels - plain.mels)[0]
    torch.testing.assert_close(difference, wanted.expand_as(difference), atol=1e-4, rtol=0)


def test_recorded_durations_are_followed_to_the_frame():
    speaking, sentence = model(), asked("^ a t |ˈæ t .")
    recorded = speaking.predict(*sentence, Controls.neutral(1, "cpu"))._replace(closures=None)
    followed = speaking.follow(*sentence, recorded)
    assert followed.durations.tolist() == recorded.durations.tolist()


def test_a_batch_closes_as_each_sentence_does_alone():
    speaking = model()
    sentences = ("^ a t |ˈæ t .", "^ t |ˌoʊ .", "^ a t |ˈæ t |ˈæ t a .")
    together: Speech = speaking.synthesize(*asked(*sentences), Controls.neutral(3, "cpu"))
    for row, sentence in enumerate(sentences):
        alone = speaking.synthesize(*asked(sentence), Controls.neutral(1, "cpu"))
        length = int(alone.lengths)
        assert int(together.lengths[row]) == length
        torch.testing.assert_close(
            together.mels[row, :, :length], alone.mels[0], atol=1e-4, rtol=1e-4
        )


def test_a_closed_voice_has_no_pitch():
    speaking, sentence = model(dataclasses.replace(CONFIG, frame_pitch=True)), asked("^ a t |ˈæ .")
    with torch.no_grad():
        for parameter in speaking.frame_pitch.parameters():
            parameter.zero_()
        list(speaking.frame_pitch.parameters())[-1].fill_(5.0)  # voiced everywhere
    neutral = Controls.neutral(1, "cpu")
    speech = speaking.synthesize(*sentence, neutral)
    start = int(speaking.predict(*sentence, neutral).frames[0, :3].sum())
    assert speech.pitch_hz is not None
    silent = (speech.pitch_hz[0] == 0).nonzero().flatten().tolist()
    assert silent == [start, start + 1]
