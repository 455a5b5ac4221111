"""Voices of others made ready for sherpa-onnx: a raw Piper voice, and Kokoro as `teach fetch` left
it. What is missing is added (metadata, tokens); what a VITS model draws at random is fixed, so that
it says a sentence the same way every time.
"""

import hashlib
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from models.engines.prepared import CARD, MODEL, TOKENS, VOICES
from models.errors import DataError
from models.json_files import parse_json

_KOKORO_LICENCE = "Apache-2.0"
_KOKORO_RATE = 24_000
_STYLE = (510, 256)  # a vector for every number of symbols
_SCALES = ("noise_scale", "noise_w", "length_scale")  # of `inference` in NAME.onnx.json
_NO_SCALES: Mapping[str, float] = MappingProxyType({})
_MOST_CHANNELS, _MOST_FRAMES = 256, 4096  # of noise; 48 s at 22,050 Hz


def import_piper(model: Path, licence: str, to: Path) -> tuple[str, ...]:
    """Write the folder `to` of a Piper voice, `NAME.onnx` with `NAME.onnx.json` beside it; returns
    its speakers. Raises `DataError` naming a file that is missing or is no Piper voice.
    """
    settings = _read_json(model.with_name(f"{model.name}.json"))
    try:
        symbols = {symbol: ids[0] for symbol, ids in settings["phoneme_id_map"].items()}
        count, rate = int(settings["num_speakers"]), int(settings["audio"]["sample_rate"])
        by_id = {number: name for name, number in (settings.get("speaker_id_map") or {}).items()}
        only = settings.get("dataset") or model.stem
        speakers = tuple(by_id.get(number, str(number)) for number in range(count))
        speakers = speakers if count > 1 else (only,)
        accent = settings["espeak"]["voice"]
        inference = settings.get("inference") or {}
        scales = {name: float(inference[name]) for name in _SCALES if name in inference}
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise DataError(f"{model}.json: no settings of a Piper voice ({error!r})") from None
    network = _read_onnx(model)
    _fix_noise(network, model)
    metadata = {"model_type": "vits", "comment": "piper", "language": "English", "voice": accent}
    metadata |= {"has_espeak": 1, "n_speakers": count, "sample_rate": rate}
    card = _card("vits", licence, speakers, model, scales)
    _write_folder(to, network, metadata, symbols, card)
    return speakers


def import_kokoro(folder: Path, to: Path) -> tuple[str, ...]:
    """Write the folder `to` of Kokoro's files: an ONNX model, `vocab.json`, and `voices/*.bin`, of
    which the English ones are taken; returns them. Raises `DataError` naming what is missing.
    """
    models, voices = sorted(folder.glob("*.onnx")), sorted(folder.glob("voices/[ab][fm]_*.bin"))
    if len(models) != 1 or not voices:
        raise DataError(f"{folder}: one .onnx file and voices/*.bin are needed")
    symbols = _read_json(folder / "vocab.json").get("vocab")
    if not isinstance(symbols, dict):
        raise DataError(f"{folder / 'vocab.json'}: no vocabulary")
    speakers = tuple(path.stem for path in voices)
    styles = b"".join(path.read_bytes() for path in voices)
    if len(styles) != len(voices) * 4 * np.prod(_STYLE):
        raise DataError(f"{folder}/voices: a voice is {_STYLE} float32 values, found others")
    metadata = {"model_type": "kokoro", "language": "English", "voice": "en-us", "version": 2}
    metadata |= {"has_espeak": 1, "sample_rate": _KOKORO_RATE, "n_speakers": len(voices)}
    metadata |= {"style_dim": f"{_STYLE[0]},1,{_STYLE[1]}", "speaker_names": ",".join(speakers)}
    card = _card("kokoro", _KOKORO_LICENCE, speakers, models[0])
    _write_folder(to, _read_onnx(models[0]), metadata, symbols, card, styles)
    return speakers


def _fix_noise(network: Any, path: Path) -> None:
    """Replace what is drawn when the model runs by the beginning of one table of noise."""
    from onnx import helper, numpy_helper

    table, origin = "voxloom_noise", "voxloom_origin"
    nodes, fixed = [], 0
    for node in network.graph.node:
        if node.op_type == "RandomNormalLike":
            shape, fixed = f"{node.output[0]}_shape", fixed + 1
            nodes.append(helper.make_node("Shape", [node.input[0]], [shape]))
            nodes.append(helper.make_node("Slice", [table, origin, shape], [node.output[0]]))
        elif node.op_type.startswith("Random") or node.op_type in ("Multinomial", "Bernoulli"):
            raise DataError(f"{path}: draws by {node.op_type}, so its speech cannot be repeated")
        else:
            nodes.append(node)
    if fixed:
        noise = np.random.default_rng(0).standard_normal((1, _MOST_CHANNELS, _MOST_FRAMES))
        zeros = np.zeros(3, np.int64)
        network.graph.initializer.append(numpy_helper.from_array(noise.astype(np.float32), table))
        network.graph.initializer.append(numpy_helper.from_array(zeros, origin))
        del network.graph.node[:]
        network.graph.node.extend(nodes)


def _write_folder(
    to: Path,
    network: Any,
    metadata: Mapping[str, object],
    symbols: Mapping[str, int],
    card: str,
    styles: bytes = b"",
) -> None:
    """All files, or no folder."""
    import onnx

    del network.metadata_props[:]
    for key, value in metadata.items():
        network.metadata_props.add(key=key, value=str(value))
    to.parent.mkdir(parents=True, exist_ok=True)
    temporary = to.parent / f".{to.name}.{secrets.token_hex(4)}.tmp"
    temporary.mkdir()
    try:
        onnx.save(network, str(temporary / MODEL))
        lines = "".join(f"{symbol} {number}\n" for symbol, number in symbols.items())
        (temporary / TOKENS).write_text(lines, encoding="utf-8")
        (temporary / CARD).write_text(card, encoding="utf-8")
        if styles:
            (temporary / VOICES).write_bytes(styles)
        temporary.replace(to)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _card(
    kind: str,
    licence: str,
    speakers: tuple[str, ...],
    model: Path,
    scales: Mapping[str, float] = _NO_SCALES,
) -> str:
    import yaml

    with model.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    made_of = f"{model.name}, sha256 {digest}"
    card = {"kind": kind, "license": licence, "speakers": list(speakers), "made_of": made_of}
    text: str = yaml.safe_dump(card | dict(scales), sort_keys=False, allow_unicode=True)
    return text


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = parse_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise DataError(f"{path}: is no JSON ({error})") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: a JSON object is needed")
    return found


def _read_onnx(path: Path) -> Any:
    try:
        import onnx
    except ImportError:
        raise DataError("onnx is not installed; pip install 'voxloom[engines]'") from None
    try:
        return onnx.load(str(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    except Exception as error:  # protobuf's own, of no common base
        raise DataError(f"{path}: is no ONNX model ({type(error).__name__})") from None
