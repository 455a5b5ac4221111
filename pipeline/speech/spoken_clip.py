"""What an acoustic model made of a line, as a clip: mel, pitch, and when each word is said."""

import numpy as np

from models.acoustic.vocal_tract import scale_vocal_tract
from models.checkpoint import Checkpoint
from models.phonology.alphabets import Tokens
from models.voice import Speech
from pipeline.records import NO_PITCH, MelClip, Performance, WordTime
from pipeline.speech.context import cut_out
from pipeline.speech.lines import Line
from pipeline.speech.pauses import Paused, with_long_pauses


def spoken_clip(line: Line, speech: Speech, checkpoint: Checkpoint) -> MelClip:
    """The clip of a line that was spoken, cut out of its context."""
    sentence, tokens, drawn, context = line.sentence, line.tokens, line.drawn, line.context
    tract = drawn.vocal_tract
    mel = scale_vocal_tract(speech.mels[0].cpu().numpy(), tract, checkpoint.mel)
    pitch = _pitch_of(speech, tract)
    durations, frame_s = speech.durations[0].cpu().numpy(), checkpoint.mel.frame_s
    first_word = context.first_word if context else 0
    if sentence.pauses:
        paused = Paused(mel, pitch, durations)
        mel, pitch, durations = with_long_pauses(
            paused, tokens, sentence.pauses, checkpoint.mel, first_word
        )
    words = word_times(sentence.transcript, tokens, durations, frame_s, first_word)
    if context is not None:
        mel, pitch, words = cut_out(mel, pitch, words, context.margin_s, checkpoint.mel)
    performance = Performance(
        speaker=drawn.speaker,
        pace=drawn.pace,
        pitch_semitones=drawn.pitch_semitones,
        energy=drawn.energy,
        words=words,
        acoustic_model=checkpoint.label,
        pitch_range=drawn.pitch_range,
        vocal_tract=tract,
        context=context.around if context else "",
        accent=sentence.accent,
        phonemes=sentence.phonemes,
    )
    faults = speech.faults[0] if speech.faults else ()
    halves = mel.astype(np.float16), pitch.astype(np.float16)
    return MelClip(sentence.id, performance, halves[0], faults, halves[1])


def _pitch_of(speech: Speech, vocal_tract: float) -> np.ndarray:
    """F0 (1, T) of a clip whose spectrogram was scaled; (0, 0) of a model that gives none."""
    if speech.pitch_hz is None:
        return NO_PITCH
    scaled: np.ndarray = speech.pitch_hz[:1].cpu().numpy() / vocal_tract
    return scaled


def word_times(
    transcript: str, tokens: Tokens, durations: np.ndarray, frame_s: float, first_word: int = 0
) -> tuple[WordTime, ...]:
    """Where the acoustic model put each word: durations (N,) in frames, one a token.

    A word lasts from the first of its tokens to the last; those of the transcript begin at
    `first_word` of the tokens' words.
    """
    ends = np.cumsum(durations)
    times = []
    for number, word in enumerate(transcript.split(), start=first_word):
        own = np.flatnonzero(tokens.words == number)
        first, last = ends[own[0]] - durations[own[0]], ends[own[-1]]
        times.append(WordTime(word, round(int(first) * frame_s, 4), round(int(last) * frame_s, 4)))
    return tuple(times)
