import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from models.engines.engine import Saying
from models.engines.importing import import_piper
from models.engines.prepared import CARD, digest_of, read_prepared
from models.engines.sherpa import SherpaEngine
from models.errors import DataError
from tests.conftest import MadeOnce
from tests.tiny_engine import RATE, write_piper_voice

pytest.importorskip("sherpa_onnx", reason="the engine itself")
pytest.importorskip("onnx", reason="what makes a voice ready")

SAYING = Saying("see me", "^ s ˈiː | m ˈiː .")


@pytest.fixture(scope="session")
def hum(made_once: MadeOnce) -> Path:
    def make(folder: Path) -> None:
        import_piper(write_piper_voice(folder), "CC0-1.0", folder / "hum")

    return made_once("hum", make) / "hum"


def test_a_piper_voice_is_ready_with_its_speakers_and_licence(hum: Path) -> None:
    voice = read_prepared(hum)
    assert (voice.kind, voice.license, voice.speakers) == ("vits", "CC0-1.0", ("low", "high"))
    assert voice.made_of.startswith("hum.onnx, sha256 ")


def test_it_says_the_same_phonemes_the_same_way_whatever_it_said_before(hum: Path) -> None:
    engine = SherpaEngine(hum)
    first = engine.speak(SAYING, "low", 1.0)
    engine.speak(Saying("", "^ m ˈɑː ."), "high", 1.2)
    again = engine.speak(SAYING, "low", 1.0)
    assert first.sample_rate == RATE
    assert len(first.wave) > RATE / 2
    assert np.array_equal(first.wave, again.wave)
    assert not np.array_equal(first.wave, engine.speak(SAYING, "high", 1.0).wave)


def test_it_speaks_as_its_author_set_it(hum: Path, tmp_path: Path) -> None:
    raw = write_piper_voice(tmp_path)
    settings = json.loads((tmp_path / "hum.onnx.json").read_text())
    inference = {"noise_scale": 0.0, "noise_w": 0.2, "length_scale": 2.0}
    (tmp_path / "hum.onnx.json").write_text(json.dumps(settings | {"inference": inference}))
    import_piper(raw, "CC0-1.0", tmp_path / "still")
    still, usual = read_prepared(tmp_path / "still"), read_prepared(hum)
    assert (still.noise_scale, still.noise_w, still.length_scale) == (0.0, 0.2, 2.0)
    assert (usual.noise_scale, usual.noise_w, usual.length_scale) == (0.667, 0.8, 1.0)
    said = [SherpaEngine(folder).speak(SAYING, "low", 1.0) for folder in (tmp_path / "still", hum)]
    loudest = [float(np.abs(one.wave).max()) for one in said]
    assert loudest[0] == pytest.approx(0.3, abs=0.001)  # without noise over it
    assert loudest[1] > 0.31


def test_a_symbol_that_the_voice_lacks_is_named(hum: Path) -> None:
    with pytest.raises(DataError, match="hum lacks 'x'"):
        SherpaEngine(hum).speak(Saying("", "^ l x ."), "low", 1.0)


def test_a_folder_that_is_no_prepared_voice_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no voice\.yaml there; voxloom voices import piper"):
        SherpaEngine(tmp_path)


@pytest.mark.parametrize("lost", ["model.onnx", "tokens.txt"])
def test_a_file_that_is_gone_is_named(hum: Path, tmp_path: Path, lost: str) -> None:
    copy = shutil.copytree(hum, tmp_path / "hum")
    (copy / lost).unlink()
    with pytest.raises(DataError, match=f"{lost}: missing; import the voice again"):
        SherpaEngine(copy)


def test_the_digest_follows_every_file(hum: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(hum, tmp_path / "hum")
    voice, before = read_prepared(copy), digest_of(hum, read_prepared(hum))
    assert digest_of(copy, voice) == before
    (copy / CARD).write_text((copy / CARD).read_text() + "\n# other\n")
    assert digest_of(copy, voice) != before


def test_a_card_without_a_licence_is_refused(hum: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(hum, tmp_path / "hum")
    (copy / CARD).write_text("{kind: vits, license: '', speakers: [low]}")
    with pytest.raises(DataError, match=r"voice\.yaml: license: the licence of the voice"):
        read_prepared(copy)
