"""A raw Piper voice of two speakers that hums: real files, which sherpa-onnx speaks from."""

import json
from pathlib import Path

import numpy as np

RATE = 22_050
SIGNS = "_^$ ,.?!ˈˌːabdefhijklmnopstuvwzæðŋɐɑɔəɚɛɜɡɪɹʃʊʌʒθᵻɾ"
_SAMPLES = 1600  # a sign lasts


def write_piper_voice(folder: Path) -> Path:
    """`hum.onnx` with its `.json` in `folder`. A sign is a tone of its own, with noise over it."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    times = np.arange(_SAMPLES, dtype=np.float32) / RATE
    constants = {
        "times": (2 * np.pi * times).reshape(1, 1, -1),
        "lowest": np.float32(120.0),
        "step": np.float32(9.0),
        "level": np.float32(0.3),
        "quiet": np.float32(0.05),
    }
    initializers = [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()]
    initializers.append(numpy_helper.from_array(np.array([2]), "last"))
    initializers.append(numpy_helper.from_array(np.array([0]), "first"))
    initializers.append(numpy_helper.from_array(np.array([1, 1, 1, -1]), "shape"))
    nodes = [
        helper.make_node("Cast", ["input"], ["signs"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["sid"], ["speaker"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["signs", "last"], ["column"]),
        helper.make_node("Add", ["column", "speaker"], ["moved"]),
        helper.make_node("Mul", ["moved", "step"], ["above"]),
        helper.make_node("Add", ["above", "lowest"], ["hertz"]),
        helper.make_node("Mul", ["hertz", "times"], ["phase"]),
        helper.make_node("Sin", ["phase"], ["wave"]),
        helper.make_node("RandomNormalLike", ["column"], ["drawn"]),
        helper.make_node("Gather", ["scales", "first"], ["noise_scale"]),
        helper.make_node("Mul", ["drawn", "quiet"], ["noise"]),
        helper.make_node("Mul", ["noise", "noise_scale"], ["loudness"]),
        helper.make_node("Add", ["loudness", "level"], ["loud"]),
        helper.make_node("Mul", ["wave", "loud"], ["tones"]),
        helper.make_node("Reshape", ["tones", "shape"], ["output"]),
    ]
    inputs = [
        helper.make_tensor_value_info("input", TensorProto.INT64, [1, "N"]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
        helper.make_tensor_value_info("sid", TensorProto.INT64, [1]),
    ]
    outputs = [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 1, "S"])]
    graph = helper.make_graph(nodes, "hum", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    path = folder / "hum.onnx"
    onnx.save(model, str(path))
    settings = {
        "audio": {"sample_rate": RATE},
        "espeak": {"voice": "en-us"},
        "num_speakers": 2,
        "speaker_id_map": {"low": 0, "high": 1},
        "phoneme_id_map": {sign: [number] for number, sign in enumerate(SIGNS)},
    }
    path.with_name("hum.onnx.json").write_text(json.dumps(settings), encoding="utf-8")
    return path
