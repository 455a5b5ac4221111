"""Stage 5: every clip is judged, and what fails is spoken again before it is given up."""

import functools
from collections.abc import Iterator, Mapping, Sequence

from models.errors import DataError
from pipeline.audio.files import decode_audio
from pipeline.judging.judge import Judge, JudgeConfig, faults_of
from pipeline.records import CleanClip, JudgedClip, Judgement, MelClip, Reject, SpokenSentence
from pipeline.speech.speaker_assignment import Casting
from pipeline.speech.synthesize import Cast, VoiceConfig
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
    by_split: Mapping[str, Casting] | None = None,
    device: str = "cpu",
) -> Iterator[JudgedClip | Reject]:
    """The first take of each of `clips` that passes, or why none did, in their order.

    `mels` (which need not hold their spectrograms), `spoken` and `templates` are what the clips
    were made of, by id; `by_split` says who may speak what is spoken again. Raises `DataError`
    for a clip whose mel or sentence is not there.
    """
    studio = Studio(voice, config, seed, by_split, device)
    for clip in clips:
        if clip.id not in mels or clip.id not in spoken:
            raise DataError(f"row {clip.id}: a clip without its mel or its sentence")
        yield studio.accept(clip, mels[clip.id], spoken[clip.id], templates.get(clip.id, ""))


class Studio:
    """Judges takes and has new ones made. The voices are loaded when they are first needed."""

    def __init__(
        self,
        voice: VoiceConfig,
        config: JudgeConfig,
        seed: int,
        by_split: Mapping[str, Casting] | None = None,
        device: str = "cpu",
    ) -> None:
        self._voice, self._config, self._device = voice, config, device
        self._seed = seed
        self._judge = Judge(config)
        self._cast = functools.cache(lambda: Cast(voice, seed, device, by_split))

    def accept(
        self, clip: CleanClip, mel: MelClip, spoken: SpokenSentence, template: str
    ) -> JudgedClip | Reject:
        """The clip if it passes, else a later take that does, else a reject with what was wrong
        with the first.
        """
        judgement, faults = self._listen(clip, mel, spoken)
        if not faults:
            return _judged(clip, mel, judgement, take=0)
        for take in range(1, self._config.retakes + 1):
            made = self._again(spoken, mel.speaker, take)
            if made is None:
                continue
            judgement, found = self._listen(*made, spoken)
            if not found:
                return _judged(*made, judgement, take)
        takes = self._config.retakes + 1
        reason = f"{'; '.join(faults)} (first of {takes} takes)" if takes > 1 else "; ".join(faults)
        return Reject(clip.id, STAGE, reason, template, mel.speaker, clip.audio)

    def _listen(
        self, clip: CleanClip, mel: MelClip, spoken: SpokenSentence
    ) -> tuple[Judgement, tuple[str, ...]]:
        """(what is measured, what is wrong)."""
        wave, sample_rate = decode_audio(clip.audio)
        judgement = self._judge.judge(wave, sample_rate, spoken.phonemes, mel.words)
        return judgement, (*mel.faults, *faults_of(judgement, self._config))

    def _again(
        self, spoken: SpokenSentence, speaker: str, take: int
    ) -> tuple[CleanClip, MelClip] | None:
        """Another take: the first half of them by the same speaker. None where it cannot be."""
        keep_speaker = take <= (self._config.retakes + 1) // 2
        manner = self._cast().other_manner(spoken, take, speaker, keep_speaker)
        mel = self._cast().speak(spoken, manner)
        if isinstance(mel, Reject):
            return None
        clip = next(vocode([mel], self._voice, self._device, self._seed))
        return None if isinstance(clip, Reject) else (clip, mel)


def _judged(clip: CleanClip, mel: MelClip, judgement: Judgement, take: int) -> JudgedClip:
    return JudgedClip(
        id=clip.id,
        take=take,
        speaker=mel.speaker,
        pace=mel.pace,
        pitch_semitones=mel.pitch_semitones,
        energy=mel.energy,
        words=mel.words,
        acoustic_model=mel.acoustic_model,
        vocoder=clip.vocoder,
        sample_rate=clip.sample_rate,
        num_samples=clip.num_samples,
        audio=clip.audio,
        judgement=judgement,
        pitch_range=mel.pitch_range,
        vocal_tract=mel.vocal_tract,
        context=mel.context,
    )
