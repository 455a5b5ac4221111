"""What a recognizer learns from our digits, and from those of flite and espeak-ng: a table.

    python -m benchmarks.probe --real ../shared/corpora/eval/fsdd

Builds `configs/build/digits.yaml` five times (as it is; without foreign accents; without its
augmentation; with the voices as a config without a `voice` section has them; with neither), has
flite and espeak-ng say the same words as often, raw and through the same augmentation, and probes
them all on the recordings. With --engines, folders of `voxloom voices import`, also with those
voices in two fifths of the clips, with and without foreign accents. What is there already is not
made again.
"""

import argparse
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.other_voices import ESPEAK_VOICES, FLITE_VOICES, espeak, flite, make_corpus
from models.evaluation.tables import markdown_table
from pipeline.probe.run import ProbeRequest, ProbeResult, probe

CONFIG = Path("configs/build/digits.yaml")
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
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


def rows(out: Path, count: int, engines: Sequence[Path] = ()) -> list[Row]:
    """Our datasets; flite, espeak-ng and half of each, raw and augmented as ours is."""
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
        "flite, 4 voices": partial(_spoken, out / "flite", count),
        f"espeak-ng, {len(ESPEAK_VOICES)} voices": partial(_spoken, out / "espeak-ng", count),
        "half flite, half espeak-ng": partial(_half_of_each, out, count),
    }
    return [
        *(Row(f"voxloom, {name}", partial(_built, out, name, how)) for name, how in ours.items()),
        *(Row(f"{name}, raw", make) for name, make in others.items()),
        *(Row(f"{name}, augmented", make, CONFIG) for name, make in others.items()),
    ]


def _mixed(engines: Sequence[Path]) -> str:
    """The setting that mixes our voices with those of these folders."""
    weight = _OTHERS_WEIGHT / max(1, len(engines))
    found = [f"{{engine: sherpa-onnx, folder: {one}, weight: {weight:.3f}}}" for one in engines]
    return f"voice.sources=[{{engine: voxloom, weight: 1}}, {', '.join(found)}]"


def _built(out: Path, name: str, overrides: Sequence[str]) -> Path:
    folder = out / name.replace(" ", "_")
    if not folder.is_dir():
        settings = [part for override in overrides for part in ("--set", override)]
        command = [sys.executable, "-m", "flows.cli.app", "build", str(CONFIG), *settings]
        work_dir = f"runtime.work_dir={out / 'work'}"
        subprocess.run([*command, "--set", work_dir, "-o", str(folder)], check=True)
    return folder


def _spoken(folder: Path, count: int) -> Path:
    voices, speak = (FLITE_VOICES, flite) if folder.name == "flite" else (ESPEAK_VOICES, espeak)
    if not (folder / "metadata.csv").is_file():
        make_corpus(folder, WORDS, count, tuple(voices), speak, seed=1)
    return folder


def _half_of_each(out: Path, count: int) -> Path:
    """A corpus of the first halves of both, by links to their files."""
    for name in ("flite", "espeak-ng"):
        _spoken(out / name, count)
    folder = out / "flite-espeak-ng"
    (folder / "wavs").mkdir(parents=True, exist_ok=True)
    lines = []
    for name in ("flite", "espeak-ng"):
        listed = (out / name / "metadata.csv").read_text(encoding="utf-8").splitlines()
        for line in listed[: count // 2]:
            clip = line.partition("|")[0]
            link = folder / "wavs" / f"{name}-{clip}.flac"
            if not link.is_symlink():
                link.symlink_to((out / name / "wavs" / f"{clip}.flac").resolve())
            lines.append(f"{name}-{line}\n")
    (folder / "metadata.csv").write_text("".join(lines), encoding="utf-8")
    return folder


def table(results: Sequence[tuple[str, ProbeResult]]) -> str:
    """Markdown: a row a source, the mean accuracy of its probes over all and by speaker, and the
    standard deviation between the probes in points.
    """
    speakers = [s.name for s in results[0][1].scores if s.kind == "speaker"]
    header = ["trained on", "clips", "right", "95 %", "between seeds", *speakers]
    return markdown_table(header, [_cells(name, result) for name, result in results])


def _cells(name: str, result: ProbeResult) -> list[str]:
    every = result.scores[0]
    right = [f"{100 * (1 - s.error_rate):.1f} %" for s in result.scores if s.kind == "speaker"]
    between = f"{100 * (1 - every.high):.1f} to {100 * (1 - every.low):.1f}"
    clips = str(result.num_train + result.num_validation)
    seeds = result.error_rates
    spread = f"{100 * statistics.stdev(seeds):.1f}" if len(seeds) > 1 else "-"
    return [name, clips, f"{100 * (1 - every.error_rate):.1f} %", between, spread, *right]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/probe"))
    parser.add_argument("--count", type=int, default=4000, help="clips of flite and of espeak-ng")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--engines", type=Path, nargs="*", default=(), help="folders of voices")
    parser.add_argument("--only", default="", help="rows whose name holds this")
    asked = parser.parse_args(arguments)
    results = []
    for row in rows(asked.out, asked.count, asked.engines):
        if asked.only not in row.name:
            continue
        request = ProbeRequest(row.make(), asked.real, runs=asked.runs, augment=row.augment)
        result = probe(request, lambda line: None)[0]
        results.append((row.name, result))
        print(" | ".join(_cells(row.name, result)), flush=True)
    text = table(results)
    (asked.out / "table.md").write_text(text + "\n", encoding="utf-8")
    print(f"\n{text}")


if __name__ == "__main__":
    main()
