from pathlib import Path

import soundfile

from benchmarks.accents_page import main, marked
from tests.tiny_voices import TinyVoices


def test_changed_phones_are_bold_and_silences_left_out() -> None:
    found = marked("^ w ɪ ð | h ɜː .", "^ v ɪ s | ɜː .")
    assert found == "<b>v</b> ɪ <b>s</b> &nbsp; ɜː"


def test_a_row_with_its_clip_for_every_accent(tmp_path: Path, tiny_voices: TinyVoices) -> None:
    names = ["--speaker", "anna", "--accents", "fr", "es"]
    voice = ["--acoustic", str(tiny_voices.acoustic_model), "--vocoder", str(tiny_voices.vocoder)]
    main([*names, *voice, "--text", "With her.", "--out", str(tmp_path)])
    page = (tmp_path / "index.html").read_text()
    assert page.count("<tr>") == page.count("<audio") == 3
    assert "en-us+fr(0.8)" in page
    for name in ("en-us", "en-us+fr", "en-us+es"):
        assert soundfile.info(tmp_path / f"{name}.ogg").duration > 0.05
    assert (tmp_path / "mels.png").is_file()
