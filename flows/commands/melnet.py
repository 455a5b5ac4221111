"""`voxloom melnet`: speech-like sound out of nothing, or on top of a real recording's outline."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from torch import Tensor

from models.checkpoint import Checkpoint, check_role, check_vocoder_fits, load_checkpoint
from models.errors import ConfigError, DataError
from models.mel import LogMel, convert_mels
from models.melnet.sampling import Drawn, RandomDraw, sample, upsample_mels
from models.training.features import read_wave
from models.training.pictures import save_spectrogram

console = Console(highlight=False)
_AUDIO = (".wav", ".flac", ".ogg", ".mp3")


@dataclass(frozen=True)
class MelNetOptions:
    """Who draws, who makes it heard, and where to; clip i is drawn from `seed` + i."""

    checkpoint: str
    vocoder: str
    to: Path
    seed: int
    temperature: float
    safetensors: bool


def sample_command(frames: int, count: int, options: MelNetOptions) -> None:
    """Draw `count` clips of `frames`; write tensors, pictures and waves."""
    if count < 1:
        raise ConfigError(f"--count: at least 1, found {count}")
    melnet, vocoder = _load(options)
    with console.status("drawing"):
        drawn = sample(melnet.model, frames, count, _draw(options, count))
        _write(drawn, melnet, vocoder, options)


def upsample_command(source: Path, tier: int, count: int, options: MelNetOptions) -> None:
    """Keep what the tiers before `tier` would have drawn of `source`, and draw the rest.

    `source` is a recording, or a .npy of mels (n_mels, T) in the checkpoint's scale.
    """
    if count < 1:
        raise ConfigError(f"--count: at least 1, found {count}")
    melnet, vocoder = _load(options)
    mels = _read_mels(source, melnet)[None].expand(count, -1, -1)
    with console.status("drawing"):
        drawn = upsample_mels(melnet.model, mels, tier, _draw(options, count))
        _write(drawn, melnet, vocoder, options)


def _load(options: MelNetOptions) -> tuple[Checkpoint, Checkpoint]:
    drawing = check_role(options.checkpoint, "spectrogram", "--checkpoint")
    check_vocoder_fits(drawing, check_role(options.vocoder, "vocoder", "--vocoder"))
    return load_checkpoint(options.checkpoint), load_checkpoint(options.vocoder)


def _draw(options: MelNetOptions, count: int) -> RandomDraw:
    return RandomDraw.seeded(range(options.seed, options.seed + count), options.temperature)


def _read_mels(source: Path, melnet: Checkpoint) -> Tensor:
    """(n_mels, T) in the checkpoint's scale."""
    if source.suffix in _AUDIO:
        wave = torch.from_numpy(read_wave(source, melnet.mel.sample_rate))
        if len(wave) < melnet.mel.n_fft:
            raise DataError(f"{source}: too short: {len(wave)} samples")
        return LogMel(melnet.mel)(wave[None])[0]
    if source.suffix != ".npy":
        raise DataError(f"{source}: allowed are {', '.join(_AUDIO)} and .npy")
    try:
        mels = np.load(source, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{source}: cannot be read as an array ({error})") from None
    if mels.ndim != 2 or len(mels) != melnet.mel.n_mels:
        raise DataError(f"{source}: shape {mels.shape}; ({melnet.mel.n_mels}, frames) is needed")
    return torch.from_numpy(mels).float()


def _write(drawn: Drawn, melnet: Checkpoint, vocoder: Checkpoint, options: MelNetOptions) -> None:
    import soundfile

    folder = options.to
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"tier{tier}": grid for tier, grid in drawn.grids.items()} | {"mels": drawn.mels}
    _write_tensors(tensors, folder, options.safetensors)
    name = melnet.model.config.name
    for clip, mel in enumerate(drawn.mels):
        for tier, grid in drawn.grids.items():
            picture = folder / f"clip{clip}-tier{tier}.png"
            save_spectrogram(picture, grid[clip].numpy(), f"{name}, tier {tier}")
        save_spectrogram(folder / f"clip{clip}.png", mel.numpy(), name)
        with torch.inference_mode():
            wave = vocoder.model(convert_mels(mel[None], melnet.mel, vocoder.mel))[0].numpy()
        wave = wave * min(1.0, 0.95 / max(float(np.abs(wave).max()), 1e-9))
        soundfile.write(folder / f"clip{clip}.wav", wave, vocoder.mel.sample_rate)
    seconds = drawn.mels.shape[2] * melnet.mel.frame_s
    console.print(f"{folder}: {len(drawn.mels)} x {seconds:.2f} s", markup=False, soft_wrap=True)


def _write_tensors(tensors: dict[str, Tensor], folder: Path, safetensors: bool) -> None:
    """What each tier drew, (B, F, T), and the whole, in one file or a .npy each."""
    if safetensors:
        from safetensors.torch import save_file

        whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
        save_file(whole, folder / "tiers.safetensors")
        return
    for name, tensor in tensors.items():
        np.save(folder / f"{name}.npy", tensor.numpy())
