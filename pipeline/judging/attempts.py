"""Stage 5: every clip is judged; one that fails is synthesized again before it is rejected."""

import functools
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace

from models.errors import DataError
from pipeline.audio.files import encode_flac
from pipeline.judging.judge import Judge, JudgeConfig, faults_of
from pipeline.judging.word_alignment import find_words
from pipeline.records import (
    CleanClip,
    JudgedClip,
    Judgement,
    MelClip,
    Performance,
    Reject,
    SpokenSentence,
)
from pipeline.speech.speaker_assignment import SpeakerAssignment
from pipeline.speech.synthesize import Synthesizer, VoiceConfig
from pipeline.speech.vocode import vocode

STAGE = "judge"


def judge_clips(
    clips: Sequence[CleanClip],
    mels: Mapping[str, MelClip],
    spoken: Mapping[str, SpokenSentence],
    templates: Mapping[str, str],
    voice: VoiceConfig,
    config: JudgeConfig,
    seed: int,
    by_split: Mapping[str, SpeakerAssignment] | None = None,
    recorded: Container[str] = (),
) -> Iterator[JudgedClip | Reject]:
    """The first attempt at each of `clips` that passes, or why none did, in their order.

    `mels` (which need not hold their spectrograms), `spoken` and `templates` are what the clips
    were made of, by id; `by_split` says who may speak what is spoken again, which `recorded`
    ids cannot be. Raises `DataError`
    for a clip whose mel or sentence is not there.
    """
    attempts = Attempts(voice, config, seed, by_split)
    for clip in clips:
        if clip.id not in mels or clip.id not in spoken:
            raise DataError(f"row {clip.id}: a clip without its mel or its sentence")
        if mels[clip.id].performance.is_silence:
            yield attempts.measured(clip, mels[clip.id])
            continue
        retries = 0 if clip.id in recorded else config.retries
        template = templates.get(clip.id, "")
        yield attempts.accept(clip, mels[clip.id], spoken[clip.id], template, retries)


class Attempts:
    """Judges clips and makes further ones. The voices are loaded when they are first needed."""

    def __init__(
        self,
        voice: VoiceConfig,
        config: JudgeConfig,
        seed: int,
        by_split: Mapping[str, SpeakerAssignment] | None = None,
    ) -> None:
        self._voice, self._config = voice, config
        self._seed = seed
        self._judge = Judge(config, precision=voice.precision)
        self._synthesizer = functools.cache(lambda: Synthesizer(voice, seed, by_split=by_split))

    def accept(
        self, clip: CleanClip, mel: MelClip, spoken: SpokenSentence, template: str, retries: int
    ) -> JudgedClip | Reject:
        """The clip if it passes, else a later attempt that does, else a reject with what was
        wrong with the first.
        """
        performance, unfound = self._with_words(clip, mel.performance, spoken)
        judgement, faults = self._measure(clip, mel, spoken, unfound)
        if not faults:
            return JudgedClip(clip.id, 0, performance, clip, judgement)
        for attempt in range(1, retries + 1):
            made = self._again(spoken, mel.performance.speaker, attempt)
            if made is None:
                continue
            further, performance = made[0], made[1].performance
            performance, unfound = self._with_words(further, performance, spoken)
            judgement, found = self._measure(*made, spoken, unfound)
            if not found:
                return JudgedClip(clip.id, attempt, performance, further, judgement)
        reason = "; ".join(faults)
        if retries:
            reason += f" (first of {retries + 1} attempts)"
        audio = encode_flac(clip.wave, clip.sample_rate)
        return Reject(clip.id, STAGE, reason, template, mel.performance.speaker, audio)

    def measured(self, clip: CleanClip, mel: MelClip) -> JudgedClip:
        """A clip without speech: no limit applies to it."""
        judgement = self._judge.judge(clip.wave, clip.sample_rate, "")
        return JudgedClip(clip.id, 0, mel.performance, clip, judgement)

    def _with_words(
        self, clip: CleanClip, performance: Performance, spoken: SpokenSentence
    ) -> tuple[Performance, str]:
        """The clip with word times, aligned where the voice gave none; and the faults where that
        failed.
        """
        recognizer = self._judge.recognizer
        if performance.words or recognizer is None:
            return performance, ""
        words = find_words(
            clip.wave, clip.sample_rate, performance.phonemes, spoken.transcript, recognizer
        )
        if words is None:
            return performance, "words that cannot be found"
        return replace(performance, words=words), ""

    def _measure(
        self, clip: CleanClip, mel: MelClip, spoken: SpokenSentence, unfound: str
    ) -> tuple[Judgement, tuple[str, ...]]:
        """(measurements, faults including those already known)."""
        wave, performance = clip.wave, mel.performance
        judgement = self._judge.judge(
            wave, clip.sample_rate, performance.phonemes, performance.words, spoken.transcript
        )
        known = (unfound,) if unfound else ()
        return judgement, (*known, *mel.faults, *faults_of(judgement, self._config))

    def _again(
        self, spoken: SpokenSentence, speaker: str, attempt: int
    ) -> tuple[CleanClip, MelClip] | None:
        """Another attempt: the first half of them by the same speaker. None where it cannot be."""
        keep_speaker = attempt <= (self._config.retries + 1) // 2
        controls = self._synthesizer().later_controls(spoken, attempt, speaker, keep_speaker)
        mel = self._synthesizer().speak(spoken, controls)
        if isinstance(mel, Reject):
            return None
        texts = {spoken.id: spoken.normalized_text}
        clip = next(vocode([mel], self._voice, seed=self._seed, texts=texts))
        return None if isinstance(clip, Reject) else (clip, mel)
