"""The kept kernels are those of their sources, own no memory, and fit onnxruntime-web as pinned."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from kernels.build import HERE, WANTED, source_digest
from kernels.places import BUILD, PlaceError, find_places
from tests.conftest import ROOT

DIST = ROOT / "node_modules" / "onnxruntime-web" / "dist"
CODE, DATA = 10, 11  # sections of a module
# global.get of the first global that is no import: the stack pointer. LLVM pads the number.
STACK = bytes([0x23, 0x81, 0x80, 0x80, 0x80, 0x00])
LOCK = json.loads((HERE / "kernels.lock.json").read_text())


def test_they_were_built_from_these_sources() -> None:
    assert LOCK["source"] == source_digest()
    assert LOCK["files"] == {
        name: hashlib.sha256((HERE / name).read_bytes()).hexdigest() for name in WANTED
    }


@pytest.mark.parametrize("name", WANTED)
def test_they_own_no_address(name: str) -> None:
    """Memory is onnxruntime's, or what JavaScript laid there: no static data, no stack."""
    found = sections((HERE / name).read_bytes())
    assert DATA not in found
    assert STACK not in found[CODE]


def sections(data: bytes) -> dict[int, bytes]:
    found, at = {}, 8
    while at < len(data):
        number, at = data[at], at + 1
        size = shift = 0
        while True:
            byte, at = data[at], at + 1
            size, shift = size | (byte & 127) << shift, shift + 7
            if byte < 128:
                break
        found[number] = data[at : at + size]
        at += size
    return found


def test_the_place_in_the_pinned_file() -> None:
    assert find_places(DIST).module() == (HERE / "places.mjs").read_text()


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    for suffix in (".wasm", ".mjs"):
        (tmp_path / f"{BUILD}{suffix}").write_bytes((DIST / f"{BUILD}{suffix}").read_bytes())
    return tmp_path


def change(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))


def test_a_file_without_the_instruction_is_refused(dist: Path) -> None:
    change(dist / f"{BUILD}.wasm", b"\xfd\xba\x01", b"\xfd\xae\x01")
    with pytest.raises(PlaceError, match=r"there are 0 functions with i32x4\.dot_i16x8_s, not one"):
        find_places(dist)


def test_a_choice_of_another_form_is_refused(dist: Path) -> None:
    change(dist / f"{BUILD}.wasm", b"\x41\xfa\x0a\x41\xfb\x0a", b"\x41\xfb\x0a\x41\xfa\x0a")
    with pytest.raises(PlaceError, match="there are 0 choices between signed and unsigned rows"):
        find_places(dist)


def test_a_script_without_an_allocator_is_refused(dist: Path) -> None:
    change(dist / f"{BUILD}.mjs", b"._malloc=", b"._mallac=")
    with pytest.raises(PlaceError, match="there are 0 exports named _malloc, not one"):
        find_places(dist)
