"""The table of what is learned from whom."""

from pathlib import Path

from benchmarks.probe import CONFIG, _half_of_each, table
from pipeline.build.config import check_build, load_build_config
from pipeline.probe.run import ProbeResult
from pipeline.probe.scores import RecognizedClip, scores_of


def result(errors: float) -> ProbeResult:
    clips = [
        RecognizedClip(str(n), speaker, 20.0, "one", ("two",), errors, 1)
        for speaker in ("ann", "bob")
        for n in range(20)
    ]
    return ProbeResult(
        "x", "keyword", 90, 10, scores_of(clips, True), None, None, clips, (errors, errors)
    )


def test_a_row_a_source_with_its_speakers() -> None:
    lines = table([("ours", result(0.0)), ("theirs", result(0.5))]).splitlines()
    assert [cell.strip() for cell in lines[0].split("|")[1:-1]] == [
        "trained on", "clips", "right", "95 %", "between seeds", "ann", "bob",
    ]  # fmt: skip
    assert "100.0 %" in lines[2]
    assert lines[3].count("50.0 %") == 3


def test_halves_are_put_side_by_side(tmp_path: Path) -> None:
    for name in ("flite", "espeak-ng"):
        (tmp_path / name / "wavs").mkdir(parents=True)
        lines = [f"clip-{n}|{name}-a|one|one\n" for n in range(4)]
        (tmp_path / name / "metadata.csv").write_text("".join(lines))
        for n in range(4):
            (tmp_path / name / "wavs" / f"clip-{n}.flac").write_text(name)
    for _ in range(2):  # a second time it finds its links
        folder = _half_of_each(tmp_path, 4)
    listed = (folder / "metadata.csv").read_text().splitlines()
    assert [line.split("|")[0] for line in listed] == [
        "flite-clip-0", "flite-clip-1", "espeak-ng-clip-0", "espeak-ng-clip-1",
    ]  # fmt: skip
    assert (folder / "wavs" / "espeak-ng-clip-1.flac").read_text() == "espeak-ng"


def test_its_config_can_be_built(tmp_path: Path) -> None:
    config = load_build_config(CONFIG, [f"output.path={tmp_path / 'digits'}"])
    check_build(config)
    assert config.sentences.num_rows == 4000
