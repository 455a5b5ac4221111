"""How much of a recording survives its mel spectrogram: Griffin-Lim against a trained vocoder.

    python -m models.evaluation.copy_synthesis --vocoder vocos --corpus ../shared/corpora/speech

Held-out recordings go through `LogMel` and back. Columns: mel L1 (mean absolute difference of
log-mels), MCD (see `mel_cepstral_distortion_db`), wide-band PESQ (ITU-T P.862.2, at 16 kHz,
a predicted opinion score from 1.04 to 4.64) and speed.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from models.checkpoint import Checkpoint, load_checkpoint
from models.errors import CheckpointError, VoxloomError
from models.evaluation.held_out import FOLDERS, held_out_recordings
from models.evaluation.speech import recorded
from models.evaluation.tables import decimal, markdown_table, verdict, write_csv
from models.griffin_lim import GriffinLim, GriffinLimConfig
from models.mel import LogMel, MelConfig

NUM_CEPSTRA = 13
_PESQ_RATE = 16000


@dataclass(frozen=True, slots=True)
class Fidelity:
    """One clip through one vocoder; `pesq` is None where it could not be measured."""

    clip_id: str
    mel_l1: float
    mcd_db: float
    pesq: float | None
    seconds: float  # of sound
    took_s: float


@dataclass(frozen=True, slots=True)
class Result:
    """A vocoder and its clips."""

    name: str
    is_baseline: bool
    clips: tuple[Fidelity, ...]

    @property
    def mel_l1(self) -> float:
        return float(np.mean([clip.mel_l1 for clip in self.clips]))

    @property
    def mcd_db(self) -> float:
        return float(np.mean([clip.mcd_db for clip in self.clips]))

    @property
    def pesq(self) -> float | None:
        measured = [clip.pesq for clip in self.clips if clip.pesq is not None]
        return float(np.mean(measured)) if measured else None

    @property
    def speed(self) -> float:
        """Seconds of sound a second of computation."""
        return sum(clip.seconds for clip in self.clips) / sum(clip.took_s for clip in self.clips)


def mel_cepstral_distortion_db(ours: np.ndarray, theirs: np.ndarray, mel: MelConfig) -> float:
    """Mean over frames of (10 / ln 10) * sqrt(2 * sum over m = 1..13 of (c_m - c'_m)^2), in dB.

    The cepstra are those of the log-mels (n_mels, T), with x_n = c_0 + sum_m c_m cos(pi m
    (n + 1/2) / n_mels) in natural log of amplitude, hence c_m = 2 / n_mels * DCT-II. Level
    (c_0) is left out. Kubichek 1993, with the mel filterbank in place of the mel-warped
    allpass. Both must have the same frames: nothing is aligned.
    """
    difference = ours.astype(np.float64) - theirs.astype(np.float64)
    if mel.log == "log10":
        difference = difference * np.log(10)
    orders = np.arange(1, NUM_CEPSTRA + 1)[:, None]
    places = (np.arange(mel.n_mels) + 0.5) / mel.n_mels
    basis = 2 / mel.n_mels * np.cos(np.pi * orders * places)  # (13, n_mels)
    cepstra = basis @ difference  # (13, T)
    distances = np.sqrt(2 * (cepstra**2).sum(axis=0))
    return float(10 / np.log(10) * distances.mean())


def pesq_wideband(reference: np.ndarray, degraded: np.ndarray, sample_rate: int) -> float | None:
    """Wide-band PESQ of waves (S,); None where it is not installed or finds no speech."""
    if find_spec("pesq") is None:
        return None
    import pesq
    import soxr

    waves = [soxr.resample(wave, sample_rate, _PESQ_RATE) for wave in (reference, degraded)]
    try:
        return float(pesq.pesq(_PESQ_RATE, *waves, "wb"))
    except pesq.PesqError:
        return None


@torch.inference_mode()
def copy_clip(
    clip_id: str, wave: np.ndarray, vocoder: torch.nn.Module, log_mel: LogMel, device: str
) -> Fidelity:
    """A waveform (S,) through its mel spectrogram and back; S is cut to whole hops."""
    config = log_mel.config
    wave = wave[: len(wave) // config.hop_length * config.hop_length]
    mel = log_mel(torch.from_numpy(np.ascontiguousarray(wave, dtype=np.float32))[None].to(device))
    started = time.perf_counter()
    copied = vocoder(mel).float().cpu()
    took_s = time.perf_counter() - started
    copied_mel = log_mel(copied.to(device))
    return Fidelity(
        clip_id=clip_id,
        mel_l1=float((copied_mel - mel).abs().mean()),
        mcd_db=mel_cepstral_distortion_db(
            copied_mel[0].cpu().numpy(), mel[0].cpu().numpy(), config
        ),
        pesq=pesq_wideband(wave, copied[0].numpy(), config.sample_rate),
        seconds=len(wave) / config.sample_rate,
        took_s=took_s,
    )


def evaluate(arguments: argparse.Namespace) -> list[Result]:
    """Griffin-Lim first, on the mels of the first vocoder asked for, then those vocoders."""
    recordings = held_out_recordings(arguments.corpus, tuple(arguments.folders), arguments.count)
    checkpoints = [_vocoder(name, arguments.device) for name in arguments.vocoder]
    mel = checkpoints[0].mel
    contestants: list[tuple[str, torch.nn.Module, MelConfig]] = []
    for momentum in arguments.momentum:
        baseline = GriffinLim(GriffinLimConfig(arguments.iterations, momentum), mel)
        name = f"griffin-lim, {arguments.iterations} iterations, momentum {momentum:g}"
        contestants.append((name, baseline.to(arguments.device), mel))
    for name, checkpoint in zip(arguments.vocoder, checkpoints, strict=True):
        label = f"{name} (step {checkpoint.info.step})"
        contestants.append((label, checkpoint.model, checkpoint.mel))
    results = []
    for name, model, config in contestants:
        is_baseline = isinstance(model, GriffinLim)
        log_mel = LogMel(config).to(arguments.device)
        waves = recorded(recordings, config)
        clips = [
            copy_clip(recording.id, wave, model, log_mel, arguments.device)
            for recording, wave in zip(recordings, waves, strict=True)
        ]
        results.append(Result(name, is_baseline, tuple(clips)))
        print(f"{name}: done", file=sys.stderr, flush=True)
    return results


def _vocoder(name: str, device: str) -> Checkpoint:
    checkpoint = load_checkpoint(name, device)
    if checkpoint.kind not in ("vocos", "griffin-lim"):
        raise CheckpointError(f"--vocoder: {name} is a {checkpoint.kind}")
    return checkpoint


def table(results: Sequence[Result]) -> str:
    """The results as Markdown."""
    header = ("vocoder", "mel L1", "MCD, dB", "PESQ wb", "x real time")
    rows = [
        [
            result.name,
            decimal(result.mel_l1, 3),
            decimal(result.mcd_db),
            decimal(result.pesq),
            decimal(result.speed, 1),
        ]
        for result in results
    ]
    return markdown_table(header, rows)


def findings(results: Sequence[Result]) -> list[str]:
    """Whether each trained vocoder is better than each Griffin-Lim, in each figure."""
    baselines = [result for result in results if result.is_baseline]
    trained = [result for result in results if not result.is_baseline]
    lines = []
    for result, baseline in itertools.product(trained, baselines):
        checks = {
            "mel L1": result.mel_l1 < baseline.mel_l1,
            "MCD": result.mcd_db < baseline.mcd_db,
        }
        if result.pesq is not None and baseline.pesq is not None:
            checks["PESQ"] = result.pesq > baseline.pesq
        parts = ", ".join(f"{name} {verdict(passed)}" for name, passed in checks.items())
        lines.append(f"{result.name} better than {baseline.name}: {parts}")
    if find_spec("pesq") is None:
        lines.append("PESQ left out: pip install -e '.[bench]' (it is compiled: needs gcc)")
    return lines


def write_results(results: Sequence[Result], folder: Path) -> None:
    """`clips.csv`: a line a vocoder and clip."""
    rows = [
        (result.name, clip.clip_id, clip.mel_l1, clip.mcd_db, clip.pesq, clip.seconds, clip.took_s)
        for result in results
        for clip in result.clips
    ]
    header = ("vocoder", "id", "mel_l1", "mcd_db", "pesq_wb", "seconds", "took_s")
    write_csv(folder / "clips.csv", header, rows)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m models.evaluation.copy_synthesis",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--vocoder", nargs="+", default=["vocos"], help="checkpoints or folders")
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpora/speech"))
    parser.add_argument("--folders", nargs="*", default=list(FOLDERS), help="below --corpus")
    parser.add_argument("--count", type=int, default=30, help="clips (default 30)")
    parser.add_argument("--iterations", type=int, default=32, help="of Griffin-Lim (default 32)")
    parser.add_argument(
        "--momentum",
        type=float,
        nargs="+",
        default=[0.0, 0.99],
        help="of Griffin-Lim: 0 is the method of 1984, 0.99 the fast one of 2013 (both)",
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, default=Path("runs/evaluation/copy_synthesis"))
    arguments = parser.parse_args(argv)
    if min(arguments.count, arguments.iterations) < 1:
        parser.error("--count and --iterations: at least 1")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the table and writes a CSV; 1 when something is missing."""
    arguments = _arguments(argv)
    try:
        results = evaluate(arguments)
    except VoxloomError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    write_results(results, arguments.out)
    print(f"{arguments.count} held-out recordings from {', '.join(arguments.folders)}\n")
    print(table(results), "", *findings(results), sep="\n")
    print(f"\nper clip: {arguments.out / 'clips.csv'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
