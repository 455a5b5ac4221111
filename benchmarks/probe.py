"""What a recognizer learns from our words, and from those of flite and espeak-ng: a table.

    python -m benchmarks.probe --real ../shared/corpora/eval/fsdd
    python -m benchmarks.probe --config configs/build/commands.yaml \\
        --real corpora/speech-commands --half second

Builds the config five times (as it is; without foreign accents; without its augmentation; with the
voices as a config without a `voice` section has them; with neither), has flite and espeak-ng say
the same words as often, raw and through the same augmentation, and probes them all on the
recordings. With --engines, folders of `voxloom voices import`, also with those voices in two fifths
of the clips, with and without foreign accents. With --half on half of the people alone, and what
is learned from the recordings of the other half is a row, too. What is there already is not made
again.
"""

import argparse
import hashlib
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.other_voices import ESPEAK_VOICES, FLITE_VOICES, espeak, flite, make_corpus
from models.errors import ConfigError, VoxloomError
from models.evaluation.tables import markdown_table
from models.training.corpus import CorpusConfig, read_corpora
from pipeline.build.config import load_build_config
from pipeline.probe.run import ProbeRequest, ProbeResult, probe
from pipeline.records import Sentence
from pipeline.sentences.generate import distinct_sentences

DIGITS = Path("configs/build/digits.yaml")
HALVES = ("first", "second")
_MOST_NAMED = 6  # speakers with a column of their own
_PLAIN_VOICES = ("text={accent: en-us}", "voice={acoustic_model: fastspeech2, vocoder: harmonic}")
_NO_NOISE = ("augment={}",)
_NATIVE = ("text.accent={en-us: 2, en-gb: 1}",)
_OTHERS_WEIGHT = 2 / 3  # of all engines together, beside 1 of our voices


@dataclass(frozen=True)
class Row:
    """A line of the table: who makes the clips to learn from, and what is put on them."""

    name: str
    make: Callable[[], Path]
    augment: Path | None = None


def rows(config: Path, out: Path, count: int, engines: Sequence[Path] = ()) -> list[Row]:
    """Our datasets; flite, espeak-ng and half of each, raw and augmented as ours is."""
    words = words_of(config)
    mixed = (_mixed(engines),)
    with_engines = {"native and engines": _NATIVE + mixed, "everything and engines": mixed}
    ours = {
        "no augmentation": (*_PLAIN_VOICES, *_NO_NOISE),
        "noise only": _PLAIN_VOICES,
        "voices only": _NO_NOISE,
        "native": _NATIVE,
        "everything": (),
        **(with_engines if engines else {}),
    }
    others = {
        "flite, 4 voices": partial(_spoken, out / "flite", words, count),
        f"espeak-ng, {len(ESPEAK_VOICES)} voices": partial(
            _spoken, out / "espeak-ng", words, count
        ),
        "half flite, half espeak-ng": partial(_half_of_each, out, words, count),
    }
    return [
        *(
            Row(f"voxloom, {name}", partial(_built, config, out, name, how))
            for name, how in ours.items()
        ),
        *(Row(f"{name}, raw", make) for name, make in others.items()),
        *(Row(f"{name}, augmented", make, config) for name, make in others.items()),
    ]


def words_of(config: Path) -> tuple[str, ...]:
    """The sentences of a config, in the order that they are drawn in."""
    loaded = load_build_config(config)
    sentences = distinct_sentences(loaded.sentences, loaded.seed)
    return tuple(one.text for one in sentences if isinstance(one, Sentence))


def half_of(corpus: Path, half: str, out: Path) -> Path:
    """The recordings of the `first` or `second` half of a corpus's people, by links. A hash of what
    a name has after the corpus (`commands-0ea0e2f4`) says who belongs to which.
    """
    clips = []
    for recording in read_corpora(CorpusConfig(root=corpus)):
        person = recording.speaker.rpartition("-")[2]
        is_odd = hashlib.sha1(person.encode()).digest()[-1] % 2 == 1
        if is_odd == (half == "first"):
            fields = (recording.id, recording.speaker, recording.text, recording.text)
            clips.append(("|".join(fields), recording.path))
    return _linked(clips, out / f"{half}_half")


def _linked(clips: Sequence[tuple[str, Path]], folder: Path) -> Path:
    """A corpus of lines of `metadata.csv` and links to the sounds of each."""
    (folder / "wavs").mkdir(parents=True, exist_ok=True)
    for line, path in clips:
        link = folder / "wavs" / f"{line.partition('|')[0]}{path.suffix}"
        if not link.is_symlink():
            link.symlink_to(path.resolve())
    lines = "".join(f"{line}\n" for line, _ in clips)
    (folder / "metadata.csv").write_text(lines, encoding="utf-8")
    return folder


def _mixed(engines: Sequence[Path]) -> str:
    """The setting that mixes our voices with those of these folders."""
    weight = _OTHERS_WEIGHT / max(1, len(engines))
    found = [f"{{engine: sherpa-onnx, folder: {one}, weight: {weight:.3f}}}" for one in engines]
    return f"voice.sources=[{{engine: voxloom, weight: 1}}, {', '.join(found)}]"


def _built(config: Path, out: Path, name: str, overrides: Sequence[str]) -> Path:
    folder = out / name.replace(" ", "_")
    if not folder.is_dir():
        settings = [part for override in overrides for part in ("--set", override)]
        command = [sys.executable, "-m", "flows.cli.app", "build", str(config), *settings]
        work_dir = f"runtime.work_dir={out / 'work'}"
        subprocess.run([*command, "--set", work_dir, "-o", str(folder)], check=True)
    return folder


def _spoken(folder: Path, words: Sequence[str], count: int) -> Path:
    voices, speak = (FLITE_VOICES, flite) if folder.name == "flite" else (ESPEAK_VOICES, espeak)
    if not (folder / "metadata.csv").is_file():
        make_corpus(folder, words, count, tuple(voices), speak, seed=1)
    return folder


def _half_of_each(out: Path, words: Sequence[str], count: int) -> Path:
    """A corpus of the first halves of both, by links to their files."""
    clips = []
    for name in ("flite", "espeak-ng"):
        spoken = _spoken(out / name, words, count)
        listed = (spoken / "metadata.csv").read_text(encoding="utf-8").splitlines()
        for line in listed[: count // 2]:
            path = spoken / "wavs" / f"{line.partition('|')[0]}.flac"
            clips.append((f"{name}-{line}", path))
    return _linked(clips, out / "flite-espeak-ng")


def table(results: Sequence[tuple[str, ProbeResult]]) -> str:
    """Markdown: a row a source, the mean accuracy of its probes over all and by speaker (of many
    speakers the interval in which other people's would be), and the standard deviation between the
    probes in points.
    """
    speakers = [s.name for s in results[0][1].scores if s.kind == "speaker"]
    who = speakers if len(speakers) <= _MOST_NAMED else ["95 % of other people"]
    header = ["trained on", "clips", "right", "95 %", "between seeds", *who]
    return markdown_table(header, [_cells(name, result) for name, result in results])


def _cells(name: str, result: ProbeResult) -> list[str]:
    every = result.scores[0]
    right = [f"{100 * (1 - s.error_rate):.1f} %" for s in result.scores if s.kind == "speaker"]
    if len(right) > _MOST_NAMED and result.by_speaker:
        right = [_right_between(*result.by_speaker)]
    clips = str(result.num_train + result.num_validation)
    seeds = result.error_rates
    spread = f"{100 * statistics.stdev(seeds):.1f}" if len(seeds) > 1 else "-"
    share = f"{100 * (1 - every.error_rate):.1f} %"
    return [name, clips, share, _right_between(every.low, every.high), spread, *right]


def _right_between(lowest_error: float, highest_error: float) -> str:
    return f"{100 * (1 - highest_error):.1f} to {100 * (1 - lowest_error):.1f}"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=DIGITS)
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--half", choices=HALVES, help="of the people; all if left out")
    parser.add_argument("--out", type=Path, help="runs/probe/CONFIG if left out")
    parser.add_argument("--count", type=int, default=4000, help="clips of flite and of espeak-ng")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--engines", type=Path, nargs="*", default=(), help="folders of voices")
    parser.add_argument("--only", default="", help="rows whose name holds this")
    try:
        compare(parser.parse_args(arguments))
    except VoxloomError as error:
        raise SystemExit(f"error: {error}") from None


def compare(asked: argparse.Namespace) -> None:
    """The table that is asked for, printed and written. What is asked is looked at before anything
    is made, as that takes long.
    """
    out = asked.out or Path("runs/probe") / asked.config.stem
    read_corpora(CorpusConfig(root=asked.real))
    real, made = asked.real, rows(asked.config, out, asked.count, asked.engines)
    if asked.half:
        halves = {half: half_of(asked.real, half, out) for half in HALVES}
        real = halves.pop(asked.half)
        made.append(Row("people, the other half", lambda: next(iter(halves.values()))))
    wanted = [row for row in made if asked.only in row.name]
    if not wanted:
        names = "; ".join(row.name for row in made)
        raise ConfigError(f"--only: no row is called {asked.only!r}, of: {names}")
    results = []
    for row in wanted:
        request = ProbeRequest(row.make(), real, runs=asked.runs, augment=row.augment)
        result = probe(request, lambda line: None)[0]
        results.append((row.name, result))
        print(" | ".join(_cells(row.name, result)), flush=True)
    text = table(results)
    (out / "table.md").write_text(text + "\n", encoding="utf-8")
    print(f"\n{text}")


if __name__ == "__main__":
    main()
