"""A build that mixes our voices, a Piper voice, Kokoro and a speech endpoint, and its shares.

    python -m benchmarks.mixed_sources --piper voices/joe --kokoro voices/kokoro --out runs/mixed

The folders are those of `voxloom voices import` (docs/ENGINES.md). The endpoint is an HTTP server
on this machine that speaks by flite or, without that, by espeak-ng. The dataset is verified; with
--naturalness or --words its clips are judged by name (docs/JUDGE.md), and figures stand by source.
"""

import argparse
import io
import json
import os
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

import soundfile

from benchmarks.other_voices import ESPEAK_VOICES, FLITE_VOICES, espeak, flite
from models.errors import DataError
from models.evaluation.tables import markdown_table
from pipeline.build.config import BuildConfig, load_build_config
from pipeline.dataset.light_rows import LightRows

_SHOWN = ("acoustic_model", "license", "accent", "duration_s", "quality")
_CONFIG = Path("configs/build/quickstart.yaml")
_CALLED = {"flite": "BSD-3-Clause", "espeak-ng": "GPL-3.0-or-later"}


@contextmanager
def speaking_server() -> Iterator[tuple[str, str]]:
    """(its address, what it speaks by) of a server for POST /v1/audio/speech."""
    lock = threading.Lock()  # espeak-ng has one global state
    try:
        flite("yes", "slt", 1.0, 0.0)
        speak, voice, engine = flite, "slt", "flite"
    except DataError:
        speak, voice, engine = espeak, ESPEAK_VOICES[0], "espeak-ng"

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            has_it = engine == "flite" and asked["voice"] in FLITE_VOICES
            chosen = asked["voice"] if has_it else voice
            with lock:
                wave, rate = speak(asked["input"], chosen, asked.get("speed", 1.0), 0.0)
            sound = io.BytesIO()
            soundfile.write(sound, wave, rate, format="WAV")
            self.send_response(200 if self.path == "/v1/audio/speech" else 404)
            self.send_header("Content-Type", "audio/wav")
            self.send_header("Content-Length", str(sound.tell()))
            self.end_headers()
            self.wfile.write(sound.getvalue())

        def log_message(self, *_: Any) -> None:
            """Nothing: the build tells what it does."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", engine
    finally:
        server.shutdown()
        server.server_close()


def config_of(asked: argparse.Namespace, engine: str) -> BuildConfig:
    """The build of all four, in two accents."""
    endpoint = (
        f"{{engine: endpoint, weight: 1, model: {engine}, voices: {{slt: 1, rms: 1}}, "
        f"license: {_CALLED[engine]}, endpoint: {{cache: {asked.out / 'kept'}, "
        "requests_per_minute: 60000}}"
    )
    sources = (
        "{engine: voxloom, weight: 2}",
        f"{{engine: sherpa-onnx, folder: {asked.piper.absolute()}, weight: 1}}",
        f"{{engine: sherpa-onnx, folder: {asked.kokoro.absolute()}, weight: 2}}",
        endpoint,
    )
    judges = [
        f"judge.{key}={value}"
        for key, value in (("naturalness", asked.naturalness), ("words", asked.words))
        if value
    ]
    overrides = [
        "name=mixed",
        f"sentences.count={asked.count}",
        "text.accent={en-us: 1, en-gb: 1}",
        f"voice.sources=[{', '.join(sources)}]",
        f"output.path={asked.out / 'dataset'}",
        "runtime.workers=1",
        *judges,
    ]
    return load_build_config(_CONFIG, overrides)


def shares(dataset: Path) -> str:
    """A row a source: its rows, seconds, licence, accents, and what judges by name say of it."""
    rows = defaultdict[str, list[Any]](list)
    for row in LightRows.of(dataset, _SHOWN):
        rows[row["acoustic_model"]].append(row)
    total = sum(map(len, rows.values()))
    table = [
        [
            source,
            str(len(own)),
            f"{100 * len(own) / total:.0f} %",
            f"{sum(row['duration_s'] for row in own):.1f}",
            ", ".join(sorted({row["license"] for row in own})),
            ", ".join(sorted({row["accent"] for row in own})),
            _median(own, "naturalness"),
            _median(own, "word_error_rate"),
        ]
        for source, own in sorted(rows.items(), key=lambda item: -len(item[1]))
    ]
    header = ["source", "rows", "share", "s", "licence", "accents", "naturalness", "WER"]
    return markdown_table(header, table)


def _median(rows: Sequence[Any], figure: str) -> str:
    found = [value for row in rows if (value := row["quality"][figure]) is not None]
    return f"{median(found):.2f}" if found else "-"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--piper", type=Path, required=True)
    parser.add_argument("--kokoro", type=Path, required=True)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--naturalness", choices=("distillmos", "dnsmos"))
    parser.add_argument("--words", metavar="whisper:FOLDER")
    parser.add_argument("--out", type=Path, default=Path("runs/mixed"))
    asked = parser.parse_args(arguments)
    from flows.cli.verify import verify
    from flows.run_build import run_build

    with speaking_server() as (address, engine):
        os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"] = address, "none"
        dataset = run_build(config_of(asked, engine), verbose=False)
    verify(dataset)
    print(shares(dataset))


if __name__ == "__main__":
    main()
