"""What kind of sound a file has, and at how many samples a second, by its first bytes.

    >>> look_at(b"fLaC...")
    SoundFile(kind='FLAC', rate=44100)

Nothing is decoded here: that a platform does, at the file's own rate, since what resamples
otherwise while it decodes does it badly. The forms: MPEG audio frames and ADTS
(https://wiki.multimedia.cx/index.php/ADTS), FLAC (RFC 9639), Ogg (RFC 3533) with Vorbis, Opus
(RFC 7845), FLAC or Speex, MP4's sample entries (ISO 14496-12), Matroska's SamplingFrequency
(RFC 9559).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

OPUS_RATE = 48000  # whatever it was made of
_MPEG = (44100, 48000, 32000)
_ADTS = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_ENTRY = re.compile(rb"stsd.{12}(?:mp4a|alac|fLaC|Opus|\.mp3|sowt|twos)", re.DOTALL)
_FREQUENCY = re.compile(rb"\xb5(?:\x84(.{4})|\x88(.{8}))", re.DOTALL)
_HEAD = 1 << 16  # bytes in which Matroska's tracks are described
_LEAST, _MOST = 1000, 768_000  # samples a second that a file may have
_KINDS = (
    (b"fLaC", "FLAC"),
    (b"OggS", "Ogg"),
    (b"ID3", "MP3"),
    (b"\x1aE\xdf\xa3", "WebM or Matroska"),
    (b"FORM", "AIFF"),
    (b"RIFX", "RIFX"),
    (b".snd", "AU"),
)


@dataclass(frozen=True)
class SoundFile:
    """`kind`: "" if it is not known. `rate`: samples a second, None if that cannot be told."""

    kind: str = ""
    rate: int | None = None


def is_wav(data: bytes) -> bool:
    """Whether it is what wav.py reads, or begins like that."""
    return data[:4] in (b"RIFF", b"RF64") and data[8:12] in (b"WAVE", b"")


def look_at(data: bytes) -> SoundFile:
    """What a file is."""
    kind = _kind(data)
    reader = _READERS.get(kind)
    try:
        rate = reader(data) if reader else None
    except (struct.error, IndexError):  # it ends too soon
        rate = None
    return SoundFile(kind, rate if rate is not None and _LEAST <= rate <= _MOST else None)


def _kind(data: bytes) -> str:
    if data[4:8] == b"ftyp":
        return "MP4 or M4A"
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0:
        return "MP3" if data[1] & 0x06 else "AAC"
    return next((kind for start, kind in _KINDS if data.startswith(start)), "")


def _mpeg(data: bytes) -> int | None:
    """Of the first frame, behind the tags of ID3."""
    at = 0
    if data.startswith(b"ID3"):
        size = data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9]
        at = 10 + size + (10 if data[5] & 0x10 else 0)
    while at + 3 < len(data):
        version, place = data[at + 1] >> 3 & 3, data[at + 2] >> 2 & 3
        if data[at] == 0xFF and data[at + 1] & 0xE0 == 0xE0 and version != 1 and place != 3:
            return _MPEG[place] >> {3: 0, 2: 1, 0: 2}[version]
        at += 1
    return None


def _adts(data: bytes) -> int:
    return _ADTS[data[2] >> 2 & 15]


def _flac(data: bytes) -> int:
    return int.from_bytes(data[18:21], "big") >> 4


def _ogg(data: bytes) -> int | None:
    """Of what the first page begins with."""
    packet = data[27 + data[26] :]
    if packet.startswith(b"\x01vorbis"):
        return int(struct.unpack_from("<I", packet, 12)[0])
    if packet.startswith(b"OpusHead"):
        return OPUS_RATE
    if packet.startswith(b"\x7fFLAC"):
        return _flac(packet[9:])
    if packet.startswith(b"Speex   "):
        return int(struct.unpack_from("<I", packet, 36)[0])
    return None


def _mp4(data: bytes) -> int | None:
    """Of the first track of sound: a number of 16 bits, and as many behind the point."""
    found = _ENTRY.search(data)
    return int(struct.unpack_from(">H", data, found.end() + 24)[0]) if found else None


def _matroska(data: bytes) -> int | None:
    found = _FREQUENCY.search(data[:_HEAD])
    if not found:
        return None
    [rate] = struct.unpack(">f" if found[1] else ">d", found[1] or found[2])
    return round(rate) if _LEAST <= rate <= _MOST else None


_READERS: dict[str, Callable[[bytes], int | None]] = {
    "MP3": _mpeg,
    "AAC": _adts,
    "FLAC": _flac,
    "Ogg": _ogg,
    "MP4 or M4A": _mp4,
    "WebM or Matroska": _matroska,
}
