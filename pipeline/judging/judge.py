"""The judge: signal checks of a clip, and its phones by a recognizer against the sentence's.

It measures the clean clip: noise is asked for, a mumbling voice is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import ClassVar, NamedTuple

import numpy as np
import torch

from models.checkpoint import Checkpoint, checkpoint_digest, read_info, shared_checkpoint
from models.errors import CheckpointError
from models.mel import LogMel
from models.phonology.accents import as_known
from models.phonology.phonemes import phones_of, split_words, unstressed
from models.precision import Asked, in_precision
from models.recognition.edit_distance import EDITS, Step, longest_stretch, steps_between
from models.recognition.phone_alignment import centers_in
from models.waveform import audible
from pipeline.audio.files import clipped_fraction, level_of_filtered_db, resample
from pipeline.distributions import Range
from pipeline.judging.named_judges import (
    NaturalnessJudge,
    check_named_judges,
    naturalness_of,
    whisper_folder,
    word_error_rate,
)
from pipeline.records import Judgement, WordTime

QUIETEST_DB = -120.0  # the level of silence
_FRAME_S = 0.01
_SOUND_BELOW_SPEECH_DB = 35.0  # what lies farther below is silence between sounds
_SPEECH_RATE = Range(2.0, 30.0)


@dataclass(frozen=True, slots=True)
class JudgeConfig:
    """The limits of a clip; null for one that is not to be applied.

    `recognizer: null` uses none: then only the wave itself is measured. A clip that
    fails is attempted again, `retries` times at most: first by the same speaker with other prosody,
    then by others. `max_rejected_share` of all utterances may be lost before a build fails.
    `naturalness` and `words` (`whisper:FOLDER`) name judges from packages, which need not reject:
    their limits are null by default.
    """

    RENAMED: ClassVar = {"retakes": "retries"}

    recognizer: str | None = "recognizer"
    max_phone_error_rate: float | None = 0.6
    max_divergent_phones: int | None = 6
    max_missing_phones: int | None = 3
    max_surplus_phones: int | None = 2
    max_word_shift_s: float | None = 0.3
    phones_per_s: Range | None = _SPEECH_RATE
    max_dead_air_s: float | None = 1.0
    min_level_db: float | None = -50.0
    min_end_drop_db: float | None = 8.0
    max_dc_offset: float | None = 0.05
    max_clipped_fraction: float | None = 0.001
    naturalness: NaturalnessJudge | None = None
    min_naturalness: float | None = None
    words: str | None = None
    max_word_error_rate: float | None = None
    retries: int = 3
    max_rejected_share: float = 0.3

    def __post_init__(self) -> None:
        for name in _MUST_BE_POSITIVE:
            limit = getattr(self, name)
            if limit is not None and limit <= 0:
                raise ValueError(f"{name}: above 0, found {limit}")
        for judge, limit in (("naturalness", "min_naturalness"), ("words", "max_word_error_rate")):
            if getattr(self, limit) is not None and getattr(self, judge) is None:
                raise ValueError(f"{limit}: {getattr(self, limit)}, and `{judge}` names no judge")
        if self.words is not None:
            whisper_folder(self.words)
        if not 0 <= self.retries <= 100:
            raise ValueError(f"retries: from 0 to 100, found {self.retries}")
        if not 0 <= self.max_rejected_share <= 1:
            raise ValueError(f"max_rejected_share: from 0 to 1, found {self.max_rejected_share}")

    @property
    def row_settings(self) -> dict[str, object]:
        """What decides the rows: all but the share that may be lost."""
        names = [field.name for field in fields(self) if field.name != "max_rejected_share"]
        return {name: getattr(self, name) for name in names}


_MUST_BE_POSITIVE = ("max_phone_error_rate", "max_word_shift_s", "max_dead_air_s", "max_dc_offset")


def check_judge(config: JudgeConfig) -> None:
    """Raise `CheckpointError` unless the recognizer exists, is one and is intact, `ConfigError` for
    a judge by name that is not there.
    """
    check_named_judges(config.naturalness, config.words)
    if config.recognizer is None:
        return
    info = read_info(config.recognizer)
    if info.kind != "recognizer":
        raise CheckpointError(f"judge.recognizer: {config.recognizer} is a {info.kind}")
    checkpoint_digest(config.recognizer)


def faults_of(judgement: Judgement, config: JudgeConfig) -> tuple[str, ...]:
    """What is wrong with a clip, in words, each with the limit that it breaks; none: it passes."""
    rate = config.phones_per_s
    slowest, fastest = (rate.low, rate.high) if rate else (None, None)
    checks: list[tuple[str, float | None, float | None, float | None]] = [
        ("level", judgement.level_db, config.min_level_db, None),
        ("phone error rate", judgement.phone_error_rate, None, config.max_phone_error_rate),
        ("divergent phones", judgement.divergent_phones, None, config.max_divergent_phones),
        ("missing phones", judgement.missing_phones, None, config.max_missing_phones),
        ("surplus phones", judgement.surplus_phones, None, config.max_surplus_phones),
        ("word shift in s", judgement.word_shift_s, None, config.max_word_shift_s),
        ("phones a second", judgement.phones_per_s, slowest, fastest),
        ("dead air in s", judgement.dead_air_s, None, config.max_dead_air_s),
        ("drop at the end in dB", judgement.end_drop_db, config.min_end_drop_db, None),
        ("DC offset", judgement.dc_offset, None, config.max_dc_offset),
        ("clipped fraction", judgement.clipped_fraction, None, config.max_clipped_fraction),
        ("naturalness", judgement.naturalness, config.min_naturalness, None),
        ("word error rate", judgement.word_error_rate, None, config.max_word_error_rate),
    ]
    return tuple(
        f"{name} {'above' if is_high else 'below'} {high if is_high else low:g}"
        for name, value, low, high in checks
        if value is not None
        if (is_high := high is not None and value > high) or (low is not None and value < low)
    )


class Judge:
    """Measures clean clips. Loads its recognizer once, which computes in `precision`."""

    def __init__(self, config: JudgeConfig, device: str = "cpu", precision: Asked = "fp32") -> None:
        self.config, self._device = config, device
        self._recognizer: Checkpoint | None = None
        if config.recognizer:
            whole = shared_checkpoint(config.recognizer, device)
            self._recognizer = replace(whole, model=in_precision(whole.model, precision))
            self._log_mel = LogMel(whole.mel).to(device)

    @property
    def recognizer(self) -> Checkpoint | None:
        return self._recognizer

    @property
    def digest(self) -> str:
        return self._recognizer.digest if self._recognizer else ""

    def judge(
        self,
        wave: np.ndarray,
        sample_rate: int,
        phonemes: str,
        words: Sequence[WordTime] = (),
        transcript: str = "",
    ) -> Judgement:
        """Measure a clean waveform (S,) in [-1, 1] that should say `phonemes`, each of `words` in
        its time. The judges by name are asked where there is a `transcript`.
        """
        num_phones = len(phones_of(phonemes))
        filtered = audible(wave, sample_rate)
        level_db = max(QUIETEST_DB, level_of_filtered_db(filtered, sample_rate))
        levels_db = _frame_levels_db(filtered, sample_rate)
        sounds = np.flatnonzero(levels_db > level_db - _SOUND_BELOW_SPEECH_DB)
        sounding_s = (sounds[-1] - sounds[0] + 1) * _FRAME_S if len(sounds) else _FRAME_S
        gaps = np.diff(sounds) - 1
        naturalness, errors = self._opinions(wave, sample_rate, transcript)
        return Judgement(
            *self._phone_figures(wave, sample_rate, phonemes, words),
            phones_per_s=round(num_phones / float(sounding_s), 3),
            dead_air_s=round(float(gaps.max(initial=0)) * _FRAME_S, 3),
            level_db=round(level_db, 2),
            end_drop_db=round(level_db - float(levels_db[-2:].max(initial=QUIETEST_DB)), 2),
            dc_offset=round(abs(float(np.mean(wave, dtype=np.float64))), 6) if len(wave) else 0.0,
            clipped_fraction=clipped_fraction(wave),
            naturalness=naturalness,
            word_error_rate=errors,
        )

    def _opinions(
        self, wave: np.ndarray, sample_rate: int, transcript: str
    ) -> tuple[float | None, float | None]:
        """(naturalness, word error rate) by the judges that are named."""
        name, words = self.config.naturalness, self.config.words
        if not transcript or not len(wave):
            return None, None
        return (
            naturalness_of(name, wave, sample_rate) if name else None,
            word_error_rate(words, wave, sample_rate, transcript) if words else None,
        )

    def _phone_figures(
        self, wave: np.ndarray, sample_rate: int, phonemes: str, words: Sequence[WordTime]
    ) -> "_PhoneFigures":
        """The figures that need a recognizer; all None without one or without speech."""
        if self._recognizer is None or not len(wave) or not phonemes:
            return _PhoneFigures(None, None, None, None, None)
        known = as_known(phonemes, self._recognizer.symbols)
        recognized, reference = self._listen(wave, sample_rate), phones_of(known)
        (hypothesis,) = self._recognizer.model.best_phones(recognized.log_probs, recognized.lengths)
        steps = steps_between(hypothesis, reference)
        shift_s = self._word_shift_s(recognized, known, words)
        return _PhoneFigures(
            phone_error_rate=round(sum(s in EDITS for s in steps) / max(1, len(reference)), 4),
            divergent_phones=longest_stretch(steps),
            missing_phones=longest_stretch(steps, of=(Step.DELETION,)),
            surplus_phones=longest_stretch(steps, of=(Step.INSERTION,)),
            word_shift_s=None if shift_s is None else round(shift_s, 3),
        )

    @torch.inference_mode()
    def _listen(self, wave: np.ndarray, sample_rate: int) -> "_Recognized":
        """One pass of the recognizer, for phones and word times."""
        assert self._recognizer is not None
        wave = resample(wave, sample_rate, self._recognizer.mel.sample_rate)
        mel = self._log_mel(torch.from_numpy(np.ascontiguousarray(wave))[None].to(self._device))
        lengths = torch.tensor([mel.shape[-1]], device=self._device)
        log_probs, lengths = self._recognizer.model(mel, lengths)
        return _Recognized(log_probs, lengths, mel.shape[-1])

    def _word_shift_s(
        self, recognized: "_Recognized", phonemes: str, words: Sequence[WordTime]
    ) -> float | None:
        """How far outside its word's time the recognizer finds a phone, where it is farthest.

        `phonemes` are those that the recognizer knows. None where the clip cannot be aligned, or is
        not in `words`.
        """
        assert self._recognizer is not None
        spoken, _ = split_words(phonemes)
        if len(spoken) != len(words):
            return None
        phones = [unstressed(phone) for word in spoken for phone in word]
        centers = centers_in(
            recognized.log_probs.cpu(), phones, recognized.num_frames, self._recognizer
        )
        if centers is None:
            return None
        frame_s, at = self._recognizer.mel.frame_s, iter(centers)
        shift_s = 0.0
        for word, own in zip(words, spoken, strict=True):
            times = [next(at) * frame_s for _ in own]
            shift_s = max(shift_s, word.start_s - times[0], times[-1] - word.end_s)
        return shift_s


class _Recognized(NamedTuple):
    """The recognizer's output for a clip of `num_frames` mel frames: log-probabilities
    (1, T', C) and T' (1,).
    """

    log_probs: torch.Tensor
    lengths: torch.Tensor
    num_frames: int


class _PhoneFigures(NamedTuple):
    """The first fields of a `Judgement`."""

    phone_error_rate: float | None
    divergent_phones: int | None
    missing_phones: int | None
    surplus_phones: int | None
    word_shift_s: float | None


def _frame_levels_db(wave: np.ndarray, sample_rate: int) -> np.ndarray:
    """The level of each whole 10 ms of `wave` (S,) in dB relative to full scale."""
    frame = max(1, round(_FRAME_S * sample_rate))
    frames = wave[: len(wave) // frame * frame].reshape(-1, frame).astype(np.float64)
    power = np.mean(np.square(frames), axis=1)
    return np.maximum(QUIETEST_DB, 10 * np.log10(np.maximum(power, 1e-12)))
