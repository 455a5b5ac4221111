"""Beginning a run with the weights of another: every tensor that fits, and rows by their name."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from models.checkpoint import Checkpoint, load_checkpoint
from models.errors import ConfigError
from models.mel import MelConfig, check_same_mel
from models.phonology.accents import nearest_phone
from models.phonology.phonemes import unstressed
from models.phonology.symbols import find_symbol
from models.phonology.word_starts import unmarked


class Rows(NamedTuple):
    """What the first axis of a tensor stands for: in the new model, and in the old."""

    new: Sequence[str]
    old: Sequence[str]


def load_start(name: str, kind: str, mel: MelConfig) -> Checkpoint:
    """The checkpoint to begin with. Raises `ConfigError` for another kind or another MelConfig."""
    checkpoint = load_checkpoint(name)
    if checkpoint.kind != kind:
        raise ConfigError(f"start_from: {name} is a {checkpoint.kind}; needed is {kind}")
    check_same_mel(checkpoint.mel, mel, f"start_from: {name} and this config")
    return checkpoint


@torch.no_grad()
def start_voice(name: str, kind: str, model: Any) -> None:
    """Let an acoustic model go on from the checkpoint `name`: speakers that it knows with their own
    rows, others from the average of its voices; phones that it lacks from the most similar. What
    has another width stays fresh.
    """
    start = load_start(name, kind, model.mel)
    rows = dict.fromkeys(model.per_speaker, Rows(model.speakers, start.speakers))
    nearest = [_stand_in(symbol, start.symbols) for symbol in model.symbols]
    rows["symbol_embedding.weight"] = Rows(nearest, start.symbols)
    if hasattr(model, "speaker_embedding") and hasattr(start.model, "speaker_embedding"):
        average = start.model.speaker_embedding.weight.mean(dim=0)
        ours = model.speaker_embedding.weight
        if ours.shape[1:] == average.shape:
            ours.copy_(average.expand_as(ours))
    fresh = warm_start(model, start.model, rows)
    print(f"start from {start.label}; fresh, all or in part: {', '.join(fresh) or 'nothing'}")


def _stand_in(symbol: str, known: Sequence[str]) -> str:
    """The symbol of `known` most similar to one that it lacks; the symbol itself where none is."""
    index = {name: number for number, name in enumerate(known)}
    number = find_symbol(symbol, index)
    if number is None:
        symbol = unmarked(symbol)
        phone = unstressed(symbol)
        nearest = nearest_phone(phone, {unstressed(name) for name in known})
        if nearest:
            number = find_symbol(symbol.removesuffix(phone) + nearest, index)
    return symbol if number is None else known[number]


@torch.no_grad()
def warm_start(model: nn.Module, old: nn.Module, rows: Mapping[str, Rows]) -> tuple[str, ...]:
    """Take from `old` what fits; returns the names of the tensors that stay fresh, all or in part.

    Tensors named in `rows` are taken row by row, whatever their number: a row without a namesake
    in `old` stays as it was.
    """
    known, fresh = old.state_dict(), []
    for name, tensor in model.state_dict().items():
        source = known.get(name)
        if source is None or source.shape[1:] != tensor.shape[1:]:
            fresh.append(name)
        elif name in rows:
            new_names, old_names = rows[name]
            old_rows = {row: index for index, row in enumerate(old_names)}
            shared = [index for index, row in enumerate(new_names) if row in old_rows]
            tensor[shared] = source[[old_rows[new_names[index]] for index in shared]]
            if len(shared) < len(new_names):
                fresh.append(name)
        elif source.shape == tensor.shape:
            tensor.copy_(source)
        else:
            fresh.append(name)
    return tuple(fresh)
