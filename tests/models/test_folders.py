from pathlib import Path

from models.folders import files_below


def test_folders_that_are_links_count_like_others(tmp_path: Path) -> None:
    real, elsewhere = tmp_path / "sounds" / "rain", tmp_path / "elsewhere"
    for folder in (real, elsewhere, tmp_path / "sounds" / ".hidden"):
        folder.mkdir(parents=True)
        (folder / "a.wav").touch()
    (real.parent / "wind").symlink_to(elsewhere)
    (elsewhere / "again").symlink_to(real.parent)  # a circle
    found = [str(path.relative_to(real.parent)) for path in files_below(real.parent)]
    assert found == ["rain/a.wav", "wind/a.wav"]
