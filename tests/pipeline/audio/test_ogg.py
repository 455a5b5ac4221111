"""Ogg pages get another serial number, and readers still find them whole."""

import io

import mutagen.ogg
import numpy as np
import pytest
import soundfile

from pipeline.audio.files import decode_audio
from pipeline.audio.ogg import with_serial

WAVE = np.sin(np.arange(200_000) / 20).astype(np.float32) / 2


def stream() -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, WAVE, 16000, format="OGG", subtype="OPUS")
    return buffer.getvalue()


def test_two_encodings_become_the_same_bytes() -> None:
    first, second = stream(), stream()
    assert first != second
    assert with_serial(first, 7) == with_serial(second, 7)
    assert with_serial(with_serial(first, 8), 7) == with_serial(first, 7)


def test_every_page_has_the_serial_and_a_checksum_that_fits() -> None:
    """mutagen writes a page with a checksum of its own reckoning."""
    data = with_serial(stream(), 0xDEADBEEF)
    file, num_pages = io.BytesIO(data), 0
    while file.tell() < len(data):
        start = file.tell()
        page = mutagen.ogg.OggPage(file)
        assert page.serial == 0xDEADBEEF
        assert page.write() == data[start : file.tell()]
        num_pages += 1
    assert num_pages > 3
    assert len(decode_audio(data)[0]) == len(WAVE)


def test_what_is_no_ogg_stream_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an Ogg page at byte 0"):
        with_serial(b"fLaC" + bytes(100), 1)
