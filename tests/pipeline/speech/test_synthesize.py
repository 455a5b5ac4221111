import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from models.checkpoint import load_checkpoint
from models.config import build
from models.errors import CheckpointError, ConfigError
from models.mel import MelConfig
from models.phonology.alphabets import NO_WORD, Tokens
from models.phonology.phonemes import Phonemizer, words_of
from pipeline.distributions import Distribution
from pipeline.records import MelClip, Reject, SpokenSentence
from pipeline.speech.quota import Cell
from pipeline.speech.spoken_clip import word_times
from pipeline.speech.synthesize import (
    VoiceConfig,
    check_voice,
    draw_controls,
    ignored_controls,
    synthesize,
)
from pipeline.speech.voices import GeneratedVoices
from tests.tiny_voices import (
    TinyVoices,
    save_tiny_expressive_voice,
    save_tiny_paper_voice,
    save_tiny_tacotron2,
    save_tiny_voices,
)

TEXTS = (
    "Turn on the light.",
    "What is the weather going to be in New York, tomorrow morning?",
    "Stop!",
    "Please call my mother, my father and my sister.",
    "Set a timer for one of the eggs.",
)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """As in a build's workers: sums in one order, whatever the number of cores."""
    torch.set_num_threads(1)


@pytest.fixture
def config(tiny_voices: TinyVoices) -> VoiceConfig:
    return VoiceConfig(str(tiny_voices.acoustic_model), str(tiny_voices.vocoder))


@pytest.fixture(scope="module")
def spoken() -> list[SpokenSentence]:
    return [
        SpokenSentence(f"home-{index}", text, " ".join(words_of(text)), phonemes, "en-us")
        for index, (text, phonemes) in enumerate(
            zip(TEXTS, Phonemizer().phonemize(TEXTS), strict=True)
        )
    ]


def _clips(rows: list[MelClip | Reject]) -> dict[str, MelClip]:
    return {row.id: row for row in rows if isinstance(row, MelClip)}


def test_rows_come_in_the_order_of_their_sentences(
    config: VoiceConfig, spoken: list[SpokenSentence]
) -> None:
    rows = list(synthesize(spoken, config, seed=1))
    assert [row.id for row in rows] == [sentence.id for sentence in spoken]
    assert all(isinstance(row, MelClip) for row in rows)
    assert [row.id for row in synthesize(spoken[::-1], config, seed=1)] == [
        sentence.id for sentence in spoken[::-1]
    ]
    assert list(synthesize([], config, seed=1)) == []


def test_a_row_does_not_depend_on_its_neighbours(
    config: VoiceConfig, spoken: list[SpokenSentence]
) -> None:
    together = _clips(list(synthesize(spoken, config, seed=1)))
    alone = _clips([row for sentence in spoken for row in synthesize([sentence], config, 1)])
    shuffled = _clips(list(synthesize([spoken[i] for i in (3, 0, 4)], config, 1)))
    for other in (alone, shuffled):
        for name, clip in other.items():
            assert np.array_equal(clip.mel, together[name].mel)  # to the last bit
            assert np.array_equal(clip.pitch_hz, together[name].pitch_hz)
            same = {"mel": together[name].mel, "pitch_hz": together[name].pitch_hz}
            assert dataclasses.replace(clip, **same) == together[name]


def test_seed_changes_the_controls(config: VoiceConfig, spoken: list[SpokenSentence]) -> None:
    first, again, other = (_clips(list(synthesize(spoken, config, seed))) for seed in (1, 1, 2))
    assert [clip.performance.pace for clip in first.values()] == [
        clip.performance.pace for clip in again.values()
    ]
    assert [clip.performance.pace for clip in first.values()] != [
        clip.performance.pace for clip in other.values()
    ]


def test_every_sentence_has_controls_of_its_own(
    config: VoiceConfig, spoken: list[SpokenSentence]
) -> None:
    clips = _clips(list(synthesize(spoken, config, seed=1))).values()
    assert len(
        {
            (clip.performance.pace, clip.performance.pitch_semitones, clip.performance.energy)
            for clip in clips
        }
    ) == len(spoken)


def test_clip_is_what_its_controls_and_checkpoint_say(
    config: VoiceConfig, spoken: list[SpokenSentence], tiny_voices: TinyVoices
) -> None:
    checkpoint = load_checkpoint(tiny_voices.acoustic_model)
    for clip in _clips(list(synthesize(spoken, config, seed=1))).values():
        assert clip.mel.dtype == np.float16
        assert clip.mel.shape[0] == 80
        assert np.isfinite(clip.mel).all()
        assert clip.performance.speaker in ("anna", "ben")
        assert 0.9 <= clip.performance.pace <= 1.1
        assert -1 <= clip.performance.pitch_semitones <= 1
        assert 0.9 <= clip.performance.energy <= 1.1
        assert clip.performance.acoustic_model == checkpoint.label


def test_pace_is_heard(config: VoiceConfig, spoken: list[SpokenSentence]) -> None:
    slow, fast = (
        _clips(list(synthesize(spoken, dataclasses.replace(config, pace=Distribution(value=p)), 1)))
        for p in (0.5, 2.0)
    )
    for name, clip in slow.items():
        assert clip.mel.shape[1] > 2.5 * fast[name].mel.shape[1]
        assert clip.performance.pace == 0.5


def test_uneven_phones_are_drawn_anew_for_every_clip_and_the_same_again(
    config: VoiceConfig, spoken: list[SpokenSentence]
) -> None:
    rough = dataclasses.replace(config, unevenness=Distribution(value=1.0))
    even = dataclasses.replace(config, unevenness=Distribution(value=0.0))
    plain, first, again = (
        _clips(list(synthesize(spoken, each, seed=1))) for each in (config, rough, rough)
    )
    for name, clip in _clips(list(synthesize(spoken, even, seed=1))).items():
        np.testing.assert_array_equal(clip.mel, plain[name].mel)
    for name, clip in first.items():
        np.testing.assert_array_equal(clip.mel, again[name].mel)
        assert (clip.performance.speaker, clip.performance.pace) == (
            plain[name].performance.speaker,
            plain[name].performance.pace,
        )
        assert clip.mel.shape != plain[name].mel.shape or not np.array_equal(
            clip.mel, plain[name].mel
        )
    said_twice = [dataclasses.replace(spoken[0], id=name) for name in "ab"]
    one, other = synthesize(said_twice, rough, seed=1)
    assert isinstance(one, MelClip)
    assert isinstance(other, MelClip)
    assert one.mel.shape != other.mel.shape or not np.array_equal(one.mel, other.mel)


def test_expressiveness_makes_two_takes_differ_and_a_replay_the_same(
    tmp_path: Path, config: VoiceConfig, spoken: list[SpokenSentence]
) -> None:
    voice = str(save_tiny_expressive_voice(tmp_path / "voice"))
    expressive = dataclasses.replace(config, acoustic_model=voice)
    never = Distribution(value=0.0)
    flat = dataclasses.replace(expressive, expressiveness=never, prevoicing=never, unreleased=never)
    twice = [dataclasses.replace(spoken[1], id=name) for name in "ab"]
    for settings, differ in ((expressive, True), (flat, False)):
        steady = dataclasses.replace(
            settings,
            speakers={"anna": 1.0},
            pace=Distribution(value=1.0),
            pitch_semitones=Distribution(value=0.0),
            energy=Distribution(value=1.0),
        )
        clips, again = (_clips(list(synthesize(twice, steady, seed=1))) for _ in range(2))
        same = np.array_equal(clips["a"].mel, clips["b"].mel)
        assert same is not differ
        assert all(np.array_equal(clips[name].mel, again[name].mel) for name in "ab")


def test_stops_at_the_edges_are_said_in_two_ways(
    tmp_path: Path, config: VoiceConfig, spoken: list[SpokenSentence]
) -> None:
    voice = str(save_tiny_expressive_voice(tmp_path / "voice"))
    boat = dataclasses.replace(
        spoken[0], transcript="boat", normalized_text="boat", phonemes="b oʊ t"
    )
    said = [dataclasses.replace(boat, id=name) for name in "abcd"]
    never, led, kept = (
        _clips(
            list(
                synthesize(
                    said,
                    dataclasses.replace(
                        config,
                        acoustic_model=voice,
                        prevoicing=Distribution(value=prevoicing),
                        unreleased=Distribution(value=unreleased),
                    ),
                    seed=1,
                )
            )
        )
        for prevoicing, unreleased in ((0, 0), (1, 0), (0, 1))
    )
    for name, clip in never.items():
        assert 3 <= led[name].mel.shape[1] - clip.mel.shape[1] <= 14
        assert kept[name].mel.shape == clip.mel.shape
        assert kept[name].mel.mean() < clip.mel.mean()


def test_unevenness_is_refused_for_models_that_cannot_be_told_a_prosody(tmp_path: Path) -> None:
    config = VoiceConfig(
        acoustic_model=str(save_tiny_tacotron2(tmp_path / "tacotron2")),
        vocoder="griffin-lim",
        unevenness=Distribution(value=1.0),
    )
    with pytest.raises(ConfigError, match=r"voice.unevenness: .* this is a tacotron2"):
        check_voice(config)


def test_word_times_follow_each_other_inside_the_clip(
    config: VoiceConfig, spoken: list[SpokenSentence]
) -> None:
    clips = _clips(list(synthesize(spoken, config, seed=1)))
    for sentence in spoken:
        clip = clips[sentence.id]
        assert " ".join(time.word for time in clip.performance.words) == sentence.transcript
        edges = [edge for time in clip.performance.words for edge in (time.start_s, time.end_s)]
        assert edges == sorted(edges)
        assert edges[0] > 0
        assert edges[-1] < clip.mel.shape[1] * MelConfig().frame_s
        assert all(time.end_s > time.start_s for time in clip.performance.words)


def test_word_times_leave_silence_out() -> None:
    words = [NO_WORD, 0, 0, NO_WORD, 1, 2, 2, NO_WORD]
    tokens = Tokens(np.arange(8), np.array(words))
    durations = np.array([2, 3, 4, 10, 5, 6, 7, 8])
    times = word_times("ah oh tea", tokens, durations, frame_s=0.5)
    assert [(time.word, time.start_s, time.end_s) for time in times] == [
        ("ah", 1.0, 4.5),
        ("oh", 9.5, 12.0),
        ("tea", 12.0, 18.5),
    ]


def test_a_word_that_was_left_out_lasts_no_time() -> None:
    tokens = Tokens(np.arange(3), np.array([0, 1, 2]))
    times = word_times("a b c", tokens, np.array([4, 0, 6]), frame_s=0.5)
    assert [(time.start_s, time.end_s) for time in times] == [(0.0, 2.0), (2.0, 2.0), (2.0, 5.0)]


def test_unknown_phoneme_rejects_its_sentence_only(
    config: VoiceConfig, spoken: list[SpokenSentence]
) -> None:
    strange = dataclasses.replace(spoken[0], phonemes=spoken[0].phonemes.replace("l", "ʘ"))
    first, second, third = synthesize([spoken[0], strange, spoken[2]], config, seed=1)
    assert isinstance(first, MelClip)
    assert isinstance(third, MelClip)
    reason = "light: phoneme ʘ: the voice never learned it"
    assert second == Reject(strange.id, "synthesize", reason, speaker=first.performance.speaker)


def test_arpabet_and_characters_are_spoken_too(
    config: VoiceConfig,
    spoken: list[SpokenSentence],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("models.acoustic.tacotron2.attention_faults", lambda *_: ())
    for folder, voices in (
        (save_tiny_paper_voice(tmp_path / "paper"), ("anna", "ben")),
        (save_tiny_tacotron2(tmp_path / "taco"), ("taco",)),
    ):
        public = dataclasses.replace(config, acoustic_model=str(folder))
        assert check_voice(public) == voices
        clips = _clips(list(synthesize(spoken, public, seed=1)))
        assert len(clips) == len(spoken)
        for sentence in spoken:
            clip = clips[sentence.id]
            assert clip.performance.speaker in voices
            assert " ".join(time.word for time in clip.performance.words) == sentence.transcript
            edges = [edge for time in clip.performance.words for edge in (time.start_s, time.end_s)]
            assert edges == sorted(edges)
            assert edges[-1] <= clip.mel.shape[1] * MelConfig().frame_s + 1e-4


def test_what_is_spoken_wrongly_says_so(
    config: VoiceConfig, spoken: list[SpokenSentence], tmp_path: Path
) -> None:
    untrained = dataclasses.replace(
        config, acoustic_model=str(save_tiny_tacotron2(tmp_path / "taco"))
    )
    for row in synthesize(spoken, untrained, seed=1):
        assert isinstance(row, MelClip)
        assert "ran on: no stop within 60 frames" in row.faults


def test_controls_that_a_model_cannot_follow_are_told_and_not_claimed(
    config: VoiceConfig,
    spoken: list[SpokenSentence],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("models.acoustic.tacotron2.attention_faults", lambda *_: ())
    assert ignored_controls(config) == ()
    deaf = dataclasses.replace(config, acoustic_model=str(save_tiny_tacotron2(tmp_path / "taco")))
    told = ignored_controls(deaf)
    assert [line.partition(":")[0] for line in told] == ["voice.pace", "voice.pitch_semitones"]
    assert told[0].endswith("taco, a tacotron2, cannot follow it; every sentence has 1.0")
    clips = _clips(list(synthesize(spoken, deaf, seed=1))).values()
    assert {(clip.performance.pace, clip.performance.pitch_semitones) for clip in clips} == {
        (1.0, 0.0)
    }
    assert len({clip.performance.energy for clip in clips}) == len(spoken)
    steady = dataclasses.replace(
        deaf, pace=Distribution(value=1.0), pitch_semitones=Distribution(value=0.0)
    )
    assert ignored_controls(steady) == ()


def test_what_needs_frame_pitch_is_told_where_it_is_asked_and_missing(
    config: VoiceConfig, tmp_path: Path
) -> None:
    asked = dataclasses.replace(
        config,
        expressiveness=Distribution(value=0.5),
        prevoicing=Distribution(value=0.0),
        unreleased=Distribution(low=0.0, high=0.5),
    )
    told = [line.partition(":")[0] for line in ignored_controls(asked)]
    assert told == ["voice.expressiveness", "voice.unreleased"]
    lively = save_tiny_expressive_voice(tmp_path / "lively")
    assert ignored_controls(dataclasses.replace(asked, acoustic_model=str(lively))) == ()


def test_a_quota_does_not_choose_who_cannot_say_the_sentence(config: VoiceConfig) -> None:
    cell = Cell("anna", "en-us", 0.0, 0.5)
    speakers = [
        draw_controls(np.random.default_rng(0), config, dict.fromkeys(able, 1.0), cell).speaker
        for able in (("anna", "ben"), ("ben",))
    ]
    assert speakers == ["anna", "ben"]


def test_speakers_are_drawn_by_weight(config: VoiceConfig) -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_controls(rng, config, {"anna": 3.0, "ben": 1.0}).speaker for _ in range(1000)]
    assert drawn.count("anna") == pytest.approx(750, abs=50)


def test_a_speaker_is_the_same_in_whatever_order_the_weights_are_written(
    config: VoiceConfig,
) -> None:
    for seed in range(20):
        orders = ({"anna": 3.0, "ben": 1.0}, {"ben": 1.0, "anna": 3.0})
        first, second = (draw_controls(np.random.default_rng(seed), config, one) for one in orders)
        assert first == second


@pytest.mark.parametrize(
    ("speakers", "expected"),
    [
        ({}, {"anna", "ben"}),
        ({"ben": 2.0}, {"ben"}),
        ({"anna": 0.0, "ben": 1.0}, {"ben"}),
        ({"mix(anna, ben, 0.4)": 1.0, "ben": 2.0}, {"mix(anna,ben,0.40)", "ben"}),
    ],
)
def test_only_chosen_speakers_speak(
    config: VoiceConfig,
    spoken: list[SpokenSentence],
    speakers: dict[str, float],
    expected: set[str],
) -> None:
    chosen = dataclasses.replace(config, speakers=speakers)
    assert set(check_voice(chosen)) == expected
    rows = [row for seed in range(3) for row in synthesize(spoken, chosen, seed)]
    assert {row.performance.speaker for row in rows if isinstance(row, MelClip)} == expected


def test_unknown_speaker_is_named(config: VoiceConfig) -> None:
    with pytest.raises(ConfigError, match=r"voice\.speakers: carl: .* it has anna, ben"):
        check_voice(dataclasses.replace(config, speakers={"anna": 1.0, "carl": 1.0}))


def test_known_speakers_are_the_same_beside_mixed_ones(
    config: VoiceConfig, spoken: list[SpokenSentence]
) -> None:
    """The same draws fall on the same voices, whatever the second of two is called."""
    plain = dataclasses.replace(config, speakers={"anna": 1.0, "ben": 1.0})
    mixed = dataclasses.replace(config, speakers={"anna": 1.0, "mix(anna, ben, 0.5)": 1.0})
    for before, after in zip(
        synthesize(spoken, plain, seed=1), synthesize(spoken, mixed, seed=1), strict=True
    ):
        assert isinstance(before, MelClip)
        assert isinstance(after, MelClip)
        assert (before.performance.speaker == "anna") == (after.performance.speaker == "anna")
        assert np.array_equal(before.mel, after.mel) == (before.performance.speaker == "anna")


def test_voices_that_cannot_be_made_are_found_before_any_work(config: VoiceConfig) -> None:
    two_are_few = dataclasses.replace(config, generated=GeneratedVoices(count=1))
    with pytest.raises(
        ConfigError, match=r"voice\.speakers: generated-000: 2 speakers are too few"
    ):
        check_voice(two_are_few)


def test_checkpoints_of_the_wrong_kind_are_refused(config: VoiceConfig) -> None:
    with pytest.raises(CheckpointError, match=r"voice\.acoustic_model: .* is a vocos; needed is"):
        check_voice(dataclasses.replace(config, acoustic_model=config.vocoder))
    with pytest.raises(CheckpointError, match=r"voice\.vocoder: .* is a fastspeech2; needed is"):
        check_voice(dataclasses.replace(config, vocoder=config.acoustic_model))
    with pytest.raises(CheckpointError, match="nobody: no such checkpoint"):
        check_voice(dataclasses.replace(config, acoustic_model="nobody"))


def test_vocoder_of_another_mel_is_refused(config: VoiceConfig, tmp_path: Path) -> None:
    other = save_tiny_voices(tmp_path, MelConfig(f_max=None))
    with pytest.raises(CheckpointError, match=r"f_max 8000\.0 against None"):
        check_voice(dataclasses.replace(config, vocoder=str(other.vocoder)))


def test_damaged_voice_is_found_before_any_work(tmp_path: Path) -> None:
    voices = save_tiny_voices(tmp_path)
    weights = voices.vocoder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="damaged"):
        check_voice(VoiceConfig(str(voices.acoustic_model), str(voices.vocoder)))


def test_griffin_lim_fits_the_default_mel_alone(config: VoiceConfig, tmp_path: Path) -> None:
    check_voice(dataclasses.replace(config, vocoder="griffin-lim"))
    other = save_tiny_voices(tmp_path, MelConfig(f_max=None)).acoustic_model
    with pytest.raises(CheckpointError, match="f_max"):
        check_voice(VoiceConfig(str(other), "griffin-lim"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pace": {"low": 0.1, "high": 1.0}}, "pace: may be drawn from 0.1 to 1; 0.3 to 3 is"),
        ({"energy": {"low": 0.0, "high": 1.0}}, "energy: may be drawn from 0 to 1; 0.01"),
        ({"pace": {"mean": 1.0, "std": 0.1}}, "pace: may be drawn from -inf to inf"),
        ({"vocal_tract": 2.0}, "vocal_tract: 2; 0.7 to 1.4"),
        ({"prevoicing": 1.5}, "prevoicing: 1.5; 0 to 1"),
        ({"unreleased": {"low": 0, "high": 2}}, "unreleased: may be drawn from 0 to 2; 0 to 1"),
        ({"speakers": {"anna": -1.0}}, "speakers: weights must be finite and not negative"),
        ({"speakers": {"anna": float("inf")}}, r"speakers.anna: inf is not allowed"),
        ({"speakers": {"anna": 0.0}}, "speakers: at least one weight must be above 0"),
        ({"generated": {"count": 0}}, r"voice: generated\.count: from 1 to 1000, found 0"),
        ({"generated": {"count": 1, "spread": 3}}, r"generated\.spread: above 0, at most 2"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(VoiceConfig, settings, "build.yaml: voice")
