"""CUDA graphs of our networks, without a GPU: what records them is a stand-in, and that they can be
recorded is read off the operations that they ask for.
"""

import contextlib
import copy
import gc
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from models import cuda_graphs
from models.acoustic.fastspeech2 import FastSpeech2, Prosody
from models.checkpoint import shared_checkpoint
from models.cuda_graphs import Graphs, forget_graphs, play, record_on_gpu
from models.precision import in_precision
from models.voice import Controls

R = TypeVar("R")


class _Doubling(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def doubled(self, x: Tensor, beside: Controls | None, times: int) -> tuple[Tensor, Tensor]:
        self.calls += 1
        return 2 * times * x + (0 if beside is None else beside.pace), x


def recorded_on_cpu(run: Callable[[], R]) -> tuple[Callable[[], None], R]:
    """As a GPU does: a play writes over the tensors that the recording made."""
    made = run()

    def again() -> None:
        for old, new in zip(tree_leaves(made), tree_leaves(run()), strict=True):
            if isinstance(old, Tensor):
                old.copy_(new.clone())

    return again, made


def test_a_graph_is_recorded_once_a_shape_and_played_with_what_it_is_given() -> None:
    network, recorded = _Doubling(), list[object]()

    def record(run: Callable[[], Any]) -> tuple[Callable[[], None], Any]:
        recorded.append(run)
        return recorded_on_cpu(run)

    graphs = Graphs("cpu", record)
    first = graphs.play(network.doubled, torch.ones(2), None, 3)
    second = graphs.play(network.doubled, torch.tensor([5.0, 7.0]), None, 3)
    assert first[0].tolist() == [6, 6]  # not written over
    assert second[0].tolist() == [30, 42]
    assert second[1].tolist() == [5, 7]
    assert len(recorded) == 1
    graphs.play(network.doubled, torch.ones(3), None, 3)
    graphs.play(network.doubled, torch.ones(2), None, 4)
    graphs.play(network.doubled, torch.ones(2, dtype=torch.long), None, 3)
    beside = Controls.neutral(2, torch.device("cpu"))
    assert graphs.play(network.doubled, torch.ones(2), beside, 3)[0].tolist() == [7, 7]
    assert len(recorded) == 5
    graphs.forget()
    graphs.play(network.doubled, torch.ones(2), None, 3)
    assert len(recorded) == 6


def test_only_the_latest_graphs_are_kept() -> None:
    network, recorded = _Doubling(), list[int]()

    def record(run: Callable[[], Any]) -> tuple[Callable[[], None], Any]:
        recorded.append(1)
        return recorded_on_cpu(run)

    graphs = Graphs("cpu", record, most=2)
    for size in (1, 2, 1, 3, 1, 2):  # 3 takes the place of 2, which was met longest ago
        graphs.play(network.doubled, torch.ones(size), None, 1)
    assert len(recorded) == 4


def test_a_cpu_needs_no_graph_and_a_gpu_keeps_them_with_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = _Doubling()
    assert play("cpu", network.doubled, torch.ones(1), None, 1)[0].tolist() == [2]
    assert not len(cuda_graphs._of_networks)
    monkeypatch.setattr(cuda_graphs, "record_on_gpu", recorded_on_cpu)
    monkeypatch.setattr(cuda_graphs, "Graphs", lambda device, record: Graphs("cpu", record))
    for _ in range(2):
        assert play("cuda", network.doubled, torch.ones(1), None, 1)[0].tolist() == [2]
    assert len(cuda_graphs._of_networks) == 1
    forget_graphs()
    del network
    gc.collect()
    assert not len(cuda_graphs._of_networks)


def test_memory_that_runs_out_while_recording_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The end of a recording that failed raises an error of its own."""

    class Recording:
        def __init__(self, *_: object, **__: object) -> None: ...

        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None:
            raise RuntimeError("capture was invalidated")

    calls = []

    def run() -> None:
        calls.append(1)
        if len(calls) > 1:
            raise torch.OutOfMemoryError("out of memory")

    class Stream:
        def wait_stream(self, _: object) -> None: ...

    for name in ("Stream", "current_stream", "CUDAGraph", "graph_pool_handle"):
        monkeypatch.setattr(torch.cuda, name, Stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda _: torch.no_grad())
    for name in ("synchronize", "empty_cache"):
        monkeypatch.setattr(torch.cuda, name, lambda: None)
    monkeypatch.setattr(torch.cuda, "graph", Recording)
    cuda_graphs._working_memory.cache_clear()
    with pytest.raises(torch.OutOfMemoryError):
        record_on_gpu(run)
    cuda_graphs._working_memory.cache_clear()


class _Recordable(TorchDispatchMode):
    """Holds operations to what a CUDA graph can hold, of networks on the device `meta`: that takes
    no values (waiting for some raises), and nothing else than numbers comes from the host.
    """

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        read = [one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)]
        written = [one for one in tree_leaves(made) if isinstance(one, Tensor)]
        if any(one.is_meta for one in written):
            is_copy = func._schema.name in ("aten::_to_copy", "aten::copy_")
            from_host = [one for one in read if not one.is_meta and (one.dim() or is_copy)]
            assert not from_host, f"{func} reads memory of the host"
        return made


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_our_networks_can_be_recorded(precision: Any) -> None:
    batch, symbols, frames, device = 2, 32, 64, torch.device("meta")
    ids = torch.zeros(batch, symbols, dtype=torch.long, device=device)
    lengths = speakers = ids[:, 0]
    acoustic = _on_meta(in_precision(shared_checkpoint("fastspeech2").model, precision))
    vocoder = _on_meta(in_precision(shared_checkpoint("harmonic").model, precision))
    assert isinstance(acoustic, FastSpeech2)
    values = torch.zeros(batch, symbols, device=device)
    controls = Controls.neutral(batch, device)
    prosody = Prosody(ids, values, values, values, closures=ids, leads=ids)
    asked = ids, lengths, speakers
    for mode in (contextlib.nullcontext(), _Recordable()):  # the first warms up
        with mode:
            acoustic.predict(*asked, controls)
            speech = acoustic.follow(*asked, prosody, None, frames)
            assert speech.pitch_hz is not None
            noise = torch.zeros(batch, frames * vocoder.mel.hop_length, device=device)
            waves = vocoder.from_sources(speech.mels, speech.pitch_hz, noise, lengths)
    assert waves.shape == noise.shape


def _on_meta(network: Any) -> Any:
    return copy.deepcopy(network).to("meta").eval()
