from pathlib import Path

import pytest

from models.errors import DataError
from models.training.public_corpora.layouts import lay_out_an4, lay_out_ljspeech


def test_a_line_with_other_fields_is_named(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("a|One.|One.\n\nb|Two.\n")
    with pytest.raises(DataError, match=r"metadata\.csv:3: 2 fields; needed are id\|text\|norm"):
        list(lay_out_ljspeech(tmp_path))


def test_lists_that_do_not_belong_together_are_told(tmp_path: Path) -> None:
    (tmp_path / "an4_train.fileids").write_text("a/b/c\na/b/d\n")
    (tmp_path / "an4_train.transcription").write_text("<s> YES </s> (c)\n")
    with pytest.raises(DataError, match=r"fileids has 2 lines, an4_train\.transcription 1"):
        list(lay_out_an4(tmp_path))
