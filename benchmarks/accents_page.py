"""The same words in the accents of five first languages: phonemes, mels and clips on a page.

    python -m benchmarks.accents_page --out docs/accents

One voice says a sentence as a native and with each accent at --strength. On the page the phones
that an accent changed are bold. Writes `index.html`, `mels.png` and a clip an accent into --out.
"""

import argparse
import html
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

import soundfile

from benchmarks.voice_page import draw_mels, good, hear
from models.checkpoint import read_info
from models.phonology.first_languages import FIRST_LANGUAGES
from models.phonology.phonemes import SILENCES
from pipeline.records import CleanClip, Sentence
from pipeline.speech.synthesize import VoiceConfig, synthesize
from pipeline.speech.vocode import vocode
from pipeline.text.spoken import TextConfig, text_frontend

# The beginning of the passage that the Speech Accent Archive (accent.gmu.edu) has everybody read.
SENTENCE = "Please call Stella. Ask her to bring these things with her from the store."
ACCENTS = ("fr", "de", "es", "hi", "ja")


class Accented(NamedTuple):
    """A clip, the name of its accent as rows have it, and its phonemes."""

    name: str
    phonemes: str
    clip: CleanClip


def say(text: str, accent: str, config: VoiceConfig) -> Accented:
    """The sentence in an accent. Raises `SystemExit` for what cannot be said."""
    sentence = Sentence(f"page-{accent}", text, domain="page", template="", intent="")
    (spoken,) = good(text_frontend([sentence], TextConfig(accent=accent), seed=0))
    (mel,) = good(synthesize([spoken], config, seed=0))
    (clip,) = good(vocode([mel], config))
    return Accented(mel.performance.accent, mel.performance.phonemes, clip)


def marked(native: str, accented: str) -> str:
    """HTML of phonemes, those that differ from the native ones bold; silences left out."""
    before, after = (
        [one for one in text.split() if one not in SILENCES] for text in (native, accented)
    )
    parts = []
    for kind, _, _, start, end in SequenceMatcher(None, before, after, False).get_opcodes():
        said = html.escape(" ".join(after[start:end])).replace("|", "&nbsp;")
        if said:
            parts.append(said if kind == "equal" else f"<b>{said}</b>")
    return " ".join(parts)


def page(text: str, who: str, said: Sequence[tuple[str, Accented]]) -> str:
    """HTML: a row an accent, the native one first, above the mels."""
    native = said[0][1].phonemes
    rows = "\n".join(
        f"<tr><td>{html.escape(title)}<br><small>{html.escape(one.name)}</small></td>"
        f"<td>{marked(native, one.phonemes)}</td><td><audio controls "
        f'preload="none" src="{_file_name(one.name)}"></audio></td></tr>'
        for title, one in said
    )
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Voxloom: accents of other first languages</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color-scheme:light dark}}td{{padding:.4rem .8rem .4rem 0;vertical-align:top}}
small{{white-space:nowrap}}
img{{max-width:100%}}</style>
<h1>The same words in five accents</h1>
<p>“{html.escape(text)}”, by {html.escape(who)}. Speech made by machine, with
<code>python -m benchmarks.accents_page</code>. Phones that the accent changed are bold.</p>
<table>{rows}</table>
<h2>Mel spectrograms</h2>
<img src="mels.png" alt="log-mels of the sentence, a row an accent">
</html>
"""


def _file_name(accent: str) -> str:
    return f"{accent.partition('(')[0]}.ogg"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", default=SENTENCE)
    parser.add_argument("--speaker", default="kokoro-af_sarah")
    parser.add_argument("--native", default="en-us")
    parser.add_argument("--accents", nargs="*", default=list(ACCENTS))
    parser.add_argument("--strength", type=float, default=0.8)
    parser.add_argument("--acoustic", default="fastspeech2")
    parser.add_argument("--vocoder", default="harmonic")
    parser.add_argument("--out", type=Path, default=Path("runs/accents-page"))
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    config = VoiceConfig(asked.acoustic, asked.vocoder, {asked.speaker: 1.0})
    names = {asked.native: "native"} | {
        f"{asked.native}+{code}({asked.strength:g})": FIRST_LANGUAGES[code].name
        for code in asked.accents
    }
    said = [(title, say(asked.text, accent, config)) for accent, title in names.items()]
    mel = read_info(asked.vocoder).mel
    for title, one in said:
        soundfile.write(asked.out / _file_name(one.name), one.clip.wave, one.clip.sample_rate)
        print(f"{title:10} {one.phonemes}")
    draw_mels({title: hear(one.clip.wave, mel) for title, one in said}, asked.out / "mels.png")
    text = page(asked.text, asked.speaker, said)
    (asked.out / "index.html").write_text(text, encoding="utf-8")
    print(f"written to {asked.out}: index.html")


if __name__ == "__main__":
    main()
