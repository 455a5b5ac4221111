import csv
import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.errors import DataError
from pipeline.augment.sounds.library import UNKNOWN_LICENSE, folder_digest, load_sounds

SHIPPED = Path(__file__).parents[4] / "sounds"
RATE = 22050


def write_sound(path: Path, num_samples: int = 800, rate: int = 16000, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = 0.1 * np.random.default_rng(seed).standard_normal(num_samples)
    soundfile.write(path, wave, rate)


def test_every_shipped_sound_has_its_class_licence_and_author():
    with (SHIPPED / "sources.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["path"]: row for row in csv.DictReader(file)}
    shipped = {path.relative_to(SHIPPED).as_posix(): path for path in SHIPPED.rglob("*.flac")}
    assert set(rows) == set(shipped)
    for name, row in rows.items():
        info = soundfile.info(str(shipped[name]))
        assert float(row["seconds"]) == pytest.approx(info.duration, abs=0.01), name
        assert int(row["sample_rate"]) == info.samplerate, name
        assert row["attribution"], name
        assert row["source"].startswith("http"), name


def test_shipped_noise_needs_no_attribution_and_rooms_have_it_in_the_readme():
    noise = load_sounds(SHIPPED / "noise", RATE, "noise")
    assert {sound.license for sound in noise.sounds} == {"CC0 1.0", "Public Domain"}
    several = [name for name, sounds in noise.by_class.items() if len(sounds) > 1]
    assert len(several) >= 6
    readme = (SHIPPED / "README.md").read_text(encoding="utf-8")
    for sound in load_sounds(SHIPPED / "rooms", RATE, "room").sounds:
        assert sound.license in {"CC0 1.0", "Public Domain", "CC BY 4.0", "Apache-2.0"}
        assert f"`{sound.path.name}`" in readme


def test_the_shipped_sounds_stay_small():
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*.flac")) < 6_000_000


def test_a_folder_without_a_list_has_classes_by_folder_and_unknown_licences(tmp_path):
    for name in ("hum.wav", "street/a.flac", "street/deep/b.ogg", "office/c.mp3", "street/n.txt"):
        if name.endswith(".txt"):
            (tmp_path / "mine" / name).write_text("not a sound")
        else:
            write_sound(tmp_path / "mine" / name, num_samples=4000)
    library = load_sounds(tmp_path / "mine", RATE, default_class="noise")
    assert {sound.source: sound.sound_class for sound in library.sounds} == {
        "mine/hum.wav": "noise",
        "mine/street/a.flac": "street",
        "mine/street/deep/b.ogg": "street",
        "mine/office/c.mp3": "office",
    }
    assert {sound.license for sound in library.sounds} == {UNKNOWN_LICENSE}


@pytest.mark.parametrize("beside", [False, True])
def test_licences_come_from_the_list_in_the_folder_or_beside_it(tmp_path, beside):
    write_sound(tmp_path / "mine/street/a.wav")
    write_sound(tmp_path / "mine/street/unlisted.wav")
    where, prefix = (tmp_path, "mine/") if beside else (tmp_path / "mine", "")
    (where / "sources.csv").write_text(
        f"path,license,attribution\n{prefix}street/a.wav,CC BY 4.0,by A. N. Author\n"
    )
    library = load_sounds(tmp_path / "mine", RATE, "noise")
    listed = library.by_source["mine/street/a.wav"]
    assert (listed.license, listed.attribution) == ("CC BY 4.0", "by A. N. Author")
    assert library.by_source["mine/street/unlisted.wav"].license == UNKNOWN_LICENSE


def test_waves_are_read_at_the_library_rate_and_cannot_be_written_to(tmp_path):
    write_sound(tmp_path / "mine/a.wav", num_samples=1600, rate=16000)
    wave = load_sounds(tmp_path / "mine", RATE, "noise").wave("mine/a.wav")
    assert len(wave) == pytest.approx(2205, abs=1)
    with pytest.raises(ValueError, match="read-only"):
        wave[0] = 1.0


def test_a_file_that_changes_is_read_again_and_changes_the_digest(tmp_path):
    write_sound(tmp_path / "mine/a.wav", num_samples=1600, seed=0)
    first, wave = folder_digest(tmp_path / "mine"), read_again(tmp_path)
    assert folder_digest(tmp_path / "mine") == first
    write_sound(tmp_path / "mine/a.wav", num_samples=1700, seed=1)
    assert folder_digest(tmp_path / "mine") != first
    assert len(read_again(tmp_path)) > len(wave)


def read_again(tmp_path: Path) -> np.ndarray:
    return load_sounds(tmp_path / "mine", RATE, "noise").wave("mine/a.wav")


@pytest.mark.parametrize("change", ["rename", "add", "license"])
def test_the_digest_sees_names_files_and_licences(tmp_path, change):
    folder = tmp_path / "mine"
    write_sound(folder / "rain/a.wav")
    before = folder_digest(folder)
    if change == "rename":
        (folder / "rain").rename(folder / "wind")
    elif change == "add":
        write_sound(folder / "rain/b.wav")
    else:
        (folder / "sources.csv").write_text("path,license\nrain/a.wav,CC0 1.0\n")
    assert folder_digest(folder) != before


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match="nowhere: no such folder"):
        load_sounds(tmp_path / "nowhere", RATE, "noise")


def test_a_folder_without_audio_is_named_with_what_is_allowed(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/readme.txt").write_text("soon")
    for use in (folder_digest, lambda folder: load_sounds(folder, RATE, "noise")):
        with pytest.raises(DataError, match=r"empty: holds no sound files .*wav, flac, ogg, mp3"):
            use(tmp_path / "empty")


def test_a_file_in_place_of_a_folder_is_named(tmp_path):
    write_sound(tmp_path / "a.wav")
    with pytest.raises(DataError, match=r"a\.wav: is a file"):
        load_sounds(tmp_path / "a.wav", RATE, "noise")


def test_a_file_that_is_not_audio_is_named_at_once(tmp_path):
    write_sound(tmp_path / "mine/a.wav")
    (tmp_path / "mine/broken.flac").write_bytes(b"fLaC and then nothing")
    with pytest.raises(DataError, match=r"broken\.flac: not a sound file"):
        load_sounds(tmp_path / "mine", RATE, "noise")


def test_a_sound_file_without_samples_is_named(tmp_path):
    write_sound(tmp_path / "mine/empty.wav", num_samples=0)
    with pytest.raises(DataError, match=r"empty\.wav: a sound file without any audio"):
        load_sounds(tmp_path / "mine", RATE, "noise")


def test_a_list_without_its_columns_is_named(tmp_path):
    write_sound(tmp_path / "mine/a.wav")
    (tmp_path / "mine/sources.csv").write_text("file,licence\na.wav,CC0\n")
    with pytest.raises(DataError, match=r"sources\.csv: lacks the column license, path"):
        load_sounds(tmp_path / "mine", RATE, "noise")


def test_an_unknown_source_is_named():
    with pytest.raises(DataError, match="no sound called noise/rain/none"):
        load_sounds(SHIPPED / "noise", RATE, "noise").wave("noise/rain/none.flac")


def test_threads_may_share_a_library():
    library = load_sounds(SHIPPED / "rooms", RATE, "room")
    sums: list[float] = []

    def total() -> None:
        sums.append(sum(float(library.wave(sound.source).sum()) for sound in library.sounds))

    threads = [threading.Thread(target=total) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(sums)) == 1


def test_the_list_of_a_hugging_face_folder_gives_class_and_licence(tmp_path):
    write_sound(tmp_path / "hub/a.wav")
    write_sound(tmp_path / "hub/b.wav")
    (tmp_path / "hub/metadata.csv").write_text("file_name,class,license\na.wav,rain,CC0 1.0\n")
    first, second = load_sounds(tmp_path / "hub", RATE, "noise").sounds
    assert (first.sound_class, first.license) == ("rain", "CC0 1.0")
    assert (second.sound_class, second.license) == ("noise", UNKNOWN_LICENSE)


@pytest.mark.parametrize("said", ["yes", "so, so, so"])
def test_the_metadata_of_a_corpus_is_no_list_of_sounds(tmp_path, said):
    write_sound(tmp_path / "kathleen/wavs/a.wav")
    (tmp_path / "kathleen/metadata.csv").write_text(f"a|ann|{said}|{said}")
    (sound,) = load_sounds(tmp_path / "kathleen", RATE, "noise").sounds
    assert (sound.sound_class, sound.license) == ("wavs", UNKNOWN_LICENSE)


def test_sounds_cut_from_one_recording_know_it():
    by_source = load_sounds(SHIPPED / "noise", RATE, "noise").by_source
    parts = [by_source[f"noise/birds/freesound_156826_part{part}.flac"] for part in (1, 2)]
    assert parts[0].recording == parts[1].recording
    assert len({sound.recording for sound in by_source.values()}) > 15


def test_other_bytes_of_the_same_name_size_and_time_are_heard(tmp_path):
    path = tmp_path / "mine/a.wav"
    result = []
    for seed in (0, 1):
        write_sound(path, num_samples=1600, seed=seed)
        os.utime(path, ns=(0, 0))
        plain = load_sounds(tmp_path / "mine", RATE, "noise")
        kept = load_sounds(tmp_path / "mine", RATE, "noise", cache=tmp_path / "cache")
        np.testing.assert_array_equal(kept.wave("mine/a.wav"), plain.wave("mine/a.wav"))
        result.append((folder_digest(tmp_path / "mine"), plain.wave("mine/a.wav")))
    assert result[0][0] != result[1][0]
    assert not np.array_equal(result[0][1], result[1][1])


def test_two_folders_and_roles_share_no_entry(tmp_path):
    """The same name, size and time in two folders; and one file as noise and as a room."""
    cache = tmp_path / "cache"
    for name, seed in (("x/mine", 0), ("y/mine", 1)):
        write_sound(tmp_path / name / "a.wav", num_samples=1600, seed=seed)
        os.utime(tmp_path / name / "a.wav", ns=(0, 0))
    waves = [
        load_sounds(tmp_path / name, RATE, "noise", cache, is_noise=is_noise).wave("mine/a.wav")
        for name, is_noise in (("x/mine", True), ("y/mine", True), ("x/mine", False))
    ]
    assert not np.array_equal(waves[0], waves[1])
    assert not np.array_equal(waves[0], waves[2])
    assert len(list(cache.iterdir())) == 3


def test_classes_that_are_links_are_there_and_one_recording_stays_one(tmp_path):
    write_sound(tmp_path / "elsewhere/a.wav")
    write_sound(tmp_path / "mine/rain/a.wav")
    (tmp_path / "mine/wind").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "mine/drizzle").symlink_to(tmp_path / "mine/rain")
    library = load_sounds(tmp_path / "mine", RATE, "noise")
    assert list(library.by_class) == ["drizzle", "rain", "wind"]
    by_class = {name: sounds[0].recording for name, sounds in library.by_class.items()}
    assert by_class["drizzle"] == by_class["rain"] != by_class["wind"]


ROW = {"file_name": "b/a.wav", "Label": "rain", "License": "CC0", "author": "me", "url": "x"}


@pytest.mark.parametrize("name", ["metadata.csv", "METADATA.CSV", "metadata.jsonl"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_a_hugging_face_list_says_wins_over_the_folders_name(tmp_path, name, mark):
    write_sound(tmp_path / "mine/b/a.wav")
    write_sound(tmp_path / "mine/b/c.wav")
    text = (
        json.dumps(ROW) if name.endswith("jsonl") else "\n".join(map(",".join, (ROW, ROW.values())))
    )
    (tmp_path / "mine" / name).write_text(mark + text, encoding="utf-8")
    before = folder_digest(tmp_path / "mine")
    listed, other = load_sounds(tmp_path / "mine", RATE, "noise").sounds
    assert (listed.sound_class, listed.license, listed.attribution) == ("rain", "CC0", "me")
    assert (listed.recording, other.sound_class) == ("x", "b")
    (tmp_path / "mine" / name).write_text(text.replace("rain", "wind"), encoding="utf-8")
    assert folder_digest(tmp_path / "mine") != before


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("a.wav,CC0\na.wav,CC BY", r"sources.csv:2 and .*sources.csv:3 list the same sound diff"),
        ("a.wav,CC0\n\0b.wav,CC0", r"sources.csv:3: path: no file can be called '.x00b.wav'"),
        ("a.wav,CC0\na.wav", r"sources.csv:3: 1 fields under 2 columns"),
    ],
)
def test_lists_that_cannot_be_followed_are_named(tmp_path, rows, problem):
    write_sound(tmp_path / "mine/a.wav")
    (tmp_path / "mine/sources.csv").write_text(f"path,license\n{rows}\n")
    with pytest.raises(DataError, match=problem):
        load_sounds(tmp_path / "mine", RATE, "noise")


def test_offset_and_rumble_are_no_noise_and_opposite_channels_are(tmp_path):
    tone = 0.2 * np.sin(2 * np.pi * 300 * np.arange(16000) / 16000)
    rumble = 0.6 * np.sin(2 * np.pi * 5 * np.arange(16000) / 16000)
    for name, wave in {
        "plain": tone,
        "rumble": tone + 0.2 + rumble,
        "opposite": np.stack([tone, -tone], axis=1),
    }.items():
        (tmp_path / "mine").mkdir(exist_ok=True)
        soundfile.write(tmp_path / f"mine/{name}.wav", wave, 16000, subtype="FLOAT")
    library = load_sounds(tmp_path / "mine", 16000, "noise")
    for name in ("rumble", "opposite"):
        difference = library.wave(f"mine/{name}.wav") - library.wave("mine/plain.wav")
        assert np.abs(difference)[800:-800].max() < 0.01
