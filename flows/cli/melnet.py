"""`voxloom melnet`: unconditional samples of a MelNet, and upsampled recordings."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.console import console, tell
from flows.cli.options import MOST_SEED
from models.errors import ConfigError, DataError

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from models.checkpoint import Checkpoint
    from models.melnet.sampling import Drawn, RandomDraw

melnet_app = typer.Typer(
    no_args_is_help=True, help="Sample spectrograms from a MelNet: speech-like, without words."
)

_AUDIO = (".wav", ".flac", ".ogg", ".mp3")
CheckpointOption = Annotated[str, typer.Option("--checkpoint", help="A MelNet's name or folder.")]
VocoderOption = Annotated[str, typer.Option("--vocoder", help="A vocoder's name or folder.")]
SeedOption = Annotated[
    int,
    typer.Option(help="Seed of the first clip; clip i has seed + i.", min=0, max=MOST_SEED),
]
TemperatureOption = Annotated[
    float, typer.Option(help="Sampling temperature; below 1 the likeliest values only.")
]
SafetensorsOption = Annotated[
    bool, typer.Option(help="Write the tensors to one .safetensors, not to a .npy each.")
]
FolderOption = Annotated[Path, typer.Option("--to", help="The folder to write.")]


@melnet_app.command("sample")
def melnet_sample(
    to: FolderOption,
    frames: Annotated[int, typer.Option(help="Frames of a clip; mostly 86 a second.")] = 256,
    count: Annotated[int, typer.Option(help="Number of clips, sampled as one batch.")] = 1,
    checkpoint: CheckpointOption = "melnet",
    vocoder: VocoderOption = "vocos",
    seed: SeedOption = 0,
    temperature: TemperatureOption = 1.0,
    safetensors: SafetensorsOption = False,
) -> None:
    """Sample clips unconditionally. Writes each tier's tensor and picture, and the waveforms.

    [dim]Example:[/dim]  voxloom melnet sample --frames 400 --count 4 --to runs/babble
    """
    from models.melnet.sampling import sample

    drawing = _prepare(checkpoint, vocoder, count)
    with console.status("sampling"):
        drawn = sample(drawing.melnet.model, frames, count, _draw(seed, count, temperature))
        _write(drawn, drawing, to, safetensors)


@melnet_app.command("upsample")
def melnet_upsample(
    source: Annotated[Path, typer.Argument(help="A recording, or mels (.npy) in its scale.")],
    to: FolderOption,
    tier: Annotated[int, typer.Option(help="The first tier that is sampled.")] = 2,
    count: Annotated[int, typer.Option(help="Number of samples.")] = 1,
    checkpoint: CheckpointOption = "melnet",
    vocoder: VocoderOption = "vocos",
    seed: SeedOption = 0,
    temperature: TemperatureOption = 1.0,
    safetensors: SafetensorsOption = False,
) -> None:
    """Keep the coarse tiers of a recording and sample the finer ones.

    [dim]Example:[/dim]  voxloom melnet upsample speech.wav --tier 3 --to runs/upsampled
    """
    from models.melnet.sampling import upsample_mels

    drawing = _prepare(checkpoint, vocoder, count)
    mels = _read_mels(source, drawing.melnet)[None].expand(count, -1, -1)
    with console.status("sampling"):
        drawn = upsample_mels(drawing.melnet.model, mels, tier, _draw(seed, count, temperature))
        _write(drawn, drawing, to, safetensors)


@dataclass(frozen=True, slots=True)
class _Drawing:
    melnet: "Checkpoint"
    vocoder: "Checkpoint"


def _prepare(checkpoint: str, vocoder: str, count: int) -> _Drawing:
    from models.checkpoint import check_role, check_vocoder_fits, load_checkpoint

    if count < 1:
        raise ConfigError(f"--count: at least 1, found {count}")
    drawing = check_role(checkpoint, "spectrogram", "--checkpoint")
    check_vocoder_fits(drawing, check_role(vocoder, "vocoder", "--vocoder"))
    return _Drawing(load_checkpoint(checkpoint), load_checkpoint(vocoder))


def _draw(seed: int, count: int, temperature: float) -> "RandomDraw":
    from models.melnet.sampling import RandomDraw

    return RandomDraw.seeded(range(seed, seed + count), temperature)


def _read_mels(source: Path, melnet: "Checkpoint") -> "Tensor":
    """(n_mels, T) in the checkpoint's scale, of a recording or a .npy that has it."""
    import numpy as np
    import torch

    from models.mel import LogMel
    from models.training.measured import read_wave

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
    return torch.from_numpy(_as_mels(mels, melnet.mel.n_mels, source))


def _as_mels(array: "np.ndarray", n_mels: int, source: Path) -> "np.ndarray":
    """(n_mels, T) float32 of an array of that shape, or of a batch of one, as `sample` writes it.

    Raises `DataError` for another shape, and for what is no finite number.
    """
    import numpy as np

    mels = array[0] if array.ndim == 3 and len(array) == 1 else array
    if mels.ndim != 2 or len(mels) != n_mels or not mels.shape[1]:
        raise DataError(f"{source}: shape {array.shape}; ({n_mels}, frames) is needed")
    if mels.dtype.kind not in "fiu":
        raise DataError(f"{source}: an array of {mels.dtype}; numbers are needed")
    with np.errstate(over="ignore"):
        mels = mels.astype(np.float32)
    if not np.isfinite(mels).all():
        raise DataError(f"{source}: holds NaN or infinity; finite numbers are needed")
    return mels


def _write(drawn: "Drawn", drawing: _Drawing, folder: Path, safetensors: bool) -> None:
    from models.training.pictures import save_spectrogram

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"tier{tier}": grid for tier, grid in drawn.grids.items()} | {"mels": drawn.mels}
    _write_tensors(tensors, folder, safetensors)
    name = drawing.melnet.model.config.name
    for clip, mel in enumerate(drawn.mels):
        for tier, grid in drawn.grids.items():
            picture = folder / f"clip{clip}-tier{tier}.png"
            save_spectrogram(picture, grid[clip].numpy(), f"{name}, tier {tier}")
        save_spectrogram(folder / f"clip{clip}.png", mel.numpy(), name)
        _write_wave(folder / f"clip{clip}.wav", mel, drawing)
    seconds = drawn.mels.shape[2] * drawing.melnet.mel.frame_s
    tell(f"{folder}: {len(drawn.mels)} x {seconds:.2f} s")


def _write_wave(path: Path, mel: "Tensor", drawing: _Drawing) -> None:
    """A mel (n_mels, T) through the vocoder, at a peak of 0.95 at most."""
    import soundfile
    import torch

    from models.mel import convert_mels

    vocoder = drawing.vocoder
    with torch.inference_mode():
        wave = vocoder.model(convert_mels(mel[None], drawing.melnet.mel, vocoder.mel))[0]
    wave = wave * min(1.0, 0.95 / max(float(wave.abs().max()), 1e-9))
    soundfile.write(path, wave.numpy(), vocoder.mel.sample_rate)


def _write_tensors(tensors: "dict[str, Tensor]", folder: Path, safetensors: bool) -> None:
    """What each tier drew, (B, F, T), and the whole, in one file or a .npy each."""
    import numpy as np
    from safetensors.torch import save_file

    if safetensors:
        whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
        save_file(whole, folder / "tiers.safetensors")
        return
    for name, tensor in tensors.items():
        np.save(folder / f"{name}.npy", tensor.numpy())
