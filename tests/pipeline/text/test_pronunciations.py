from pathlib import Path

import pytest

from models.errors import DataError
from pipeline.text import pls
from pipeline.text.pronunciations import (
    all_pronunciations,
    lexicon_digest,
    load_lexicon,
    with_domain,
)

CMUDICT = """;;; our products
voxloom  V AA1 K S L UW2 M  # the house
nguyen  ˈwɪn
nguyen(2)  N UW1 EH2 N
WI-FI  W AY1 F AY2
"""
PLS = """<?xml version="1.0" encoding="UTF-8"?>
<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon"
         alphabet="ipa" xml:lang="en">
  <meta name="author" content="us"/>
  <lexeme>
    <grapheme>Voxloom</grapheme>
    <grapheme>Voxlume</grapheme>
    <phoneme>ˈvɒks&#x6C;uːm</phoneme>
    <phoneme prefer="true" alphabet="x-cmu">V AO1 K S L UW0 M</phoneme>
    <example>Voxloom speaks</example>
  </lexeme>
  <lexeme><grapheme>New York</grapheme><phoneme>nuː ˈjɔːɹk</phoneme></lexeme>
</lexicon>
"""
BOMB = """<?xml version="1.0"?>
<!DOCTYPE lexicon [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<lexicon><lexeme><grapheme>&b;</grapheme><phoneme>a</phoneme></lexeme></lexicon>
"""
EXTERNAL = BOMB.replace('<!ENTITY a "aaaaaaaaaa">', '<!ENTITY a SYSTEM "file:///etc/hostname">')


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def output(paths: list[Path], words: str, phones: str) -> tuple[str, set[int]]:
    """The phones of a sentence after the lexicon, words parted by bars; and which it had."""
    parts = [part.split() for part in phones.split("|")]
    fixed = load_lexicon(paths).pronounce(words.split(), parts)
    return " | ".join(" ".join(part) for part in parts), set(fixed)


def test_a_list_in_arpabet_and_ipa(tmp_path: Path) -> None:
    path = written(tmp_path, "own.dict", CMUDICT)
    assert output([path], "ask voxloom and nguyen", "æ s k | x | æ n d | x") == (
        "æ s k | v ˈɑː k s l ˌuː m | æ n d | w ˈɪ n",
        {1, 3},
    )


def test_an_entry_is_met_as_it_is_said(tmp_path: Path) -> None:
    said = "sql  S IY1 K W AH0 L\njosé  HH OW0 Z EY1\n5G  F AY1 V JH\n"
    path = written(tmp_path, "own.dict", said)
    text = written(tmp_path, "met.dict", said.replace("sql", "SQL"))
    spoken = "ˈɛ s | k j ˈuː | ˈɛ l | h oʊ s eɪ | f ˈaɪ v | dʒ ˈiː"
    assert output([path], "s q l jose five g", spoken)[1] == {3, 4, 5}
    assert output([text], "s q l jose five g", spoken) == (
        "s ˈiː | k w ə | l | h oʊ z ˈeɪ | f ˈaɪ v | dʒ",
        {0, 1, 2, 3, 4, 5},
    )


def test_what_stands_in_a_list_wins_over_what_another_entry_is_met_as(tmp_path: Path) -> None:
    path = written(tmp_path, "own.dict", "résumé  R EH1 Z\nresume  R IH0 Z\n")
    assert output([path], "resume", "x")[0] == "ɹ ɪ z"
    later = written(tmp_path, "later.dict", "Résumé  R EY1 Z\n")
    assert output([path, later], "resume", "x")[0] == "ɹ ˈeɪ z"


def test_a_list_in_capitals_may_mean_words(tmp_path: Path) -> None:
    path = written(tmp_path, "cmu.dict", "US  AH1 S\nSQL  S IY1 K W AH0 L\nAI  AY1\n")
    assert set(load_lexicon([path]).entries) == {("us",), ("sql",), ("s", "q", "l"), ("ai",)}
    mixed = written(tmp_path, "own.dict", "US  Y UW1 EH1 S\nSequel  S IY1 K W AH0 L\n")
    assert ("u", "s") in load_lexicon([mixed]).entries


def test_no_word_of_a_short_pronunciation_is_left_to_espeak(tmp_path: Path) -> None:
    path = written(tmp_path, "own.dict", "FBI  F IH1 B IY0\nSue  S UW1\n")
    assert output([path], "f b i", "ˈɛ f | b ˈiː | ˈaɪ")[0] == "f | ˈɪ | b i"


def test_every_pronunciation_of_a_word_in_the_files_order(tmp_path: Path) -> None:
    every = all_pronunciations(written(tmp_path, "own.dict", CMUDICT))
    assert list(every) == [("voxloom",), ("nguyen",), ("wi", "fi")]
    assert every["nguyen",] == (("w", "ˈɪ", "n"), ("n", "ˈuː", "ˌɛ", "n"))


def test_an_entry_of_several_words_is_parted_among_them(tmp_path: Path) -> None:
    path = written(tmp_path, "own.dict", CMUDICT)
    assert output([path], "wi fi wi", "w ˈɪ | f ˈaɪ | w ˈɪ") == ("w ˈaɪ | f ˌaɪ | w ˈɪ", {0, 1})


def test_pls_with_a_preferred_form_and_an_alphabet_of_its_own(tmp_path: Path) -> None:
    path = written(tmp_path, "own.pls", PLS)
    assert output([path], "voxlume in new york", "x | ɪ n | n uː | j ɔː ɹ k") == (
        "v ˈɔː k s l uː m | ɪ n | n uː | j ˈɔː ɹ k",
        {0, 2, 3},
    )


def test_a_later_file_wins_and_both_are_in_the_digest(tmp_path: Path) -> None:
    first = written(tmp_path, "a.dict", "tomato  T AH0 M EY1 T OW0\n")
    second = written(tmp_path, "b.dict", "tomato  təˈmɑːtəʊ\n")
    assert output([first, second], "tomato", "x")[0] == "t ə m ˈɑː t əʊ"
    assert output([second, first], "tomato", "x")[0] == "t ə m ˈeɪ t oʊ"
    before = lexicon_digest([first, second])
    assert before != lexicon_digest([second, first])
    written(tmp_path, "b.dict", "tomato  təˈmætəʊ\n")
    assert before != lexicon_digest([first, second])
    assert output([first, second], "tomato", "x")[0] == "t ə m ˈæ t əʊ"


def test_without_files_nothing_changes() -> None:
    assert output([], "one two", "w ʌ n | t uː") == ("w ʌ n | t uː", set())


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.dict", "one  W AH1 N\ntwo  T UX1\n", r"a.dict:2: two: `UX1` is no ARPAbet; allowed"),
        ("a.dict", "\none  wʌ7n\n", r"a.dict:2: one: `7` .* is no IPA"),
        ("a.dict", "one\n", r"a.dict:1: `one` without phonemes"),
        ("a.dict", "?!  AH1\n", r"a.dict:1: `\?!` has no word in it"),
        ("a.dict", "x-y-z  EH1\n", r"a.dict:1: x-y-z: 3 words, and only 1 phonemes"),
        ("a.dict", f"x  {'EH1 ' * 501}\n", r"a.dict:1: x: .* 2,003 characters; at most 2,000"),
        ("a.dict", "ann  æn\nAI  aɪ\n", r"a.dict:2: AI: said as `a i`, 2 words, and only 1"),
        ("a.dict", "ann  æn\nAT&T  ætiː\n", r"a.dict:2: AT&T: said as `a t and t`, 4 words, and"),
        (
            "a.dict",
            "A380  eɪθɹiː\n",
            r"a.dict:1: `A380` stands in no transcript; write it as",
        ),
        ("a.dict", "привет  pɹiː\n", r"a.dict:1: `привет` stands in no transcript"),
        ("a.dict", ";;; nothing\n", r"a.dict:1: no pronunciation in it"),
        ("a.pls", BOMB, r"a.pls:2: a document type .* is not allowed"),
        ("a.pls", EXTERNAL, r"a.pls:2: a document type .* is not allowed"),
        ("a.pls", "<lexicon><lexeme></lexicon>", r"a.pls:1: not valid XML: mismatched tag"),
        ("a.pls", '<?xml version="1.0" encoding="foo"?><lexicon/>', r"a.pls:1: not valid XML"),
        ("a.xml", "<words/>", r"a.xml:1: <words> is no PLS"),
        ("a.pls", PLS.replace("x-cmu", "x-sampa"), r"a.pls:9: alphabet 'x-sampa'; allowed: ipa"),
        ("a.pls", PLS.replace("ˈvɒks", "ˈv8ks"), r"a.pls:8: Voxloom: `8` .* is no IPA"),
        ("a.pls", PLS.replace("example", "alias"), r"a.pls:10: <alias> is not supported"),
        (
            "a.pls",
            "<lexicon>\n<lexeme><grapheme>a</grapheme></lexeme></lexicon>",
            r"a.pls:2: a <lexeme> needs",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load_lexicon([written(tmp_path, name, text)])


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.dict: cannot be read as pronunciations"):
        load_lexicon([tmp_path / "none.dict"])
    (tmp_path / "latin.dict").write_bytes("one  W AH1 N\ncafé  K AE0 F EY1\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"latin.dict:2: not UTF-8"):
        load_lexicon([tmp_path / "latin.dict"])


def test_a_domains_words_are_said_as_it_says_unless_a_file_knows_better(tmp_path: Path) -> None:
    said_by_domain = {"nice": "niːs", "reading": "ɹˈɛdɪŋ"}
    file = written(tmp_path, "own.dict", "reading  R IY1 D IH0 NG\n")
    lexicon = with_domain(load_lexicon([file]), said_by_domain, "prompts/travel")
    assert lexicon.entries[("nice",)] == ("n", "ˈiː", "s")
    assert lexicon.entries[("reading",)] == load_lexicon([file]).entries[("reading",)]


def test_a_domains_words_are_met_as_they_are_said() -> None:
    lexicon = with_domain(load_lexicon([]), {"José": "hoʊˈzeɪ", "FBI": "ˈɛfbiˌaɪ"}, "prompts/us")
    assert lexicon.entries["jose",] == ("h", "oʊ", "z", "ˈeɪ")
    assert lexicon.entries["f", "b", "i"] == ("ˈɛ", "f", "b", "i", "ˌaɪ")
    with pytest.raises(DataError, match="prompts/us: lexicons: FBI: said as `f b i`, 3 words"):
        with_domain(load_lexicon([]), {"FBI": "fɪ"}, "prompts/us")


def test_a_domains_wrong_symbol_is_named_with_its_word() -> None:
    with pytest.raises(DataError, match="prompts/travel: lexicons: nice: "):
        with_domain(load_lexicon([]), {"nice": "n7s"}, "prompts/travel")


@pytest.mark.parametrize("name", ["own.dict", "own.pls", "product.pls"])
def test_a_lexicon_beyond_the_limit_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(pls, "MAX_ENTRIES", 9)
    word, phoneme = "<grapheme>ann</grapheme>", "<phoneme>æn</phoneme>"
    texts = {
        "own.dict": "ann  æn\n" * 10,
        "own.pls": f"<lexicon>{f'<lexeme>{word}{phoneme}</lexeme>' * 10}</lexicon>",
        "product.pls": f"<lexicon><lexeme>{word * 2}{phoneme * 5}</lexeme></lexicon>",
    }
    with pytest.raises(DataError, match=rf"{name}:\d+: more than 9 entries"):
        all_pronunciations(written(tmp_path, name, texts[name]))
