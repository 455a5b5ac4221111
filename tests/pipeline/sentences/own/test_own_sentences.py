import csv
import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from models.config import build
from models.errors import ConfigError, DataError
from pipeline.records import Reject, Sentence, Slot
from pipeline.sentences.generate import SentencesConfig, check_sentences, generate, sentences_digest
from pipeline.sentences.own import own_sentences
from pipeline.sentences.own.own_sentences import OwnFile
from pipeline.text.slot_words import slot_spans

ROWS = [
    {"text": "Fly to Oslo on May 3.", "intent": "fly", "city": "Oslo", "day": "May 3"},
    {"text": "Good night.", "intent": "greet", "city": "", "day": ""},
    {"text": 'Say "hi" to Bo, please.', "intent": "greet", "city": "", "day": ""},
]


def config_of(path: Path, count: int, **settings: object) -> SentencesConfig:
    files = [{"path": str(path), "share": 1, **settings}]
    return build(SentencesConfig, {"domain": None, "count": count, "files": files}, where="t.yaml")


def sentences(config: SentencesConfig, seed: int = 1) -> list[Sentence]:
    check_sentences(config)
    return [row for row in generate(config, seed) if isinstance(row, Sentence)]


def rejects(config: SentencesConfig, seed: int = 1) -> list[str]:
    return [row.reason for row in generate(config, seed) if isinstance(row, Reject)]


def write_lines(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def write_csv(folder: Path) -> Path:
    with (folder / "own.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ROWS[0])
        writer.writeheader()
        writer.writerows(ROWS)
    return folder / "own.csv"


def write_tsv(folder: Path) -> Path:
    return write_lines(
        folder / "own.tsv", "\t".join(ROWS[0]), *("\t".join(row.values()) for row in ROWS)
    )


def write_jsonl(folder: Path) -> Path:
    return write_lines(folder / "own.jsonl", *map(json.dumps, ROWS))


def write_parquet(folder: Path) -> Path:
    pq.write_table(pa.Table.from_pylist(ROWS), folder / "own.parquet")
    return folder / "own.parquet"


def write_folder(folder: Path) -> Path:
    (folder / "own" / "data").mkdir(parents=True)
    (folder / "own" / "README.md").write_text("---\nlicense: cc0-1.0\n---\n")
    for number, row in enumerate(ROWS):
        file = folder / "own" / "data" / f"train-{number:05d}-of-00003.parquet"
        pq.write_table(pa.Table.from_pylist([row]), file)
    return folder / "own"


def write_saved(folder: Path) -> Path:
    Dataset.from_list(ROWS).save_to_disk(folder / "own")
    (folder / "own" / "cache-old.arrow").write_bytes(b"of an earlier version")
    return folder / "own"


def write_saved_splits(folder: Path) -> Path:
    splits = {"test": ROWS[2:], "train": ROWS[:2]}
    DatasetDict({name: Dataset.from_list(rows) for name, rows in splits.items()}).save_to_disk(
        folder / "own"
    )
    return folder / "own"


@pytest.mark.parametrize(
    ("write", "first_line"),
    [
        (write_csv, "own.csv:2"),
        (write_tsv, "own.tsv:2"),
        (write_jsonl, "own.jsonl:1"),
        (write_parquet, "own.parquet:1"),
        (write_folder, "data/train-00000-of-00003.parquet:1"),
        (write_saved, "data-00000-of-00001.arrow:1"),
        (write_saved_splits, "train/data-00000-of-00001.arrow:1"),
    ],
)
def test_every_format_gives_the_same_sentences(
    tmp_path: Path, write: Callable[[Path], Path], first_line: str
) -> None:
    path = write(tmp_path)
    rows = {row.text: row for row in sentences(config_of(path, 3, slots=["day", "city"]))}
    assert rows.keys() == {row["text"] for row in ROWS}
    flight = rows["Fly to Oslo on May 3."]
    assert (flight.domain, flight.intent, flight.template) == ("own", "fly", first_line)
    assert flight.slots == (Slot("city", "Oslo"), Slot("day", "May 3"))
    assert rows["Good night."].slots == ()


def test_text_files_by_the_line(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "my calls.txt", "\ufeffCall me.", "", "  Ring \t Bo. ", "Call me."
    )
    rows = list(generate(config_of(path, 2), 1))
    assert [row.text for row in rows if isinstance(row, Sentence)] == ["Call me.", "Ring Bo."]
    assert all(row.id.startswith("my_calls-") for row in rows)
    with pytest.raises(DataError, match=r"3 sentences asked for, but only 2 of its 4 rows hold"):
        check_sentences(config_of(path, 3))


@pytest.mark.parametrize("name", ["own.txt", "own.csv", "own.parquet"])
def test_rows_beyond_the_first_are_counted_by_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(own_sentences, "_READ_AT_FIRST", 3)
    path, texts = tmp_path / name, ["One.", "One.", "Two.", "Three.", "Three.", "Four."]
    if name == "own.parquet":
        pq.write_table(pa.table({"text": texts}), path)
    else:
        write_lines(path, *(["text"] if name == "own.csv" else []), *texts)
    check_sentences(config_of(path, 4))
    with pytest.raises(DataError, match=r"9 sentences asked for, but of its [678] rows at most"):
        check_sentences(config_of(path, 9))
    with pytest.raises(DataError, match=r"5 sentences asked for, but only 4 new ones exist"):
        list(generate(config_of(path, 5), 1))


def test_rows_of_no_use_are_rejects_that_name_their_line(tmp_path: Path) -> None:
    path = tmp_path / "own.txt"
    path.write_bytes(
        b"One.\n\xff\xfe\n\n"
        + b"x" * 1001
        + b"\nTwo\x00.\n"
        + b"y" * (3 << 20)
        + b"\nONE\nOne.\nLast."
    )
    config = config_of(path, 3, domain="mine")
    assert [reason for reason in rejects(config) if "said already" not in reason] == [
        "own.txt:2: not UTF-8 text",
        "own.txt:3: empty",
        "own.txt:4: too long: 1,001 characters; at most 1,000",
        r"own.txt:5: `text` holds the character '\x00'",
        "own.txt:6: a line of more than 1,048,576 bytes",
    ]
    assert {row.template for row in sentences(config)} == {"own.txt:1", "own.txt:7", "own.txt:9"}


def test_broken_rows_of_tables(tmp_path: Path) -> None:
    lines = [
        '{"text": "Hi."}',
        "[1]",
        "",
        "{",
        '{"txt": "Ho."}',
        '{"text": ["a"]}',
        '{"text": "Z"}',
    ]
    lines += [r'{"text": "\ud800"}', '{"text": true}', '{"text": "Y"}']
    path = write_lines(tmp_path / "own.jsonl", *lines)
    assert rejects(config_of(path, 3)) == [
        "own.jsonl:2: not a JSON object",
        "own.jsonl:3: empty",
        "own.jsonl:4: not JSON",
        "own.jsonl:5: empty",
        "own.jsonl:6: `text` holds no text",
        r"own.jsonl:8: `text` holds the character '\ud800'",
        "own.jsonl:9: `text` holds no text",
    ]
    path = write_lines(
        tmp_path / "own.csv", "text,intent", '"Two', 'lines.",a', "Hi", ",", "Last,b"
    )
    assert rejects(config_of(path, 2)) == [
        "own.csv:4: 1 fields under 2 columns",
        "own.csv:5: empty",
    ]
    assert [row.template for row in sentences(config_of(path, 2))] == ["own.csv:2", "own.csv:6"]


@pytest.mark.parametrize(
    "cell",
    [
        {"city": "oslo", "day": None},
        [{"name": "city", "value": "oslo", "first_word": 2}],
        {"name": ["city"], "value": ["oslo"]},
        '{"city": "oslo"}',
        '[{"name": "city", "value": "oslo"}]',
    ],
)
def test_ways_to_write_slots(tmp_path: Path, cell: object) -> None:
    path = write_lines(tmp_path / "own.jsonl", json.dumps({"text": "Fly to Oslo.", "slots": cell}))
    (row,) = sentences(config_of(path, 1))
    assert row.slots == (Slot("city", "oslo"),)
    assert sentences(config_of(path, 1, slots=[]))[0].slots == ()


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ({"city": "Rome"}, "own.jsonl:2: slot city: 'Rome' is no word of 'Fly to Oslo.'"),
        (["B-city", "O"], "own.jsonl:2: `slots` is no list of {name: ..., value: ...}"),
        ("[{]", "own.jsonl:2: `slots` is not JSON"),
        ({"city": {"name": "Oslo"}}, "own.jsonl:2: `slots` holds no text"),
    ],
)
def test_slots_that_cannot_be_right(tmp_path: Path, cell: object, message: str) -> None:
    rows = [
        {"text": "Hi.", "slots": None},
        {"text": "Fly to Oslo.", "slots": cell},
        {"text": "Bye"},
    ]
    path = write_lines(tmp_path / "own.jsonl", *map(json.dumps, rows))
    assert rejects(config_of(path, 2)) == [message]


def test_numbers_of_a_class_label_become_their_names(tmp_path: Path) -> None:
    features = Features({"utterance": Value("string"), "label": ClassLabel(names=["off", "on"])})
    rows = {"utterance": ["Lights!", "Dark!", "Well?"], "label": [1, 0, -1]}
    Dataset.from_dict(rows, features).to_parquet(tmp_path / "own.parquet")
    found = sentences(config_of(tmp_path / "own.parquet", 3, intent="label"))
    assert [(row.text, row.intent) for row in found] == [
        ("Lights!", "on"),
        ("Dark!", "off"),
        ("Well?", ""),
    ]


def test_audio_is_never_read(tmp_path: Path) -> None:
    names = ["text", "audio"]
    table = pa.table([[f"Number {n}." for n in range(8)], [b"\1" * 4_000_000] * 8], names)
    pq.write_table(table, tmp_path / "own.parquet", compression=None, use_dictionary=False)
    Dataset(table).save_to_disk(tmp_path / "saved")
    del table
    for path in (tmp_path / "own.parquet", tmp_path / "saved"):
        before = pa.total_allocated_bytes()
        tracemalloc.start()
        assert len(sentences(config_of(path, 8))) == 8
        assert sentences_digest(config_of(path, 8))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
        tracemalloc.stop()
        assert pa.total_allocated_bytes() - before < 1_000_000


def test_the_seed_chooses_where_fewer_are_asked_for(tmp_path: Path) -> None:
    lines = [f"Sentence {number}." for number in range(1000)]
    path = write_lines(tmp_path / "own.txt", *lines)
    chosen = [row.text for row in sentences(config_of(path, 100), seed=1)]
    assert chosen == [row.text for row in sentences(config_of(path, 100), seed=1)]
    assert chosen == sorted(chosen, key=lines.index)
    assert set(chosen) != {row.text for row in sentences(config_of(path, 100), seed=2)}
    indices = [lines.index(text) for text in chosen]
    assert 400 < sum(indices) / 100 < 600
    assert [row.text for row in sentences(config_of(path, 1000))] == lines


def test_what_is_chosen_and_of_no_use_is_made_up_for(tmp_path: Path) -> None:
    words = ["yes", "no"] * 100 + [f"word {number}" for number in range(8)]
    path = write_lines(tmp_path / "own.txt", *words)
    assert {row.text for row in sentences(config_of(path, 10))} == set(words)


def test_what_was_said_already_is_a_reject(tmp_path: Path) -> None:
    config = config_of(write_lines(tmp_path / "own.txt", *["Yes."] * 20, "No."), 2)
    assert sorted(row.text for row in sentences(config)) == ["No.", "Yes."]
    found = rejects(config)
    assert found
    assert all(reason.endswith(": said already: 'Yes.'") for reason in found)
    assert all(reason.startswith("own.txt:") for reason in found)


def test_a_filter_that_drops_most_is_made_up_for(tmp_path: Path) -> None:
    lines = [f"Sentence {number}{' and so on' * (number % 4 > 0)}." for number in range(400)]
    path = write_lines(tmp_path / "own.txt", *lines)
    section = {
        "domain": None,
        "count": 50,
        "files": [{"path": str(path), "share": 1}],
        "filter": {"max_words": 2},
    }
    rows = list(generate(build(SentencesConfig, section, where="t.yaml"), 1))
    indices = [int(row.template.rpartition(":")[2]) for row in rows if isinstance(row, Sentence)]
    assert len(indices) == len(set(indices)) == 50
    assert 120 < sum(indices) / 50 < 280


@pytest.mark.parametrize(
    ("name", "content", "settings", "message"),
    [
        ("own.txt", None, {}, r"own\.txt: no such file or folder; allowed: \.txt, \.csv"),
        ("own.xlsx", "x", {}, r"own\.xlsx: `\.xlsx` files cannot be read; allowed: \.txt, \.csv"),
        ("own", "x", {}, r"own: `` files cannot be read; allowed: \.txt"),
        ("own.txt", "", {}, r"own\.txt:1: the file is empty"),
        ("own.csv", "a,b\n1,2\n", {}, r"which column.*sentences\.files\[0\]\.text; columns: a, b"),
        ("own.csv", "a,b\n1,2\n", {"text": "c"}, r"\[0\]\.text: .* no column `c`; columns: a, b"),
        (
            "own.csv",
            "text\nx\n",
            {"intent": "c"},
            r"\[0\]\.intent: .* no column `c`; columns: text",
        ),
        ("own.csv", "text\nx\n", {"slots": "c"}, r"\[0\]\.slots: .* no column `c`; columns: text"),
        ("own.csv", "text,text\nx,y\n", {}, r"own\.csv:1: two columns are called `text`"),
        ("own.csv", 'text\nHi.\n"open\nx\n', {}, r"own\.csv:3: not CSV: .*; is a quote open\?"),
        ("own.parquet", "no table", {}, r"own\.parquet: not a sound \.parquet file"),
        ("own.arrow", "no table", {}, r"own\.arrow: not a sound \.arrow file"),
        ("own.jsonl", "1\n2\n", {}, r"own.jsonl:1: not a JSON object"),
        ("own.txt", "a\n\na\n", {}, r"4 sentences asked.*only 1 of its 3 rows.*own\.txt:2: empty"),
    ],
)
def test_files_that_cannot_be_used(
    tmp_path: Path, name: str, content: str | None, settings: dict, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        check_sentences(config_of(tmp_path / name, 4, **settings))


def test_a_column_without_text_and_a_folder_without_data(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": [b"\0"]}), tmp_path / "own.parquet")
    with pytest.raises(DataError, match=r"the column `text` of .* holds binary, not text"):
        check_sentences(config_of(tmp_path / "own.parquet", 1))
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="folder: no data in this folder; allowed"):
        check_sentences(config_of(tmp_path / "folder", 1))
    (tmp_path / "folder" / "state.json").write_text("{}")
    with pytest.raises(DataError, match=r"state\.json: does not list the files"):
        check_sentences(config_of(tmp_path / "folder", 1))


def test_a_name_that_no_id_can_begin_with() -> None:
    with pytest.raises(ConfigError, match="domain: 'my calls'; up to 100 letters, digits"):
        build(OwnFile, {"path": "x.txt", "share": 1, "domain": "my calls"}, where="t.yaml")


def test_a_large_file_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "own.txt"
    with path.open("w") as stream:
        stream.writelines(
            f"This is the sentence with number {number}.\n" for number in range(30_000)
        )
    config = config_of(path, 1000)
    tracemalloc.start()
    assert sum(1 for _ in generate(config, 1)) == 1000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400_000


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("header", ["Text,Intent,Slots", " TEXT , INTENT,SLOTS"])
@pytest.mark.parametrize("name", ["own.csv", "OWN.CSV", "own.Tsv"])
def test_headers_and_suffixes_are_read_in_any_letters(
    tmp_path: Path, name: str, header: str, mark: str
) -> None:
    lines = [header, "Fly to Oslo.,fly,"]
    text = "\n".join(lines)
    text = text if name.lower().endswith("csv") else text.replace(",", "\t")
    (tmp_path / name).write_text(mark + text, encoding="utf-8")
    (row,) = sentences(config_of(tmp_path / name, 1))
    assert (row.text, row.intent) == ("Fly to Oslo.", "fly")
    (row,) = sentences(config_of(tmp_path / name, 1, text="Text", intent="Intent", slots="Slots"))
    assert row.intent == "fly"


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_header_in_another_encoding_is_told(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text("text,caf\u00e9\nHello.,1\n", encoding=encoding)
    with pytest.raises(DataError, match=r"own\.csv:1: not UTF-8 text; save it as UTF-8"):
        sentences(config_of(path, 1))


def test_a_slot_is_a_word_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    write_lines(
        path,
        '{"text": "The city has it.", "slots": {"what": "it", "where": "the city"}}',
        '{"text": "The city.", "slots": {"what": "it"}}',
        '{"text": "25 at 5pm for $5", "slots": {"time": "5"}}',
        '{"text": "Anna\'s caf\u00e9", "slots": {"who": "Anna", "place": "cafe\u0301"}}',
    )
    rows = sentences(config_of(path, 3))
    assert [slot.name for slot in rows[0].slots] == ["where", "what"]
    assert [slot.value for slot in rows[2].slots] == ["Anna", "caf\u00e9"]
    assert rejects(config_of(path, 3)) == ["own.jsonl:2: slot what: 'it' is no word of 'The city.'"]
    assert slot_spans(rows[0].text, rows[0].slots) == [(0, 8), (13, 15)]
    assert slot_spans("25 at 5pm.", [Slot("time", "5")]) == [(6, 9)]


def test_unseen_characters_are_no_text_and_unicode_ends_cut_no_line(tmp_path: Path) -> None:
    output = "Turn\u2028on\x85the\u200b li\u00adght\u2060s\ufeff at the cafe\u0301\u3164now"
    for name, content in {
        "own.txt": output,
        "own.csv": f"text\n{output}",
        "own.jsonl": json.dumps({"text": output}, ensure_ascii=False),
    }.items():
        last = '{"text": "Bye."}' if name.endswith("jsonl") else "Bye."
        (tmp_path / name).write_text(f"{content}\n{last}\n", encoding="utf-8")
        rows = sentences(config_of(tmp_path / name, 2))
        assert rows[0].text == "Turn on the lights at the caf\u00e9 now"


def test_what_the_first_object_of_json_lines_lacks_is_read_of_the_others(tmp_path: Path) -> None:
    bare = {"text": "Good night."}
    full = {"text": "Fly to Oslo.", "intent": "fly", "slots": {"city": "Oslo"}}
    one = write_lines(tmp_path / "own.jsonl", json.dumps(bare), "", json.dumps(full))
    (tmp_path / "many").mkdir()
    write_lines(tmp_path / "many" / "a.jsonl", json.dumps(bare))
    write_lines(tmp_path / "many" / "b.jsonl", json.dumps(full))
    for path in (one, tmp_path / "many"):
        night, fly = sentences(config_of(path, 2))
        assert (night.intent, night.slots) == ("", ())
        assert (fly.intent, fly.slots) == ("fly", (Slot("city", "Oslo"),))
    flat = {"text": "Fly to Bergen.", "city": "Bergen"}
    path = write_lines(tmp_path / "flat.jsonl", json.dumps(bare), json.dumps(flat))
    rows = sentences(config_of(path, 2, slots="city"))
    assert [row.slots for row in rows] == [(), (Slot("city", "Bergen"),)]


def test_nan_is_a_missing_value(tmp_path: Path) -> None:
    slots = {"city": "Oslo", "day": float("nan")}
    lines = [
        {"text": "Fly to Oslo.", "intent": float("nan"), "slots": slots},
        {"text": "Good night.", "intent": "greet", "slots": float("nan")},
        {"text": float("nan"), "intent": "greet"},
    ]
    path = write_lines(tmp_path / "own.jsonl", *map(json.dumps, lines))
    fly, night = sentences(config_of(path, 2))
    assert (fly.intent, fly.slots) == ("", (Slot("city", "Oslo"),))
    assert (night.intent, night.slots) == ("greet", ())
    assert rejects(config_of(path, 2)) == ["own.jsonl:3: empty"]
    table = {"text": ["Good night.", "Good day."], "intent": [float("nan"), 2.0]}
    pq.write_table(pa.table(table), tmp_path / "own.parquet")
    assert [row.intent for row in sentences(config_of(tmp_path / "own.parquet", 2))] == ["", "2.0"]


def test_two_files_of_one_name_are_told_apart_or_told(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        write_lines(tmp_path / name / "calls.txt", f"I am {name}.")
    files = tuple(OwnFile(tmp_path / name / "calls.txt", 0.5) for name in "ab")
    with pytest.raises(ValueError, match=r"a/calls.txt and .*b/calls.txt would have"):
        SentencesConfig(domain=None, count=2, files=files)
    SentencesConfig(domain=None, count=2, files=(files[0], replace(files[1], domain="b")))


@pytest.mark.parametrize(
    ("written", "option"), [("intnet", "intent"), ("Intents", "intent"), ("slot", "slots")]
)
def test_a_column_that_is_nearly_named_as_ours_is_not_left_out_unseen(
    tmp_path: Path, written: str, option: str
) -> None:
    path = write_lines(tmp_path / "own.csv", f"text,{written}", 'Good night.,"greet"')
    message = rf"files\[0\]\.{option}: null, and there is no column `{option}` but `{written}`"
    with pytest.raises(DataError, match=message):
        check_sentences(config_of(path, 1))
    none: object = [] if option == "slots" else ""
    assert [row.intent for row in sentences(config_of(path, 1, **{option: none}))] == [""]


def test_a_column_of_another_meaning_is_left_alone(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "own.csv", "text,content,client", "Good night.,a,b")
    assert [row.text for row in sentences(config_of(path, 1))] == ["Good night."]


def test_a_file_of_a_folder_with_other_columns_is_told(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    write_lines(tmp_path / "own/a.csv", "text,intent", "One.,count")
    write_lines(tmp_path / "own/b.csv", "text,Intent", "Two.,count")
    with pytest.raises(DataError, match=r"b.csv: no column `intent` as in .*a.csv"):
        sentences(config_of(tmp_path / "own", 2))
