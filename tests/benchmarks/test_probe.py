"""The table of what is learned from whom."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import soundfile

from benchmarks.probe import DIGITS, _half_of_each, half_of, main, table, words_of
from pipeline.build.config import check_build, load_build_config
from pipeline.probe.run import ProbeResult
from pipeline.probe.scores import RecognizedClip, scores_of, speaker_interval


def result(errors: float, speakers: Sequence[str] = ("ann", "bob")) -> ProbeResult:
    clips = [
        RecognizedClip(str(n), speaker, 20.0, "one", ("two",), errors, 1)
        for speaker in speakers
        for n in range(20)
    ]
    scores, others = scores_of(clips, True), speaker_interval(clips)
    return ProbeResult("x", "keyword", 90, 10, scores, others, None, clips, (errors, errors))


def test_a_row_a_source_with_its_speakers() -> None:
    lines = table([("ours", result(0.0)), ("theirs", result(0.5))]).splitlines()
    assert [cell.strip() for cell in lines[0].split("|")[1:-1]] == [
        "trained on", "clips", "right", "95 %", "between seeds", "ann", "bob",
    ]  # fmt: skip
    assert "100.0 %" in lines[2]
    assert lines[3].count("50.0 %") == 3


def test_of_many_speakers_it_tells_what_other_people_would_get() -> None:
    lines = table([("ours", result(0.25, [f"s{n}" for n in range(20)]))]).splitlines()
    assert [cell.strip() for cell in lines[0].split("|")[1:-1]] == [
        "trained on", "clips", "right", "95 %", "between seeds", "95 % of other people",
    ]  # fmt: skip
    assert "75.0 to 75.0" in lines[2]


def yes_and_no(folder: Path, speakers: Sequence[str]) -> Path:
    """A corpus in `folder` where each of the speakers says both words."""
    (folder / "wavs").mkdir(parents=True)
    lines = [f"{word}-{who}|{who}|{word}|{word}\n" for who in speakers for word in ("yes", "no")]
    (folder / "metadata.csv").write_text("".join(lines))
    for line in lines:
        soundfile.write(folder / "wavs" / f"{line.partition('|')[0]}.wav", [0.1] * 100, 16_000)
    return folder


def test_every_person_belongs_to_one_half(tmp_path: Path) -> None:
    speakers = [f"commands-{n:08x}" for n in range(40)]
    corpus = yes_and_no(tmp_path / "corpus", speakers)
    people = []
    for half in ("first", "second", "second"):  # a second time it finds its links
        folder = half_of(corpus, half, tmp_path / "out")
        listed = (folder / "metadata.csv").read_text().splitlines()
        assert all((folder / "wavs" / f"{line.partition('|')[0]}.wav").is_file() for line in listed)
        people.append({line.split("|")[1] for line in listed})
        assert len(listed) == 2 * len(people[-1])
    assert sorted(people[0] | people[1]) == speakers
    assert not people[0] & people[1]
    assert 10 <= len(people[0]) <= 30
    assert people[1] == people[2]


def test_the_words_are_those_of_the_config() -> None:
    assert sorted(words_of(DIGITS))[:3] == ["eight", "five", "four"]
    assert len(words_of(DIGITS)) == 10


def test_halves_are_put_side_by_side(tmp_path: Path) -> None:
    for name in ("flite", "espeak-ng"):
        (tmp_path / name / "wavs").mkdir(parents=True)
        lines = [f"clip-{n}|{name}-a|one|one\n" for n in range(4)]
        (tmp_path / name / "metadata.csv").write_text("".join(lines))
        for n in range(4):
            (tmp_path / name / "wavs" / f"clip-{n}.flac").write_text(name)
    for _ in range(2):  # a second time it finds its links
        folder = _half_of_each(tmp_path, ["one"], 4)
    listed = (folder / "metadata.csv").read_text().splitlines()
    assert [line.split("|")[0] for line in listed] == [
        "flite-clip-0", "flite-clip-1", "espeak-ng-clip-0", "espeak-ng-clip-1",
    ]  # fmt: skip
    assert (folder / "wavs" / "espeak-ng-clip-1.flac").read_text() == "espeak-ng"


@pytest.mark.parametrize("path", [DIGITS, Path("configs/build/commands.yaml")])
def test_its_configs_can_be_built(path: Path, tmp_path: Path) -> None:
    config = load_build_config(path, [f"output.path={tmp_path / 'words'}"])
    check_build(config)
    assert config.sentences.num_rows == 4000


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--real", "nowhere"], "error: corpus.root: nowhere is no folder"),
        (["--config", "nowhere.yaml"], "error: nowhere.yaml"),
        (["--only", "sung"], "error: --only: no row is called 'sung', of: voxloom, no augmenta"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_before_anything_is_made(
    wrong: list[str], message: str, tmp_path: Path
) -> None:
    real = yes_and_no(tmp_path / "real", ["ann"])
    with pytest.raises(SystemExit) as ending:
        main(["--real", str(real), "--out", str(tmp_path / "out"), *wrong])
    assert str(ending.value).startswith(message)
    assert not (tmp_path / "out").exists()
