from pipeline.bits_by_hash import BitsByHash


def test_texts_are_new_once_and_keep_their_bits_as_the_table_grows() -> None:
    bits, texts = BitsByHash(), [f"home-{number:012x}" for number in range(3000)]
    assert not any(bits.mark(text) for text in texts)
    assert len(bits) == len(texts)
    assert [bits.mark(text, 4) for text in texts[:10]] == [1] * 10
    assert len(bits) == len(texts)
    assert bits.get(texts[0]) == 5
    assert all(bits.get(text) == 1 for text in texts[10:])
    assert bits.get("home-x") == 0


def test_numbers_that_fall_on_one_slot_are_told_apart() -> None:
    bits, numbers = BitsByHash(), [0, 1 << 40, 2 << 40, 3 << 40]
    assert not any(bits.mark(number) for number in numbers)
    assert all(bits.mark(number) for number in numbers)
    assert bits.get(4 << 40) == 0


def test_a_thousand_thousand_take_some_twenty_bytes_each() -> None:
    bits = BitsByHash()
    for number in range(100_000):
        bits.mark(str(number))
    held = bits._slots.itemsize * len(bits._slots) + len(bits._bits)
    assert held < 30 * len(bits)
