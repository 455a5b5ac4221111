"""Ids that occur twice, and values that splits share, found by hashes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.dataset.files import data_files, read_rows
from pipeline.dataset.leaks import Leak
from pipeline.dataset.record import read_record
from pipeline.verify.leaks import duplicate_ids, leak_problems
from pipeline.verify.rows import hash_of
from tests.pipeline.editing.test_join import sealed


@pytest.fixture
def dataset(sealed_tones: Callable[[int], Path]) -> Path:
    return sealed_tones(60)


def hashes(values: list[str]) -> np.ndarray:
    return np.array([hash_of(value) for value in values], np.uint64)


def test_distinct_ids_are_no_problem(dataset: Path) -> None:
    ids = [row["id"] for file in data_files(dataset) for row in read_rows(file, ["id"])]
    assert list(duplicate_ids(data_files(dataset), hashes(ids))) == []


def test_a_file_read_twice_has_every_id_twice(dataset: Path) -> None:
    file = data_files(dataset)[0]
    ids = [row["id"] for row in read_rows(file, ["id"])]
    problems = list(duplicate_ids([file, file], hashes([*ids, *ids])))
    assert [problem.id for problem in problems] == ids
    assert {problem.message for problem in problems} == {"this id occurs more than once"}


def test_counts_other_than_the_reported_ones_are_told(dataset: Path) -> None:
    record = read_record(dataset)
    kinds = [leak.kind for leak in record.leaks]
    assert "template" in kinds
    none = {kind: {"train": np.zeros(0, np.uint64)} for kind in kinds}
    messages = [problem.message for problem in leak_problems(record, data_files(dataset), none)]
    assert any(message.startswith("leaks: template: values: expected") for message in messages)
    assert all(message.endswith("found 0") for message in messages)


def test_kinds_of_negatives_may_have_been_counted_as_templates(tmp_path: Path) -> None:
    negatives = {"source": "negatives", "template": "negatives:order"}
    dataset = sealed(tmp_path, "wake", range(60), **negatives)
    splits = {file.name.partition("-")[0] for file in data_files(dataset)}
    record, now = read_record(dataset), hashes(["a", "b"])
    assert "template" not in {leak.kind for leak in record.leaks}
    of_before = Leak("template", 1, int(len(splits) > 1), (), kept_apart=False)

    def told(leak: Leak) -> list[str]:
        found = leak_problems(replace(record, leaks=(leak,)), data_files(dataset), values)
        return [problem.message for problem in found if "template" in problem.message]

    values = {"text": {"train": now}}
    assert told(of_before) == []
    assert told(replace(of_before, values=2))[0] == "leaks: template: values: expected 2, found 0"
