import json
from pathlib import Path

import numpy as np
import pytest

from models.engines.importing import import_kokoro, import_piper
from models.engines.prepared import VOICES, read_prepared
from models.errors import DataError
from tests.flows.cli.commands import run
from tests.tiny_engine import write_piper_voice

onnx = pytest.importorskip("onnx", reason="what makes a voice ready")


def test_the_command_writes_a_folder_and_never_over_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw, to = write_piper_voice(tmp_path), tmp_path / "voices" / "hum"
    arguments = ["voices", "import", "piper", raw, "--license", "CC0-1.0", "--to", to]
    assert run(*arguments) == 0
    assert "2 speakers: low, high" in capsys.readouterr().out
    assert run(*arguments) == 2
    assert "exists already" in capsys.readouterr().err


def test_nothing_is_left_to_chance(tmp_path: Path) -> None:
    import_piper(write_piper_voice(tmp_path), "CC0-1.0", tmp_path / "hum")
    network = onnx.load(str(tmp_path / "hum" / "model.onnx"))
    assert not [node for node in network.graph.node if node.op_type.startswith("Random")]
    assert {entry.key for entry in network.metadata_props} >= {"sample_rate", "n_speakers"}


def test_a_model_without_settings_or_that_is_none_is_named(tmp_path: Path) -> None:
    raw = write_piper_voice(tmp_path)
    raw.write_bytes(b"no model")
    with pytest.raises(DataError, match=r"hum\.onnx: is no ONNX model"):
        import_piper(raw, "CC0-1.0", tmp_path / "hum")
    (tmp_path / "hum.onnx.json").write_text("{}")
    with pytest.raises(DataError, match=r"hum\.onnx\.json: no settings of a Piper voice"):
        import_piper(raw, "CC0-1.0", tmp_path / "hum")
    (tmp_path / "hum.onnx.json").unlink()
    with pytest.raises(DataError, match=r"hum\.onnx\.json: cannot be read"):
        import_piper(raw, "CC0-1.0", tmp_path / "hum")
    assert not (tmp_path / "hum").exists()


def test_kokoros_english_voices_come_into_one_file(tmp_path: Path) -> None:
    write_piper_voice(tmp_path)
    (tmp_path / "vocab.json").write_text(json.dumps({"vocab": {"a": 1, " ": 2}}))
    (tmp_path / "voices").mkdir()
    for number, name in enumerate(("af_heart", "bm_george", "jf_alpha")):
        np.full((510, 1, 256), number, "<f4").tofile(tmp_path / "voices" / f"{name}.bin")
    assert import_kokoro(tmp_path, tmp_path / "kokoro") == ("af_heart", "bm_george")
    assert read_prepared(tmp_path / "kokoro").license == "Apache-2.0"
    styles = np.fromfile(tmp_path / "kokoro" / VOICES, "<f4").reshape(2, -1)
    assert (styles[0] == 0).all()
    assert (styles[1] == 1).all()
