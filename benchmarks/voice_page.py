"""How alive the voices are: F0 of repetitions and its spread against readers', pictures, clips.

    python -m benchmarks.voice_page --corpus ../shared/corpora/speech --folders kathleen vctk4

Two repetitions of a sentence should differ in F0 as a person's do. How far two contours are apart
is the root mean square of their difference in semitones, each about its own mean, along the path
of dynamic time warping between their mel cepstra. Readers are those of the corpora who read the
same sentence. Writes `index.html` with pictures and clips into --out.

T frames.
"""

import argparse
import html
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import soundfile
import torch

from models.checkpoint import CheckpointInfo, read_info
from models.evaluation.metrics import mel_cepstra
from models.evaluation.naturalness import LINES, WHOLE, accent_of, read_lines
from models.evaluation.tables import markdown_table
from models.mel import LogMel, MelConfig
from models.phonology.phonemes import words_of
from models.training.corpus import CorpusConfig, Recording, read_corpora
from models.training.measured import pitch_of, read_wave, trim_and_level
from pipeline.distributions import Distribution
from pipeline.records import CleanClip, Reject, Sentence
from pipeline.speech.synthesize import VoiceConfig, synthesize
from pipeline.speech.vocode import vocode
from pipeline.text.spoken import TextConfig, text_frontend

R = TypeVar("R")

REPETITIONS = 5
_SENTENCES = 6
_LEAST_WORDS = 5
_MOST_PAIRS = 60  # of readers
_CLIPS = 10


@dataclass(frozen=True)
class Heard:
    """A clip: what it shows of pitch (T,) and of timbre (13, T)."""

    wave: np.ndarray
    log_mel: np.ndarray  # (n_mels, T)
    pitch_hz: np.ndarray  # (T,)
    cepstra: np.ndarray  # (13, T)


def hear(wave: np.ndarray, mel: MelConfig) -> Heard:
    """Of a wave (S,) at the rate of `mel`, trimmed and levelled."""
    wave = trim_and_level(wave, mel)
    log_mel = LogMel(mel)(torch.from_numpy(wave)[None])[0].numpy()
    pitch_hz = pitch_of(wave, mel)
    frames = min(log_mel.shape[1], len(pitch_hz))
    log_mel = log_mel[:, :frames]
    return Heard(wave, log_mel, pitch_hz[:frames], mel_cepstra(log_mel, mel))


def contour_distance(one: Heard, other: Heard) -> float:
    """Semitones, NaN where no frames are voiced in both."""
    import librosa

    path = librosa.sequence.dtw(one.cepstra, other.cepstra, backtrack=True)[1]
    first, second = one.pitch_hz[path[:, 0]], other.pitch_hz[path[:, 1]]
    both = (first > 0) & (second > 0)
    if not both.any():
        return float("nan")
    ours, theirs = 12 * np.log2(first[both]), 12 * np.log2(second[both])
    difference = (ours - ours.mean()) - (theirs - theirs.mean())
    return float(np.sqrt(np.mean(difference**2)))


def median_distance(groups: Iterable[Sequence[Heard]]) -> float:
    """Of all pairs within each group."""
    pairs = [pair for group in groups for pair in itertools.combinations(group, 2)]
    return float(np.nanmedian([contour_distance(one, other) for one, other in pairs]))


def spread(clips: Iterable[Heard]) -> float:
    """Mean standard deviation of F0 in semitones."""
    voiced = [clip.pitch_hz[clip.pitch_hz > 0] for clip in clips]
    return float(np.mean([12 * np.log2(own).std() for own in voiced if len(own)]))


def say(texts: Sequence[str], speaker: str, voice: Mapping[str, Any], seed: int) -> list[CleanClip]:
    """The sentences by one speaker, each drawn by itself. Raises `SystemExit` for a reject."""
    sentences = [
        Sentence(f"{seed}-{speaker}-{index}", text, domain="page", template="", intent="")
        for index, text in enumerate(texts)
    ]
    config = VoiceConfig(**voice, speakers={speaker: 1.0})
    spoken = text_frontend(sentences, TextConfig(accent=accent_of(speaker)), seed)
    clips = vocode(good(synthesize(good(spoken), config, seed)), config)
    return good(clips)


def good(rows: Iterable[R | Reject]) -> list[R]:
    """All rows. Raises `SystemExit` for a reject."""
    found = []
    for row in rows:
        if isinstance(row, Reject):
            raise SystemExit(f"{row.id}: {row.reason}")
        found.append(row)
    return found


def read_aloud(corpus: CorpusConfig, mel: MelConfig) -> list[list[Heard]]:
    """The readings of each sentence that several speakers of the corpora read, a few of them."""
    by_words: dict[str, dict[str, Recording]] = {}
    for one in read_corpora(corpus):
        words = words_of(one.text)
        if len(words) >= _LEAST_WORDS:
            by_words.setdefault(" ".join(words), {}).setdefault(one.speaker, one)
    shared = [list(own.values())[:2] for own in by_words.values() if len(own) > 1]
    chosen = shared[:: max(1, len(shared) // _MOST_PAIRS)][:_MOST_PAIRS]
    return [[hear(read_wave(one.path, mel.sample_rate), mel) for one in own] for own in chosen]


def recorded(corpus: CorpusConfig, speaker: str, mel: MelConfig) -> list[Heard]:
    """Some of a speaker's sentences."""
    own = [
        one
        for one in read_corpora(corpus)
        if one.speaker == speaker and len(words_of(one.text)) >= _LEAST_WORDS
    ]
    return [hear(read_wave(one.path, mel.sample_rate), mel) for one in own[:_MOST_PAIRS]]


def repetitions(
    speaker: str, texts: Sequence[str], voice: Mapping[str, Any], mel: MelConfig
) -> list[list[Heard]]:
    """`REPETITIONS` clips of each sentence."""
    rounds = [say(texts, speaker, voice, seed) for seed in range(REPETITIONS)]
    return [[hear(clip.wave, mel) for clip in clips] for clips in zip(*rounds, strict=True)]


def draw_contours(heard: Mapping[str, Sequence[Heard]], mel: MelConfig, path: Path) -> None:
    """A PNG with the F0 of the repetitions of a sentence, a row a speaker."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 2.6 * len(heard)), layout="constrained")
    for axes, (speaker, clips) in zip(figure.subplots(len(heard), 1), heard.items(), strict=True):
        for clip in clips:
            times = np.arange(len(clip.pitch_hz)) * mel.frame_s
            axes.plot(times, np.where(clip.pitch_hz > 0, clip.pitch_hz, np.nan), linewidth=1.2)
        axes.set(title=f"{speaker}: {len(clips)} repetitions", xlabel="s", ylabel="F0, Hz")
    figure.savefig(path, dpi=90)


def draw_mels(heard: dict[str, Heard], path: Path) -> None:
    """A PNG with log-mels of the same sentence, low bands at the bottom."""
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(9, 2.3 * len(heard)), layout="constrained")
    for axes, (name, clip) in zip(figure.subplots(len(heard), 1), heard.items(), strict=True):
        axes.imshow(clip.log_mel, aspect="auto", origin="lower", vmin=-11, vmax=1, cmap="magma")
        axes.set(title=name, xlabel="frame", ylabel="band")
    figure.savefig(path, dpi=90)
    with Image.open(path) as drawn:  # a third of the bytes
        drawn.convert("RGB").quantize(96).save(path, optimize=True)


def page(clips: Sequence[tuple[str, str, str]], notes: str) -> str:
    """HTML: file name, speaker and sentence of each clip, above the pictures."""
    rows = "\n".join(
        f"<tr><td>{html.escape(who)}</td><td>{html.escape(text)}</td><td><audio controls "
        f'preload="none" src="{html.escape(name)}"></audio></td></tr>'
        for name, who, text in clips
    )
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Voxloom: the shipped voices</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color-scheme:light dark}}td{{padding:.3rem .6rem .3rem 0}}img{{max-width:100%}}</style>
<h1>The shipped voices</h1>
<p>Speech made by machine: every clip is from text, by `python -m benchmarks.voice_page`.</p>
<table>{rows}</table>
<h2>One sentence, several repetitions</h2><pre>{html.escape(notes)}</pre>
<img src="contours.png" alt="F0 contours of repetitions by two speakers">
<h2>A recording, the vocoder of before, the vocoder of now</h2>
<img src="mels.png" alt="log-mels of a held-out recording and of the same sentence from text">
</html>
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--folders", nargs="*", default=[])
    parser.add_argument("--acoustic", default="fastspeech2")
    parser.add_argument("--vocoder", default="harmonic")
    parser.add_argument("--before", default="vocos", help="a vocoder to compare pictures with")
    parser.add_argument("--speakers", nargs=2, default=["kathleen", "kokoro-am_michael"])
    parser.add_argument("--expressiveness", type=float, default=1.0)
    parser.add_argument("--out", type=Path, default=Path("runs/voice-page"))
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    voice = {
        "acoustic_model": asked.acoustic,
        "vocoder": asked.vocoder,
        "expressiveness": Distribution(value=asked.expressiveness),
    }
    mel = read_info(asked.vocoder).mel
    texts = [line.text for line in read_lines(LINES) if line.kind == WHOLE]
    corpus = CorpusConfig(root=asked.corpus, folders=tuple(asked.folders))

    ours = {who: repetitions(who, texts[:_SENTENCES], voice, mel) for who in asked.speakers}
    notes = _figures(ours, corpus, mel)
    draw_contours({who: own[0] for who, own in ours.items()}, mel, asked.out / "contours.png")
    draw_mels(_mels(corpus, asked, voice, mel), asked.out / "mels.png")
    clips = _write_clips(asked.out, read_info(asked.acoustic), texts, voice)
    (asked.out / "index.html").write_text(page(clips, notes), encoding="utf-8")
    print(f"{notes}\n\nwritten to {asked.out}: index.html")


def _figures(
    ours: Mapping[str, Sequence[Sequence[Heard]]], corpus: CorpusConfig, mel: MelConfig
) -> str:
    """How far repetitions and readers are apart, and how far F0 spreads, as a table."""
    rows = [["two readers apart by", f"{median_distance(read_aloud(corpus, mel)):.2f}"]]
    rows += [
        [f"{who}, two repetitions apart by", f"{median_distance(own):.2f}"]
        for who, own in ours.items()
    ]
    for who, own in ours.items():
        ratio = spread(itertools.chain(*own)) / spread(recorded(corpus, who, mel))
        rows.append([f"{who}, F0 spread, x recordings", f"{ratio:.2f}"])
    return markdown_table(("F0", "semitones, or ratio"), rows)


def _mels(
    corpus: CorpusConfig, asked: argparse.Namespace, voice: Mapping[str, Any], mel: MelConfig
) -> dict[str, Heard]:
    """A held-out recording of the first speaker, and its sentence from text by two vocoders."""
    speaker = asked.speakers[0]
    held_out = (
        one
        for one in read_corpora(corpus)
        if one.held_out and one.speaker == speaker and len(words_of(one.text)) > 7
    )
    recording = next(held_out, None)
    if recording is None:
        folders = ", ".join(asked.folders) or asked.corpus
        raise SystemExit(f"{folders}: no held-out recording by {speaker} of eight words or more")
    heard = {"recording": hear(read_wave(recording.path, mel.sample_rate), mel)}
    for name in (asked.before, asked.vocoder):
        clip = say([recording.text], speaker, {**voice, "vocoder": name}, 0)[0]
        heard[f"from text, {name}"] = hear(clip.wave, mel)
    return heard


def _write_clips(
    out: Path, info: CheckpointInfo, texts: Sequence[str], voice: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """Write a sentence of each featured speaker; gives (file name, speaker, sentence)."""
    clips = []
    for who, text in zip((info.featured or info.speakers)[:_CLIPS], texts, strict=False):
        clip = say([text], who, voice, 1)[0]
        soundfile.write(out / f"{who}.ogg", clip.wave, clip.sample_rate)
        clips.append((f"{who}.ogg", who, text))
    return clips


if __name__ == "__main__":
    main()
