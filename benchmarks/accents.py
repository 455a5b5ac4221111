"""How well the accents of other first languages are understood: word errors of Whisper.

    pip install -e '.[judges]'
    python -m benchmarks.accents --whisper whisper-base
    python -m benchmarks.accents --whisper whisper-base --changes

Some voices say the sentences of models/evaluation/choosing_lines.txt as natives, and with every
first language at each of --strengths. With --changes, every sound change is made alone, wherever it
applies, the hardest to understand first.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from models.errors import VoxloomError
from models.evaluation.naturalness import CHOOSING_LINES, WHOLE, read_lines
from models.evaluation.opinions import SAMPLE_RATE, word_errors
from models.evaluation.speech import Choice, ProsodySettings, Voices
from models.evaluation.tables import markdown_table, percent
from models.evaluation.whisper import Whisper
from models.phonology.first_languages import FIRST_LANGUAGES
from models.phonology.foreign_accents import Accent, speak_as
from models.phonology.phonemes import Phonemizer
from models.phonology.sound_changes import change_words

NATIVE = "en-us"
VOICES = ("an4-msrb", "libri-2136", "kathleen", "kokoro-af_nova")


class Listening:
    """Sentences that voices say, in any pronunciation, to a Whisper."""

    def __init__(
        self, whisper: Path, acoustic_model: str, voices: Sequence[str], count: int | None
    ) -> None:
        self._transcribe = Whisper(whisper).transcribe
        self._voices = Voices(acoustic_model, "harmonic", choice=Choice(tuple(voices)))
        lines = read_lines(CHOOSING_LINES, count)
        self._texts = [line.text for line in lines if line.kind == WHOLE]
        self.native = Phonemizer(NATIVE).phonemize(self._texts)

    def word_error_rate(self, phonemes: Sequence[str]) -> float:
        """Of all sentences by all voices, pronounced as in `phonemes`."""
        import soxr

        wrong = said = 0
        rate = self._voices.vocoder.mel.sample_rate
        for name in self._voices.names:
            spoken = self._voices.speak_with_pitch(self._texts, phonemes, name, ProsodySettings())
            for text, (wave, _) in zip(self._texts, spoken, strict=True):
                heard = self._transcribe(soxr.resample(wave, rate, SAMPLE_RATE).astype("float32"))
                edits, count = word_errors(text, heard)
                wrong, said = wrong + edits, said + count
        return wrong / said


def by_language(listening: Listening, strengths: Sequence[float]) -> list[list[str]]:
    """A row a first language, its word error rate at each strength; natives first."""
    native = percent(listening.word_error_rate(listening.native))
    rows = [["none", *[native] * len(strengths)]]
    for code, language in FIRST_LANGUAGES.items():
        rates = [
            listening.word_error_rate(
                [speak_as(said, Accent(NATIVE, code, strength)) for said in listening.native]
            )
            for strength in strengths
        ]
        rows.append([f"`{code}` {language.name}", *map(percent, rates)])
        print(*rows[-1], file=sys.stderr, flush=True)
    return rows


def by_change(listening: Listening) -> list[list[str]]:
    """A row a sound change made alone: its word error rate, and who makes it from which strength.

    Changes that alter none of the sentences are left out.
    """
    makers: dict[str, list[str]] = {}
    for code, language in FIRST_LANGUAGES.items():
        for one in language.changes:
            makers.setdefault(one.change, []).append(f"{code} {one.from_strength:.2f}")
    found = []
    for change, who in makers.items():
        changed = [change_words(said, [change]) for said in listening.native]
        if changed != listening.native:
            found.append((listening.word_error_rate(changed), change, ", ".join(who)))
            print(percent(found[-1][0]), change, file=sys.stderr, flush=True)
    return [[f"`{change}`", percent(rate), who] for rate, change, who in sorted(found)[::-1]]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--whisper", type=Path, required=True, help="Whisper for CTranslate2")
    parser.add_argument(
        "--acoustic-model", default="fastspeech2", help="a checkpoint or its folder"
    )
    parser.add_argument("--voices", nargs="+", default=VOICES)
    parser.add_argument("--strengths", nargs="+", type=float, default=(0.3, 0.6, 0.9))
    parser.add_argument("--sentences", type=int, help="the first so many; default: all")
    parser.add_argument("--changes", action="store_true", help="every change alone")
    options = parser.parse_args(arguments)
    if not all(0 < strength <= 1 for strength in options.strengths):
        parser.error("--strengths: above 0, at most 1")
    try:
        listening = Listening(
            options.whisper, options.acoustic_model, options.voices, options.sentences
        )
    except VoxloomError as error:
        raise SystemExit(f"error: {error}") from None
    if options.changes:
        print(markdown_table(("change", "WER", "who makes it, from"), by_change(listening)))
    else:
        header = ("first language", *(f"WER at {strength:g}" for strength in options.strengths))
        print(markdown_table(header, by_language(listening, options.strengths)))


if __name__ == "__main__":
    main()
