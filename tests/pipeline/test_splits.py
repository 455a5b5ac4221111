"""Rows fall into splits by id; recordings are dealt so that no two splits share one."""

from pipeline.splits import deal, split_of

USUAL = {"train": 0.8, "validation": 0.1, "test": 0.1}


def test_splits_have_their_shares() -> None:
    split = {"train": 0.5, "test": 0.5}
    names = [split_of(f"id-{index}", 1, split) for index in range(2000)]
    assert set(names) == {"train", "test"}
    assert 900 < names.count("train") < 1100


def test_every_split_gets_its_share_of_every_class() -> None:
    groups = {name: [f"{name}-{index}" for index in range(20)] for name in ("rain", "dog")}
    dealt = deal(groups, USUAL)
    assert len(dealt) == 40
    for names in groups.values():
        splits = [dealt[name] for name in names]
        assert [splits.count(name) for name in USUAL] == [16, 2, 2]


def test_every_split_gets_one_before_any_gets_two() -> None:
    dealt = deal({"rain": ["a", "b", "c", "d"]}, USUAL)
    assert sorted(dealt.values()) == ["test", "train", "train", "validation"]


def test_small_classes_serve_train_first_and_leave_no_split_empty() -> None:
    few = {"rain": ["a", "b", "c"], "dog": ["d"], "sea": ["e", "f"], "wind": ["g", "h"]}
    dealt = deal(few, USUAL)
    assert dealt["d"] == "train"
    seconds = [{dealt[name] for name in few[group]} - {"train"} for group in ("sea", "wind")]
    assert sorted(name for second in seconds for name in second) == ["test", "validation"]
    pairs = deal({"rain": ["a"], "dog": ["b"], "sea": ["c"]}, USUAL)
    assert set(pairs.values()) == set(USUAL)
    assert "train" in deal({"rain": ["a", "b"]}, USUAL).values()


def test_a_name_in_two_classes_still_serves_one_split() -> None:
    dealt = deal({"rain": ["a", "b", "c"], "storm": ["a", "d", "e"]}, USUAL)
    assert len(dealt) == 5


def test_the_order_of_the_names_does_not_matter() -> None:
    names = [f"n{index}" for index in range(9)]
    assert deal({"x": names}, USUAL) == deal({"x": names[::-1]}, USUAL)
    assert set(deal({"x": names}, {"train": 1.0}).values()) == {"train"}
