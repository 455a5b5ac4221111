from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import DataError
from pipeline.sentences.language_model.chat.messages import ChatReply, ChatRequest, Usage
from pipeline.sentences.language_model.chat.reply_cache import KeptReplies

REQUEST = ChatRequest("tiny", "Answer with JSON.", "Say hello.", {"type": "object"}, 0.5, 60)
REPLY = ChatReply("hällo \ud800", "tiny-1", Usage(3, 4))


def test_an_answer_comes_back_as_it_was(tmp_path: Path) -> None:
    kept = KeptReplies(tmp_path / "new")
    assert kept.get(REQUEST) is None
    kept.put(REQUEST, REPLY)
    assert kept.get(REQUEST) == REPLY
    assert KeptReplies(tmp_path / "new").get(replace(REQUEST)) == REPLY


@pytest.mark.parametrize(
    "change",
    [
        {"model": "large"},
        {"prompt": "Say goodbye."},
        {"instructions": "Answer."},
        {"schema": {}},
        {"temperature": None},
        {"seed": 1},
        {"repetition": 1},
    ],
)
def test_whatever_an_answer_depends_on_is_in_its_name(
    tmp_path: Path, change: dict[str, object]
) -> None:
    kept = KeptReplies(tmp_path)
    kept.put(REQUEST, REPLY)
    assert kept.get(replace(REQUEST, **change)) is None
    assert kept.get(replace(REQUEST, max_output_tokens=1)) == REPLY


@pytest.mark.parametrize("content", ["", "{", "[]", '{"reply": {"content": "x"}}', "\xff"])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    kept = KeptReplies(tmp_path)
    kept.put(REQUEST, REPLY)
    kept.path(REQUEST).write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError, match=rf"{REQUEST.key}\.json: .*damaged; delete the file"):
        kept.get(REQUEST)


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = KeptReplies(tmp_path / "file")
    with pytest.raises(DataError, match=r"file/.*(cannot|may not)"):
        kept.put(REQUEST, REPLY)
    with pytest.raises(DataError, match=r"file/.*cannot be read"):
        kept.get(REQUEST)
