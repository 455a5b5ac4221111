"""The corpora that `voxloom corpus get` knows."""

from dataclasses import dataclass

from models.errors import ConfigError
from models.training.public_corpora.layouts import (
    Layout,
    lay_out_an4,
    lay_out_librispeech,
    lay_out_ljspeech,
    lay_out_speech_commands,
    lay_out_speechocean,
    lay_out_vctk,
)


@dataclass(frozen=True, slots=True)
class PublicCorpus:
    """An archive, the hash that its publisher or torchaudio gives (`algorithm:digest`), and what
    turns its unpacked files into a corpus folder. `needed` are the endings of its files that are
    unpacked; all of them if empty. Without a hash it is laid out from what the user has got.
    """

    name: str
    title: str
    url: str
    hash: str
    size_mb: int
    licence: str
    lay_out: Layout
    needed: tuple[str, ...] = ()


CORPORA = {
    corpus.name: corpus
    for corpus in (
        PublicCorpus(
            name="ljspeech",
            title="LJ Speech 1.1: one woman reads, 24 hours, 22.05 kHz",
            url="https://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2",
            hash="sha256:be1a30453f28eb8dd26af4101ae40cbf2c50413b1bb21936cbcdc6fae3de8aa5",
            size_mb=2_749,
            licence="public domain",
            lay_out=lay_out_ljspeech,
        ),
        PublicCorpus(
            name="train-clean-5",
            title="Mini LibriSpeech: 28 readers, 5 hours, 16 kHz",
            url="https://www.openslr.org/resources/31/train-clean-5.tar.gz",
            hash="md5:5df7d4e78065366204ca6845bb08f490",
            size_mb=333,
            licence="CC BY 4.0",
            lay_out=lay_out_librispeech,
        ),
        PublicCorpus(
            name="vctk",
            title="VCTK 0.92: 109 speakers of many accents, 44 hours, 48 kHz (first microphone)",
            url="https://datashare.is.ed.ac.uk/bitstream/handle/10283/3443/VCTK-Corpus-0.92.zip",
            hash="sha256:f96258be9fdc2cbff6559541aae7ea4f59df3fcaf5cf963aae5ca647357e359c",
            size_mb=11_747,
            licence="CC BY 4.0",
            lay_out=lay_out_vctk,
            needed=("_mic1.flac", ".txt"),
        ),
        PublicCorpus(
            name="an4",
            title="CMU AN4: 84 speakers spell and say numbers, 1 hour, 16 kHz",
            url="https://dldata-public.s3.us-east-2.amazonaws.com/an4_sphere.tar.gz",
            hash="sha256:a0525579493735d32b60fb6fa5975dd0eaacde087b0a4eeb7f13b7ef33077b12",
            size_mb=64,
            licence="CMU, free for any purpose",
            lay_out=lay_out_an4,
        ),
        PublicCorpus(
            name="speechocean762",
            title="speechocean762: 250 adults and children, native in Mandarin, 6 hours, 16 kHz",
            url="https://github.com/jimbozhang/speechocean762",
            hash="",
            size_mb=690,
            licence="CC BY 4.0",
            lay_out=lay_out_speechocean,
        ),
        PublicCorpus(
            name="speech-commands",
            title="Speech Commands 0.02, test set: 239 people say ten commands, 1 hour, 16 kHz",
            url="https://storage.googleapis.com/download.tensorflow.org/data/"
            "speech_commands_test_set_v0.02.tar.gz",
            hash="sha256:cc2a00c1147c2254e9be3fa0f779d8c17421dc349b86366567a8edfa9acd51df",
            size_mb=113,
            licence="CC BY 4.0",
            lay_out=lay_out_speech_commands,
        ),
    )
}


def find_corpus(name: str) -> PublicCorpus:
    """Raises `ConfigError` naming those there are."""
    if name not in CORPORA:
        raise ConfigError(f"corpus {name}: unknown; allowed: {', '.join(CORPORA)}")
    return CORPORA[name]
