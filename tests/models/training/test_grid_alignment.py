import dataclasses
from pathlib import Path

import numpy as np
import pytest

from models.errors import ConfigError, DataError
from models.mel import MelConfig
from models.recognition.alignment import Alignment
from models.training.align import alignment_of
from models.training.features import Clip, Features
from models.training.grid_alignment import TextGridConfig, _whole_frames, read_grid_alignments
from models.training.left_out import LeftOut
from tests.models.training.textgrids import Part, write_textgrid

MEL = MelConfig()
TRIMMED_S = 0.37
# "Write tea, baby." as espeak-ng's phones; in the recording there is a pause after "tea".
PHONEMES = "^ ɹ ˈaɪ ɾ | t ˈiː , b ˈeɪ b i ."
KNOWN = Alignment(
    ("^", "ɹ", "ˈaɪ", "ɾ", "t", "ˈiː", ",", "b", "ˈeɪ", "b", "i", "."),
    (7, 6, 11, 3, 8, 14, 20, 5, 12, 6, 10, 9),
)
LABELS = {
    "ipa": ["ɹ", "ˈaɪ", "ɾ", "t", "ˈiː", "b", "ˈeɪ", "b", "i"],
    "arpabet": ["R", "AY1", "T", "T", "IY1", "B", "EY1", "B", "IY0"],
    "mfa": ["ɹ", "aj", "ɾ", "tʰ", "iː", "b", "ej", "bʲ", "i"],
}


def _clip(alignment: Alignment = KNOWN, phonemes: str = PHONEMES) -> Clip:
    frames = sum(alignment.durations)
    return Clip("c1", "anna", "", phonemes, False, 0, 0, 0, frames, trimmed_s=TRIMMED_S)


def _features(*clips: Clip) -> Features:
    nothing = np.zeros(0)
    return Features(MEL, clips, nothing, nothing, nothing)


def _parts(alignment: Alignment, labels: list[str], jitter: float = 0.0) -> list[Part]:
    """The phones of an alignment in seconds from the start of the recording."""
    rng = np.random.default_rng(0)
    ends = np.array(alignment.durations).cumsum() + rng.uniform(
        -jitter, jitter, len(alignment.symbols)
    )
    edges_s = TRIMMED_S + np.array([0, *ends]) * MEL.frame_s
    spans = [
        (float(edges_s[n]), float(edges_s[n + 1]))
        for n, symbol in enumerate(alignment.symbols)
        if symbol not in ("^", ",", ".")
    ]
    return [(label, *span) for label, span in zip(labels, spans, strict=True)]


def _words(parts: list[Part]) -> list[Part]:
    return [
        ("write", parts[0][1], parts[2][2]),
        ("tea", parts[3][1], parts[4][2]),
        ("baby", parts[5][1], parts[8][2]),
    ]


def _read(folder: Path, clip: Clip, **settings: object) -> Alignment | None:
    config = dataclasses.replace(TextGridConfig(folder), **settings)
    return alignment_of(clip, read_grid_alignments(config, _features(clip), []))


@pytest.mark.parametrize("alphabet", ["ipa", "arpabet", "mfa"])
def test_a_known_alignment_comes_back(tmp_path: Path, alphabet: str) -> None:
    parts = _parts(KNOWN, LABELS[alphabet])
    write_textgrid(tmp_path / "c1.TextGrid", {"words": _words(parts), "phones": parts})
    assert _read(tmp_path, _clip(), phones=alphabet) == KNOWN


def test_times_between_frames_move_durations_by_a_frame_at_most(tmp_path: Path) -> None:
    parts = _parts(KNOWN, LABELS["ipa"], jitter=0.49)
    write_textgrid(tmp_path / "anna" / "c1.TextGrid", {"phones": parts}, "utf-16", short=True)
    found = _read(tmp_path, _clip(), phones="ipa", word_tier=None)
    assert found is not None
    assert found.symbols == KNOWN.symbols
    assert sum(found.durations) == sum(KNOWN.durations)
    assert np.abs(np.array(found.durations) - KNOWN.durations).max() <= 1


def test_random_alignments_fill_their_clips(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for number in range(20):
        durations = tuple(int(d) for d in rng.integers(1, 30, len(KNOWN.symbols)))
        known = Alignment(KNOWN.symbols, durations)
        parts = _parts(known, LABELS["ipa"], jitter=0.3)
        folder = tmp_path / str(number)
        write_textgrid(folder / "c1.TextGrid", {"words": _words(parts), "phones": parts})
        found = _read(folder, _clip(known), phones="ipa")
        assert found is not None
        assert sum(found.durations) == sum(durations)
        assert min(found.durations) >= 1
        if durations[6] > 8:
            assert found.symbols == known.symbols
            assert np.abs(np.array(found.durations) - durations).max() <= 1


def test_what_was_said_is_taken_from_the_grid_and_the_rest_from_the_sentence(
    tmp_path: Path,
) -> None:
    """The speaker said `baba`; flap and stress stay as the sentence has them."""
    labels = [*LABELS["arpabet"][:8], "AA0"]
    parts = _parts(KNOWN, labels)
    write_textgrid(tmp_path / "c1.TextGrid", {"words": _words(parts), "phones": parts})
    found = _read(tmp_path, _clip())
    assert found == Alignment((*KNOWN.symbols[:-2], "ɑː", "."), KNOWN.durations)


def test_a_phone_that_is_two_of_ours_is_halved(tmp_path: Path) -> None:
    parts = [("ɫ̩", TRIMMED_S + 5 * MEL.frame_s, TRIMMED_S + 15 * MEL.frame_s)]
    write_textgrid(tmp_path / "c1.TextGrid", {"words": parts, "phones": parts})
    clip = dataclasses.replace(_clip(phonemes="^ b ."), num_frames=22)
    found = _read(tmp_path, clip, phones="mfa")
    assert found == Alignment(("^", "ə", "l", "."), (5, 5, 5, 7))


def test_silence_inside_a_word_and_short_silence_belong_to_the_phone_before(
    tmp_path: Path,
) -> None:
    parts = _parts(KNOWN, LABELS["ipa"])
    one_word = [("writeteababy", parts[0][1], parts[-1][2])]
    write_textgrid(tmp_path / "c1.TextGrid", {"words": one_word, "phones": parts})
    found = _read(tmp_path, _clip(), phones="ipa")
    assert found is not None
    assert found.symbols == tuple(s for s in KNOWN.symbols if s != ",")
    assert found.durations[5] == 14 + 20
    short = Alignment(KNOWN.symbols, (*KNOWN.durations[:6], 5, *KNOWN.durations[7:]))
    parts = _parts(short, LABELS["ipa"])
    write_textgrid(tmp_path / "c1.TextGrid", {"words": _words(parts), "phones": parts})
    found = _read(tmp_path, _clip(short), phones="ipa")
    assert found is not None
    assert found.durations[5] == 14 + 5


def test_silence_labels_are_silence(tmp_path: Path) -> None:
    parts = _parts(KNOWN, LABELS["arpabet"])
    with_pause = [
        ("sil", 0.0, parts[0][1]),
        *parts[:5],
        ("sp", parts[4][2], parts[5][1]),
        *parts[5:],
    ]
    write_textgrid(tmp_path / "c1.TextGrid", {"words": _words(parts), "phones": with_pause})
    assert _read(tmp_path, _clip()) == KNOWN


PROBLEMS = {
    "missing": "no TextGrid: looked for anna/c2.TextGrid and c2.TextGrid",
    "spn": "speech that the aligner did not understand",
    "too many phones": "more phones than frames",
    "another recording": "TextGrid of another recording",
    "empty": "empty TextGrid",
    "silence": "empty TextGrid",
    "damaged": "no grid of phones: line 1: cannot be read as a TextGrid",
    "another alphabet": "no grid of phones: ɹ at 0.451 s is no arpabet phone",
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_clips_that_cannot_be_used_are_told_and_left_out(tmp_path: Path, problem: str) -> None:
    good = _clip()
    bad = dataclasses.replace(good, id="c2", location="corpus/metadata.csv:2")
    parts = _parts(KNOWN, LABELS["arpabet"])
    write_textgrid(tmp_path / "c1.TextGrid", {"words": _words(parts), "phones": parts})
    if problem == "too many phones":
        bad = dataclasses.replace(bad, num_frames=9)
        parts = [
            (label, TRIMMED_S + (start - TRIMMED_S) / 20, TRIMMED_S + (end - TRIMMED_S) / 20)
            for label, start, end in parts
        ]
    if problem == "another recording":
        parts = [(label, start + 1, end + 1) for label, start, end in parts]
    if problem != "missing":
        labelled = [("spn", *parts[0][1:]), *parts[1:]] if problem == "spn" else parts
        labelled = [("", 0.0, 1.0)] if problem == "empty" else labelled
        labelled = [("sil", 0.0, 1.0)] if problem == "silence" else labelled
        labelled = _parts(KNOWN, LABELS["mfa"]) if problem == "another alphabet" else labelled
        words = [("", 0.0, 1.0)] if problem == "empty" else _words(parts)
        write_textgrid(tmp_path / "c2.TextGrid", {"words": words, "phones": labelled})
    if problem == "damaged":
        (tmp_path / "c2.TextGrid").write_text("File type = none")
    left_out = list[LeftOut]()
    found = read_grid_alignments(TextGridConfig(tmp_path), _features(good, bad), left_out)
    (one,) = left_out
    assert str(one).startswith(
        f"corpus/metadata.csv:2: {PROBLEMS[problem]}"
        if problem == "missing"
        else f"{tmp_path / 'c2.TextGrid'}: {PROBLEMS[problem]}"
    )
    assert alignment_of(good, found) == KNOWN
    assert alignment_of(bad, found) is None


def test_a_label_of_another_alphabet_is_named(tmp_path: Path) -> None:
    parts = _parts(KNOWN, LABELS["mfa"])
    path = write_textgrid(tmp_path / "c1.TextGrid", {"words": parts, "phones": parts})
    with pytest.raises(
        DataError, match=rf"{path}: no grid .*: ɹ at 0\.451 s is no arpabet phone; allowed are B,"
    ):
        _read(tmp_path, _clip())


def test_a_folder_without_grids_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"holds no TextGrid of a clip; .* looked for anna/c1\.TextGrid"
    ):
        _read(tmp_path, _clip())
    with pytest.raises(ConfigError, match=r"textgrids\.folder: .*nowhere is no folder"):
        _read(tmp_path / "nowhere", _clip())


@pytest.mark.parametrize(
    ("ends", "num_frames", "durations"),
    [
        ([2.0, 4.0], 6, (2, 2, 2)),
        ([-3.0, 0.2], 6, (1, 1, 4)),
        ([5.0, 5.1, 5.2], 6, (3, 1, 1, 1)),
        ([2.0, 2.0, 2.0], 9, (2, 1, 1, 5)),
        ([9.0, 12.0], 4, (2, 1, 1)),
        ([1.0, 2.0, 3.0], 3, None),
    ],
)
def test_whole_frames_leave_none_empty(
    ends: list[float], num_frames: int, durations: tuple[int, ...] | None
) -> None:
    assert _whole_frames(np.array(ends), num_frames) == durations


def test_two_corpora_never_share_a_grid(tmp_path: Path) -> None:
    """`anna/c1.TextGrid` is of one of them, and nobody knows of which."""
    parts = _parts(KNOWN, LABELS["arpabet"])
    tiers = {"words": _words(parts), "phones": parts}
    write_textgrid(tmp_path / "anna" / "c1.TextGrid", tiers)
    one, two = (dataclasses.replace(_clip(), corpus=corpus) for corpus in "xy")
    with pytest.raises(DataError, match=r"looked for x/anna/c1\.TextGrid$"):
        read_grid_alignments(TextGridConfig(tmp_path), _features(one, two), [])
    write_textgrid(tmp_path / "y" / "anna" / "c1.TextGrid", tiers)
    found = read_grid_alignments(TextGridConfig(tmp_path), _features(one, two), [])
    assert alignment_of(one, found) is None
    assert alignment_of(two, found) == KNOWN
