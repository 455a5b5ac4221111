"""Functions of networks at fixed shapes, recorded once a shape as CUDA graphs and played back.

A GPU computes a layer of our networks sooner than Python asks for the next one; a graph asks for
all of them at once (NVIDIA, CUDA Programming Guide, CUDA Graphs). What is recorded must neither
wait for the device nor read memory of the host.
"""

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_map_only, tree_unflatten

R = TypeVar("R")
Record = Callable[[Callable[[], R]], tuple[Callable[[], None], R]]

_MOST_GRAPHS = 64  # of a network: each keeps what it is given and what it makes, no more
_one_at_a_time = threading.Lock()  # callers share a graph's tensors, and graphs working memory


class _Graph(NamedTuple):
    """`play` computes `made` of what lies in the tensors `given`."""

    given: list[Tensor]
    play: Callable[[], None]
    made: Any


class Graphs:
    """The recordings of one network's functions. `record` runs a function and returns what runs it
    again, into the tensors that it made, which come second.
    """

    def __init__(self, device: str, record: Record[Any], most: int = _MOST_GRAPHS) -> None:
        self._device, self._record, self._most = device, record, most
        self._graphs: OrderedDict[Hashable, _Graph] = OrderedDict()

    @torch.inference_mode()
    def play(self, function: Callable[..., R], *inputs: Any) -> R:
        """What `function` makes of the inputs, tensors of the host and plain values in tuples: on
        the host.
        """
        leaves, structure = tree_flatten(inputs)
        key = (function.__name__, structure, *map(_kind, leaves))
        with _one_at_a_time:
            graph = self._graphs.get(key)
            if graph is None:
                graph = self._recorded(function, leaves, structure)
                self._graphs[key] = graph
                if len(self._graphs) > self._most:
                    self._graphs.popitem(last=False)
            self._graphs.move_to_end(key)
            given = (leaf for leaf in leaves if isinstance(leaf, Tensor))
            for tensor, leaf in zip(graph.given, given, strict=True):
                tensor.copy_(leaf)
            graph.play()
            made: R = tree_map_only(Tensor, _on_host, graph.made)
        return made

    def forget(self) -> None:
        """Give back the memory of all recordings."""
        with _one_at_a_time:
            self._graphs.clear()

    def _recorded(self, function: Callable[..., R], leaves: list[Any], structure: Any) -> _Graph:
        held = [
            leaf.to(self._device, copy=True) if isinstance(leaf, Tensor) else leaf
            for leaf in leaves
        ]
        inputs = tree_unflatten(held, structure)
        play, made = self._record(lambda: function(*inputs))
        return _Graph([one for one in held if isinstance(one, Tensor)], play, made)


_of_networks: WeakKeyDictionary[nn.Module, Graphs] = WeakKeyDictionary()


def play(device: str, function: Callable[..., R], *inputs: Any) -> R:
    """What a method of a network makes of inputs on the host: by a graph on a GPU."""
    if torch.device(device).type != "cuda":
        return function(*inputs)
    network: nn.Module = function.__self__  # type: ignore[attr-defined]
    graphs = _of_networks.get(network)
    if graphs is None:
        graphs = _of_networks.setdefault(network, Graphs(device, record_on_gpu))
    return graphs.play(function, *inputs)


def forget_graphs() -> None:
    """Give back the memory of all recordings of this process."""
    for graphs in list(_of_networks.values()):
        graphs.forget()


def record_on_gpu(run: Callable[[], R]) -> tuple[Callable[[], None], R]:
    """A CUDA graph of `run`, and what it will have made. Raises `torch.OutOfMemoryError`."""
    warming = torch.cuda.Stream()
    warming.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(warming):
        run()  # kernels are chosen and plans of FFTs made, which cannot be recorded
    torch.cuda.current_stream().wait_stream(warming)
    torch.cuda.synchronize()
    torch.cuda.empty_cache()  # a graph has memory of its own
    graph = torch.cuda.CUDAGraph()
    try:
        # Other threads may go on with what is theirs on the GPU.
        with torch.cuda.graph(graph, _working_memory(), capture_error_mode="thread_local"):
            made = run()
    except RuntimeError as error:  # the end of a recording that failed hides why it did
        if isinstance(error.__context__, torch.OutOfMemoryError):
            raise error.__context__ from None
        raise
    return graph.replay, made


@functools.cache
def _working_memory() -> Any:
    """That of all graphs, one at a time: what one made is copied before the next is played."""
    return torch.cuda.graph_pool_handle()


def _kind(leaf: Any) -> Hashable:
    """What decides kernels: a tensor's shape and type, any other value itself."""
    return (leaf.shape, leaf.dtype) if isinstance(leaf, Tensor) else leaf


def _on_host(tensor: Tensor) -> Tensor:
    """A copy: the next play writes over what the last one made."""
    return tensor.to("cpu", copy=True)
