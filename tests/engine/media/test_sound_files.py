"""What a file of sound says of itself."""

from __future__ import annotations

import struct

import pytest

from intab.engine.media.sound_files import SoundFile, is_wav, look_at

STREAMINFO = b"fLaC\0\0\0\x22" + bytes(10) + (22050 << 4).to_bytes(3, "big") + bytes(20)


def ogg(packet: bytes) -> bytes:
    return b"OggS" + bytes(22) + b"\x01" + bytes([len(packet)]) + packet


def mp4(kind: bytes, rate: int) -> bytes:
    entry = kind + bytes(16) + struct.pack(">HHHH", 2, 16, 0, 0) + struct.pack(">HH", rate, 0)
    table = b"stsd" + bytes(7) + b"\x01" + struct.pack(">I", len(entry) + 4) + entry
    return b"\0\0\0\x18ftypM4A " + bytes(30) + struct.pack(">I", len(table) + 4) + table


def matroska(number: bytes) -> bytes:
    return b"\x1aE\xdf\xa3" + bytes(40) + b"\xb5" + bytes([0x80 | len(number)]) + number


@pytest.mark.parametrize(
    ("data", "kind", "rate"),
    [
        (b"\xff\xfb\x90\x00", "MP3", 44100),
        (b"\xff\xfb\x98\x00", "MP3", 32000),
        (b"\xff\xf3\x94\x00", "MP3", 24000),
        (b"\xff\xe3\x98\x00", "MP3", 8000),
        (b"ID3\x04\0\0\0\0\0\x04abcd\0\xff\xfb\x94\0", "MP3", 48000),
        (b"ID3\x04\0\x10\0\0\0\x02ab" + bytes(10) + b"\xff\xfb\x94\0", "MP3", 48000),
        (b"ID3\x04\0\0\0\0\0\0\xff\xff\xff\xff", "MP3", None),
        (b"ID3", "MP3", None),
        (b"\xff\xf1\x50\x80", "AAC", 44100),
        (b"\xff\xf9\x6c\x80", "AAC", 8000),
        (b"\xff\xf1\x7c\x80", "AAC", None),
        (STREAMINFO, "FLAC", 22050),
        (b"fLaC", "FLAC", None),
        (ogg(b"\x01vorbis" + struct.pack("<IBI", 0, 1, 11025)), "Ogg", 11025),
        (ogg(b"OpusHead\x01\x02\0\0" + struct.pack("<I", 16000)), "Ogg", 48000),
        (ogg(b"\x7fFLAC\x01\0\0\x01" + STREAMINFO), "Ogg", 22050),
        (ogg(b"Speex   " + bytes(28) + struct.pack("<I", 16000)), "Ogg", 16000),
        (ogg(b"\x80theora"), "Ogg", None),
        (b"OggS", "Ogg", None),
        (mp4(b"mp4a", 44100), "MP4 or M4A", 44100),
        (mp4(b"Opus", 48000), "MP4 or M4A", 48000),
        (mp4(b"avc1", 44100), "MP4 or M4A", None),
        (matroska(struct.pack(">f", 48000.0)), "WebM or Matroska", 48000),
        (matroska(struct.pack(">d", 16000.0)), "WebM or Matroska", 16000),
        (matroska(struct.pack(">f", float("nan"))), "WebM or Matroska", None),
        (matroska(b""), "WebM or Matroska", None),
        (b"FORM\0\0\0\0AIFF", "AIFF", None),
        (b"GIF89a", "", None),
        (b"", "", None),
    ],
)
def test_kinds_and_rates(data: bytes, kind: str, rate: int | None) -> None:
    assert look_at(data) == SoundFile(kind, rate)


def test_wav_is_read_here() -> None:
    assert is_wav(b"RIFF\0\0\0\0WAVEfmt ")
    assert is_wav(b"RF64\0\0\0\0WAVEds64")
    assert not is_wav(b"RIFF\0\0\0\0AVI ")
    assert look_at(b"RIFF\0\0\0\0WAVEfmt ") == SoundFile()
