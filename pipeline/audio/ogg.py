"""Reproducible Ogg streams: a fixed serial number on every page (RFC 3533)."""

import struct
import zlib

_MAGIC = b"OggS"
_HEADER_BYTES, _SERIAL_AT, _CHECKSUM_AT, _NUM_SEGMENTS_AT = 27, 14, 22, 26
_BITS_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def with_serial(stream: bytes, serial: int) -> bytes:
    """`stream` with `serial` (32 bits) on all of its pages, where libsndfile puts a random one.

    Raises `ValueError` for what is no Ogg stream.
    """
    data, start = bytearray(stream), 0
    while start < len(data):
        if data[start : start + 4] != _MAGIC:
            raise ValueError(f"expected an Ogg page at byte {start}")
        body = start + _HEADER_BYTES + data[start + _NUM_SEGMENTS_AT]
        end = body + sum(data[start + _HEADER_BYTES : body])
        struct.pack_into("<I", data, start + _SERIAL_AT, serial)
        struct.pack_into("<I", data, start + _CHECKSUM_AT, 0)
        struct.pack_into("<I", data, start + _CHECKSUM_AT, _checksum(bytes(data[start:end])))
        start = end
    return bytes(data)


def _checksum(page: bytes) -> int:
    """RFC 3533's CRC-32: zlib's polynomial, with the bits the other way round and no inversion."""
    mirrored = zlib.crc32(page.translate(_BITS_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
