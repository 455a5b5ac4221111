"""Inputs near to sound ones: a seed with some bytes replaced, cut or doubled."""

from collections.abc import Sequence

from hypothesis import strategies as st

# What parsers have stumbled over: numbers at their limits, half pairs, nesting, aliases.
TOKENS = (
    *(b"\x00", b"\xff", b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\x00\x00\x00\x80"),
    *(b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\xc2\x85", b"\r", b"\n", b"\t"),
    *(b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b"<", b">", b"&", b"*", b"|", b":", b",", b"#"),
    *(b"[" * 2000, b"{a: " * 500, b'{"a":' * 2000, b"(" * 2000, b"{% if a %}" * 50),
    *(b"9" * 5000, b"-1", b"0", b"1e999", b"1e9", b".nan", b"NaN", b"Infinity", b"null", b"true"),
    *(b"2001-13-40", b"!!int x", b"!!binary x", b"&a [*a]", b"*a", b"<<: *a", b"~nosuchuser"),
    *(b"\\ud800", b'"\\ud800"', b"/dev/zero", b"../../etc/passwd", b"x" * 300, b"{{", b"{%"),
)


@st.composite
def mutated(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """One of `seeds` after up to six changes."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(data)))
        stop = min(len(data), start + draw(st.sampled_from([0, 1, 2, 4, 8, 40, 400])))
        kind = draw(st.sampled_from(["token", "bytes", "cut", "double", "end", "other"]))
        if kind == "token":
            data[start:stop] = draw(st.sampled_from(TOKENS))
        elif kind == "bytes":
            data[start:stop] = draw(st.binary(min_size=1, max_size=8))
        elif kind == "cut":
            del data[start:stop]
        elif kind == "double":
            data[start:start] = data[start:stop] * draw(st.sampled_from([1, 2, 50]))
        elif kind == "end":
            del data[start:]
        else:
            other = draw(st.sampled_from(seeds))
            data[start:stop] = other[len(other) // 3 : 2 * len(other) // 3]
    return bytes(data)
