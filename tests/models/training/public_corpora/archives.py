"""Small archives with the files of the public corpora, and a server that breaks off."""

import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import soundfile


def sound(rate: int = 16_000, format: str = "WAV", duration_s: float = 0.5) -> bytes:
    time_s = np.arange(round(rate * duration_s)) / rate
    file = io.BytesIO()
    wave = (0.1 * np.sin(2 * np.pi * 150 * time_s)).astype(np.float32)
    soundfile.write(file, wave, rate, format=format, subtype="PCM_16")
    return file.getvalue()


LJSPEECH = {
    "LJSpeech-1.1/README": b"",
    "LJSpeech-1.1/metadata.csv": b"LJ001-0001|In 1465, printing|In fourteen sixty-five, printing\n"
    b"LJ001-0002|was new.|was new.\n",
    "LJSpeech-1.1/wavs/LJ001-0001.wav": sound(22_050),
    "LJSpeech-1.1/wavs/LJ001-0002.wav": sound(22_050),
}
LIBRISPEECH = {
    "LibriSpeech/SPEAKERS.TXT": b";",
    "LibriSpeech/train-clean-5/118/47824/118-47824.trans.txt": b"118-47824-0000 HE SAID\n",
    "LibriSpeech/train-clean-5/118/47824/118-47824-0000.flac": sound(format="FLAC"),
}
VCTK = {
    "txt/p225/p225_001.txt": b"Please call Stella.\n",
    "txt/p225/p225_002.txt": b"A text without a clip.\n",
    "wav48_silence_trimmed/p225/p225_001_mic1.flac": sound(48_000, "FLAC"),
    "wav48_silence_trimmed/p225/p225_001_mic2.flac": sound(48_000, "FLAC"),
}
AN4 = {
    "an4/etc/an4_train.fileids": b"an4_clstk/fash/an251-fash-b\n",
    "an4/etc/an4_train.transcription": b"<s> YES </s> (an251-fash-b)\n",
    "an4/etc/an4_test.fileids": b"an4test_clstk/mmxg/cen8-mmxg-b\n",
    "an4/etc/an4_test.transcription": b"A B C (cen8-mmxg-b)\n",
    "an4/wav/an4_clstk/fash/an251-fash-b.sph": sound(format="NIST"),
    "an4/wav/an4test_clstk/mmxg/cen8-mmxg-b.sph": sound(format="NIST"),
}
SPEECHOCEAN = {
    f"speechocean762/{part}/{name}": content.encode()
    for part, id in (("train", "000010011"), ("test", "000030012"))
    for name, content in (
        ("text", f"{id}\tWE CALL IT BEAR\n"),
        ("utt2spk", f"{id}\t{id[1:5]}\n"),
        ("wav.scp", f"{id}\tWAVE/SPEAKER{id[1:5]}/{id}.WAV\n"),
    )
} | {
    "speechocean762/WAVE/SPEAKER0001/000010011.WAV": sound(),
    "speechocean762/WAVE/SPEAKER0003/000030012.WAV": sound(),
}
SPEECH_COMMANDS = {
    "./LICENSE": b"",
    "./_silence_/1024.wav": sound(),
    "./_unknown_/bed_0ea0e2f4_nohash_1.wav.wav": sound(),
    "./go/0ea0e2f4_nohash_0.wav": sound(),
    "./yes/0ea0e2f4_nohash_0.wav": sound(),
    "./yes/0ea0e2f4_nohash_2.wav": sound(),
}


def pack(files: dict[str, bytes], path: Path) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as zipped:
            for name, content in files.items():
                zipped.writestr(name, content)
        return path
    with tarfile.open(path, "w:bz2" if path.suffix == ".bz2" else "w:gz") as tarred:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tarred.addfile(member, io.BytesIO(content))
    return path


@dataclass
class Server:
    """Serves `files` by name; the first `breaks` answers end after half of what was asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    breaks: int = 0
    knows_ranges: bool = True
    ranges: list[str | None] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            server.ranges.append(asked)
            content = server.files.get(self.path.lstrip("/"))
            if content is None:
                self.send_error(404)
                return
            first = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            if asked and server.knows_ranges:
                if first >= len(content):
                    self.send_error(416)
                    return
                content = content[first:]
                self.send_response(206)
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if server.breaks:
                server.breaks -= 1
                content = content[: len(content) // 2]
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
