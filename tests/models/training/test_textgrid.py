from pathlib import Path

import pytest

from models.errors import DataError
from models.training.textgrid import read_textgrid, tier_named
from tests.models.training.textgrids import write_textgrid

TIERS = {
    "words": [("eat", 0.25, 0.5), ('"tea"', 0.75, 1.125)],
    "phones": [("ˈiː", 0.25, 0.375), ("t", 0.375, 0.5), ("t", 0.75, 0.875), ("iː", 0.875, 1.125)],
}

_SHORT = 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n1\n<exists>\n'


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_form_reads_the_same(tmp_path: Path, encoding: str, short: bool) -> None:
    path = write_textgrid(tmp_path / "a.TextGrid", TIERS, encoding, short)
    assert read_textgrid(path) == {name: tuple(parts) for name, parts in TIERS.items()}


def test_points_and_empty_labels_are_left_out(tmp_path: Path) -> None:
    path = write_textgrid(tmp_path / "a.TextGrid", {"phones": TIERS["phones"]}, short=True)
    text = path.read_text(encoding="utf-8").replace("<exists>\n1", "<exists>\n2")
    path.write_text(text + '"TextTier"\n"clicks"\n0\n1.2\n1\n0.3\n"click"\n', encoding="utf-8")
    assert list(read_textgrid(path)) == ["phones"]


def test_where_a_file_is_damaged_is_said(tmp_path: Path) -> None:
    path = write_textgrid(tmp_path / "a.TextGrid", TIERS)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[19].strip() == "xmin = 0.25"
    # A word is remark, as for Praat: the next number is taken, and one is missing after it.
    damaged = [*lines[:19], "            xmin = oops", *lines[20:]]
    path.write_text("\n".join(damaged), encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.TextGrid:22: .*found a text where a number"):
        read_textgrid(path)
    path.write_text("\n".join(lines[:30]), encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.TextGrid:30: .*found the end where"):
        read_textgrid(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "1: cannot be read as a TextGrid: found the end where a text should be"),
        ("words and phones", "1: cannot be read as a TextGrid"),
        ('"ooTextFile"\n"Sound"\n', " cannot be read as a TextGrid: its header"),
        ("ooBinaryFile\x08TextGrid", " a binary TextGrid; save it as a text file"),
        (_SHORT + '2000000000\n"IntervalTier"', "8: .*found the end"),
        (_SHORT + '1\n"IntervalTier"\n"a"\n0\n1\n2000000000\n', "13: .*found the end"),
        (_SHORT + '1\n"Tier"\n"a"\n0\n1\n1\n', "12: .*`Tier` is no kind of tier"),
        (_SHORT + '1\n"IntervalTier"\n"a"\n0\n1e999\n', "11: .*not finite"),
    ],
)
def test_what_is_no_textgrid_is_named(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "a.TextGrid").write_text(content)
    with pytest.raises(DataError, match=rf"a\.TextGrid:{told}"):
        read_textgrid(tmp_path / "a.TextGrid")


def test_tiers_are_found_behind_a_speaker(tmp_path: Path) -> None:
    tiers = {f"anna - {name}": tuple(parts) for name, parts in TIERS.items()}
    assert tier_named(tiers, "phones", tmp_path) == tiers["anna - phones"]
    with pytest.raises(DataError, match="0 tiers called phonemes; there are anna - words, anna -"):
        tier_named(tiers, "phonemes", tmp_path)
    with pytest.raises(DataError, match="2 tiers called words"):
        tier_named(tiers | {"ben - words": ()}, "words", tmp_path)
