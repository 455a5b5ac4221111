"""The command line of `voxloom melnet`; the work is in flows/commands/melnet.py."""

from pathlib import Path
from typing import Annotated

import typer

melnet_app = typer.Typer(
    no_args_is_help=True, help="Speech-like sound without words, drawn by a MelNet."
)

MelNetOption = Annotated[str, typer.Option("--checkpoint", help="A MelNet's name or folder.")]
MelNetVocoderOption = Annotated[str, typer.Option("--vocoder", help="What makes it heard.")]
SeedOption = Annotated[int, typer.Option(help="Of the first clip; the next ones count up.")]
TemperatureOption = Annotated[
    float, typer.Option(help="Below 1: only what is likely, calmer and plainer.")
]
SafetensorsOption = Annotated[
    bool, typer.Option(help="The tensors in one .safetensors, not a .npy each.")
]
MelNetFolderOption = Annotated[Path, typer.Option("--to", help="The folder to write.")]


@melnet_app.command("sample")
def melnet_sample(
    to: MelNetFolderOption,
    frames: Annotated[int, typer.Option(help="Of the spectrogram: 86 a second, usually.")] = 256,
    count: Annotated[int, typer.Option(help="How many clips, drawn side by side.")] = 1,
    checkpoint: MelNetOption = "melnet",
    vocoder: MelNetVocoderOption = "vocos",
    seed: SeedOption = 0,
    temperature: TemperatureOption = 1.0,
    safetensors: SafetensorsOption = False,
) -> None:
    """Draw clips out of nothing: what every tier drew, pictures of it, and waves.

    [dim]Example:[/dim]  voxloom melnet sample --frames 400 --count 4 --to runs/babble
    """
    from flows.commands.melnet import MelNetOptions, sample_command

    options = MelNetOptions(checkpoint, vocoder, to, seed, temperature, safetensors)
    sample_command(frames, count, options)


@melnet_app.command("upsample")
def melnet_upsample(
    source: Annotated[Path, typer.Argument(help="A recording, or mels (.npy) in its scale.")],
    to: MelNetFolderOption,
    tier: Annotated[int, typer.Option(help="The first tier that is drawn anew.")] = 2,
    count: Annotated[int, typer.Option(help="How many times, from seed, seed + 1 ...")] = 1,
    checkpoint: MelNetOption = "melnet",
    vocoder: MelNetVocoderOption = "vocos",
    seed: SeedOption = 0,
    temperature: TemperatureOption = 1.0,
    safetensors: SafetensorsOption = False,
) -> None:
    """Keep a recording's coarse outline and draw the rest of it anew.

    [dim]Example:[/dim]  voxloom melnet upsample speech.wav --tier 3 --to runs/upsampled
    """
    from flows.commands.melnet import MelNetOptions, upsample_command

    options = MelNetOptions(checkpoint, vocoder, to, seed, temperature, safetensors)
    upsample_command(source, tier, count, options)
