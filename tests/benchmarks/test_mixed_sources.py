import io
import json
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

import soundfile

from benchmarks.mixed_sources import shares, speaking_server


def test_the_server_speaks_what_it_is_asked_to() -> None:
    with speaking_server() as (address, engine):
        assert engine in ("flite", "espeak-ng")
        durations = []
        for speed in (1.0, 0.5):
            asked = {"input": "good morning", "voice": "rms", "speed": speed}
            request = Request(f"{address}/audio/speech", json.dumps(asked).encode())
            with urlopen(request) as answer:
                wave, rate = soundfile.read(io.BytesIO(answer.read()))
            durations.append(len(wave) / rate)
            assert abs(wave).max() > 0.05
    assert durations[0] * 1.5 < durations[1]


def test_shares_of_each_source(sealed_tones: Callable[[int], Path]) -> None:
    table = shares(sealed_tones(12)).splitlines()
    assert len(table) == 3
    assert "fastspeech2@0123456789abcdef" in table[2]
    assert "100 %" in table[2]
