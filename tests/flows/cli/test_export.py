from pathlib import Path

import pytest

from flows.cli.app import main
from tests.pipeline.synthetic_build import seal_tones


def test_export_says_what_is_there_and_errors_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.build.pages.render_report", lambda *_: "")
    dataset, out = str(seal_tones(tmp_path, 12)), str(tmp_path / "out")
    command = ["export", dataset, "--to", "nemo", "--out", out, "--workers", "1"]
    for ending in ("", "(was there)"):
        with pytest.raises(SystemExit) as end:
            main(command)
        assert end.value.code == 0
        output = " ".join(capsys.readouterr().out.split())
        assert "nemo, " in output
        assert output.endswith(ending)

    with pytest.raises(SystemExit) as end:
        main(["export", dataset, "--to", "mp3s", "--out", out])
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("error: --to: mp3s is no known format; allowed: nemo")

    with pytest.raises(SystemExit) as end:
        main(["export", dataset, "--to", "kaldi", "--out", out])
    assert end.value.code == 1
    assert "holds an export whose format is nemo, not kaldi" in capsys.readouterr().err
