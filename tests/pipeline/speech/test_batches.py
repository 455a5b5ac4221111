"""Batches of fixed shape: the same bits alone, in any company and in any order."""

import dataclasses
import sys
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch

from models.cuda_graphs import Graphs
from models.phonology.phonemes import Phonemizer, words_of
from pipeline.distributions import Distribution
from pipeline.records import CleanClip, MelClip, SpokenSentence
from pipeline.speech import lines
from pipeline.speech.batches import Budget, Shape, in_batches, padded
from pipeline.speech.synthesize import VoiceConfig, synthesize
from pipeline.speech.vocode import vocode
from tests.models.test_cuda_graphs import recorded_on_cpu

vocode_module = sys.modules["pipeline.speech.vocode"]
TEXTS = ("Stop!", "Turn on the light.", "Set a timer for one of the eggs.", "Call each aunt.")
FRAMES = 512  # of a batch: two of each of these sentences, or more


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """As in a build's workers."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def spoken() -> list[SpokenSentence]:
    phonemes = Phonemizer().phonemize(TEXTS)
    return [
        SpokenSentence(f"home-{n}", text, " ".join(words_of(text)), phones, "en-us")
        for n, (text, phones) in enumerate(zip(TEXTS, phonemes, strict=True))
    ]


@pytest.fixture(scope="module")
def config() -> VoiceConfig:
    """The shipped voices: expressive, with a contour, and a vocoder that is told F0."""
    return VoiceConfig(unevenness=Distribution(value=0.5))


def _mels(
    spoken: Sequence[SpokenSentence], config: VoiceConfig, frames: int | None = FRAMES
) -> dict[str, MelClip]:
    budget = Budget(frames) if frames else None
    rows = synthesize(spoken, config, seed=1, budget=budget)
    return {row.id: row for row in rows if isinstance(row, MelClip)}


def _clips(mels: Sequence[MelClip], config: VoiceConfig, frames: int | None) -> dict:
    budget = Budget(frames) if frames else None
    rows = vocode(mels, config, seed=1, budget=budget)
    return {row.id: row for row in rows if isinstance(row, CleanClip)}


def _equal(one: MelClip, other: MelClip) -> bool:
    same = np.array_equal(one.mel, other.mel) and np.array_equal(one.pitch_hz, other.pitch_hz)
    return same and one.performance == other.performance


def test_no_bit_depends_on_company_or_order(
    config: VoiceConfig, spoken: list[SpokenSentence]
) -> None:
    together = _mels(spoken, config)
    assert list(together) == [sentence.id for sentence in spoken]
    turned = _mels([*spoken[::-1], dataclasses.replace(spoken[0], id="home-9")], config)
    (alone,) = _mels(spoken[2:3], config).values()
    assert _equal(alone, together["home-2"])
    assert all(_equal(clip, turned[name]) for name, clip in together.items())
    mels = list(together.values())
    clips, reversed_clips = _clips(mels, config, FRAMES), _clips(mels[::-1], config, FRAMES)
    assert clips == reversed_clips
    assert _clips(mels[2:3], config, FRAMES) == {"home-2": clips["home-2"]}


def test_a_batch_speaks_as_one_sentence_at_a_time_does(
    config: VoiceConfig, spoken: list[SpokenSentence]
) -> None:
    batched, single = _mels(spoken, config), _mels(spoken, config, frames=None)
    for name, clip in single.items():
        assert clip.performance == batched[name].performance
        np.testing.assert_allclose(batched[name].mel, clip.mel, atol=0.02)
    mels = list(single.values())
    waves, alone = (_clips(mels, config, frames) for frames in (FRAMES, None))
    for name, clip in alone.items():
        wave = clip.wave
        np.testing.assert_allclose(waves[name].wave, wave, atol=2e-3)


def test_bf16_speaks_nearly_the_same(config: VoiceConfig, spoken: list[SpokenSentence]) -> None:
    lower = dataclasses.replace(config, precision="bf16")
    (plain,), (other,) = (_mels(spoken[:1], each, None).values() for each in (config, lower))
    size = min(plain.mel.shape[1], other.mel.shape[1])
    assert abs(plain.mel.shape[1] - other.mel.shape[1]) <= 2
    assert 0 < np.abs(plain.mel[:, :size].astype(float) - other.mel[:, :size]).mean() < 0.3
    (wave,), (lower_wave,) = (
        [clip.wave for clip in _clips([plain], each, None).values()] for each in (config, lower)
    )
    assert not np.array_equal(wave, lower_wave)
    assert np.corrcoef(wave, lower_wave)[0, 1] > 0.98


def test_batches_are_full_and_what_is_made_of_dummies_is_dropped() -> None:
    shapes: list[tuple[int, Shape]] = []

    def run(batch: Sequence[int], shape: Shape) -> list[int]:
        shapes.append((len(batch), shape))
        return [10 * item for item in batch]

    items = [3, 9, 4, 8, 2, 1]
    made = in_batches(items, lambda item: (padded(item, 4),), run, Budget(18))
    assert made == [10 * item for item in items]
    assert shapes == [(4, (4,)), (2, (8,)), (1, (12,))]


def test_a_batch_that_does_not_fit_is_halved_and_stays_so() -> None:
    budget, sizes = Budget(64), list[int]()

    def run(batch: Sequence[int], shape: Shape) -> list[int]:
        sizes.append(len(batch))
        if len(batch) > 2:
            raise torch.OutOfMemoryError
        return list(batch)

    assert in_batches(range(4), lambda _: (8,), run, budget) == [0, 1, 2, 3]
    assert in_batches(range(3), lambda _: (8,), run, budget) == [0, 1, 2]
    assert sizes == [8, 4, 2, 2, 2, 2]
    with pytest.raises(torch.OutOfMemoryError):
        in_batches(range(4), lambda _: (4,), lambda batch, shape: _never(), Budget(4))


class _Memory:
    """That of a device with 4,800 bytes, of which a frame takes 10."""

    def __init__(self) -> None:
        self.measured: list[int] = []

    def free_bytes(self) -> int:
        return 4_800

    def needed_bytes(self, run: Callable[[], object]) -> int:
        run()
        return 10 * self.measured[-1]


def test_batches_take_half_of_the_memory_that_is_free() -> None:
    memory = _Memory()
    budget = Budget(65_536, memory)
    for _ in range(2):
        budget.measure(lambda size, length: memory.measured.append(size * length))
    assert len(memory.measured) == 1
    assert budget.frames == 128  # of 240: a power of 2
    assert [budget.items(length) for length in (16, 64, 100, 500)] == [8, 2, 1, 1]


def test_what_cannot_be_measured_for_want_of_memory_is_left_to_halving() -> None:
    budget = Budget(1_024, _Memory())
    budget.measure(lambda size, length: _never())
    assert budget.frames == 1_024


def test_speech_and_waves_are_measured_before_their_first_batch(
    config: VoiceConfig, spoken: list[SpokenSentence]
) -> None:
    measured: list[str] = []

    class Tried(Budget):
        def measure(self, run: Callable[[int, int], object]) -> None:
            run(2, 256)
            measured.append(type(self).__name__)

    rows = list(synthesize(spoken[:1], config, seed=1, budget=Tried(FRAMES)))
    mels = [row for row in rows if isinstance(row, MelClip)]
    assert list(_clips(mels, config, FRAMES)) == ["home-0"]
    assert list(vocode(mels, config, seed=1, budget=Tried(FRAMES)))
    assert len(measured) == 2


def test_graphs_change_no_bit(
    config: VoiceConfig, spoken: list[SpokenSentence], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a stand-in for a GPU's: the inputs lie where they were recorded, and the results, too."""
    plain = _mels(spoken, config)
    clips = _clips(list(plain.values()), config, FRAMES)
    graphs = Graphs("cpu", recorded_on_cpu)

    def play(device: str, function: Callable[..., object], *inputs: object) -> object:
        return graphs.play(function, *inputs)

    monkeypatch.setattr(lines, "play", play)
    monkeypatch.setattr(vocode_module, "play", play)
    played = _mels(spoken[::-1], config)
    assert all(_equal(clip, played[name]) for name, clip in plain.items())
    assert _clips(list(played.values()), config, FRAMES) == clips


def _never() -> list[int]:
    raise torch.OutOfMemoryError
