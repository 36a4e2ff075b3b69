"""Whether int8 weights are made float unasked: the room, the speed, and what is not stored."""

from __future__ import annotations

import pytest

from intab.engine.hub.manifest import EXPANDING, Manifest
from intab.engine.hub.roles import from_dtypes
from intab.engine.hub.variants import make_variants
from intab.engine.io.file_entry import FileEntry
from intab.engine.runtime.candidates import Candidate, list_candidates
from intab.engine.runtime.float_weights import GIB, room_objection, speed_objection
from intab.engine.runtime.threads import Measured
from intab.errors import DownloadError, TemporaryError
from tests.engine.storage.test_storage import Visitor

INT8, FLOATS = "onnx/model_quantized.onnx", "onnx/model_q8f32.onnx"
FILES = {INT8: FileEntry(1000), FLOATS: FileEntry(1500)}
ROLES = from_dtypes({"q8": (INT8,), "q8f32": (FLOATS,)})
BOTH = make_variants(Manifest(FILES, ROLES))


def test_floats_come_before_their_int8_on_wasm() -> None:
    candidates = list_candidates(BOTH, ("wasm", "webgpu"), None, None)
    assert candidates[0] == Candidate("wasm", "q8f32", "q8 made float, which is faster here", 6000)
    assert candidates[1:] == [Candidate("wasm", "q8", "best on wasm of q8, q8f32")]
    assert list_candidates(BOTH, ("wasm", "webgpu"), "wasm", None) == candidates


def test_nowhere_else() -> None:
    assert [str(candidate) for candidate in list_candidates(BOTH, ("cpu",), None, None)] == [
        "q8 on cpu"
    ]
    assert [str(candidate) for candidate in list_candidates(BOTH, ("wasm",), None, "q8")] == [
        "q8 on wasm"
    ]
    already = make_variants(Manifest(FILES, ROLES, dict(EXPANDING)))
    assert [str(candidate) for candidate in list_candidates(already, ("wasm",), None, None)] == [
        "q8 on wasm"
    ]


@pytest.mark.parametrize(
    ("weights", "memory", "why"),
    [
        (GIB, 8 * GIB, ""),
        (GIB + 1, 8 * GIB, "1,073,741,825 bytes of memory are not taken unasked"),
        (2 * GIB, 64 * GIB, ""),
        (2 * GIB + 1, 64 * GIB, "2,147,483,649 bytes of memory are not taken unasked"),
        (1, None, "this browser does not tell how much memory there is"),
        (0, 64 * GIB, "its size is not known"),
    ],
)
def test_an_eighth_of_the_memory(weights: int, memory: int | None, why: str) -> None:
    assert room_objection(weights, memory) == why


@pytest.mark.parametrize(
    ("measured", "why"),
    [
        (Measured(), "what floats gain here is measured once the page rests, for the next visit"),
        (Measured({1: 1.0}), "what floats gain here is measured once the page rests, "),
        (Measured({1: 1.0}, {1: 0}), "floats did not run here"),
        (Measured({1: 1.0, 2: 0.6}, {2: 1.09}), "floats are 1.1 times as fast as int8"),
        (Measured({1: 1.0, 2: 0.6}, {2: 1.1}), ""),
        (Measured({}, {1: 1.2}), ""),  # one core, and no number to choose
        # What counts is the number of threads that will compute.
        (Measured({1: 1.0, 2: 0.99}, {1: 0.9, 2: 1.5}), "floats are 0.9 times"),
        (Measured({1: 1.0, 2: 0.6}, {1: 1.5}), "what floats gain here is measured"),
    ],
)
def test_a_tenth_faster(measured: Measured, why: str) -> None:
    found = speed_objection(measured)
    assert found.startswith(why)
    assert bool(found) == bool(why)


async def test_a_better_form_that_is_not_stored_is_no_matter_without_a_network() -> None:
    visitor = Visitor(**{INT8: b"int8", FLOATS: b"floats"})
    visitor.runtime.objections = {("wasm", "q8f32"): "not measured"}
    await visitor.load()
    visitor.runtime.objections.clear()
    visitor.go_offline()
    await visitor.load()
    assert [graph.body.data for graph in visitor.runtime.opened] == [b"int8", b"int8"]


async def test_once_it_was_fetched_it_is_taken_without_a_network() -> None:
    visitor = Visitor(**{INT8: b"int8", FLOATS: b"floats"})
    await visitor.load()
    visitor.go_offline()
    await visitor.load()
    assert [graph.body.data for graph in visitor.runtime.opened] == [b"floats", b"floats"]


async def test_a_better_form_that_cannot_be_had_is_no_matter_where_the_other_is_stored() -> None:
    visitor = Visitor(**{INT8: b"int8", FLOATS: b"floats"})
    gone = next(name for name in visitor.runtime.fetch.files if name.endswith(FLOATS))
    visitor.runtime.objections = {("wasm", "q8f32"): "not measured"}
    await visitor.load()
    visitor.runtime.objections.clear()
    visitor.runtime.fetch.files[gone] = TemporaryError("the server answers 503")
    await visitor.load()
    assert [graph.body.data for graph in visitor.runtime.opened] == [b"int8", b"int8"]
    assert (await visitor.only()).complete


async def test_on_a_first_visit_it_is() -> None:
    visitor = Visitor(**{INT8: b"int8", FLOATS: b"floats"})
    gone = next(name for name in visitor.runtime.fetch.files if name.endswith(FLOATS))
    visitor.runtime.fetch.files[gone] = TemporaryError("the server answers 503")
    with pytest.raises(DownloadError, match="503"):
        await visitor.load()
