"""What does not fit is said with both numbers and with what would fit, and nothing is fetched."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from intab.engine.hub.locate import Location
from intab.engine.hub.manifest import Manifest
from intab.engine.hub.roles import Need, Roles, from_dtypes
from intab.engine.hub.variants import Variants, make_variants
from intab.engine.io.file_entry import FileEntry
from intab.engine.loading.load import load_model
from intab.engine.runtime.limits import Limits, check_fits, held_together
from intab.errors import DeviceError
from tests.engine.conftest import FakeRuntime, model_files

GRAPH, DATA, SMALL = "onnx/model.onnx", "onnx/model.onnx_data", "onnx/model_q4.onnx"
WASM = {"wasm": Limits({"WebAssembly's memory": 4 * 2**30})}


def variants(**sizes: int) -> Variants:
    found = {GRAPH: sizes.get("graph", 1000), DATA: sizes.get("data", 0), SMALL: 1_000_000}
    files = {name: FileEntry(size) for name, size in found.items()}
    graphs = {"fp32": (GRAPH, DATA), "q4": (SMALL,)}
    return make_variants(Manifest(files, from_dtypes(graphs)))


@pytest.mark.parametrize(("data", "fits"), [(3_904_514_723, True), (3_904_515_724, False)])
def test_the_last_byte_that_fits_beside_room_to_compute(data: int, fits: bool) -> None:
    if fits:
        check_fits("m", variants(data=data), "fp32", "wasm", WASM)
    else:
        with pytest.raises(DeviceError):
            check_fits("m", variants(data=data), "fp32", "wasm", WASM)


def test_the_message_has_both_numbers_and_what_would_do() -> None:
    with pytest.raises(DeviceError) as caught:
        check_fits("m", variants(data=5 * 10**9), "fp32", "wasm", {**WASM, "webgpu": Limits()})
    assert str(caught.value) == (
        "m as fp32 does not fit on wasm: it needs 5,500,001,100 bytes of memory, and WebAssembly's "
        "memory is 4,294,967,296; choose dtype='q4' on wasm (1,000,000 bytes) or dtype='fp32' on "
        "webgpu (5,000,001,000 bytes) or dtype='q4' on webgpu (1,000,000 bytes)."
    )


def test_a_file_that_is_too_large_is_named() -> None:
    with pytest.raises(DeviceError, match=f"{DATA} has 5,000 bytes, and a file may have 4,000;"):
        check_fits("m", variants(data=5000), "fp32", "webgpu", {"webgpu": Limits(file=4000)})


def test_a_model_that_fits_nowhere() -> None:
    with pytest.raises(DeviceError, match="choose a smaller model"):
        check_fits("m", variants(), "q4", "wasm", {"wasm": Limits({"this device's memory": 9})})


def test_expanded_weights_count_as_the_floats_that_they_become() -> None:
    files = {GRAPH: FileEntry(1000), DATA: FileEntry(2 * 10**9)}
    graphs = dict.fromkeys(("q8", "q8f32"), (GRAPH, DATA))
    both = make_variants(Manifest(files, from_dtypes(graphs)))
    check_fits("m", both, "q8", "wasm", WASM)
    with pytest.raises(DeviceError, match=r"8,800,004,400 bytes of memory.+ choose dtype='q8'"):
        check_fits("m", both, "q8f32", "wasm", WASM)


def told(weights: int) -> Variants:
    """A folder that tells the bytes of its weights once they are loaded."""
    manifest = variants(data=2 * 10**9).manifest
    return make_variants(replace(manifest, weights={"fp32": weights}))


def test_what_the_folder_tells_of_loaded_weights_counts() -> None:
    """An embedding that is gathered from and multiplied is there twice; weights of a branch that
    nothing runs, not at all. The files tell neither."""
    check_fits("m", told(3_904_515_723), "fp32", "wasm", WASM)
    with pytest.raises(DeviceError, match=r"4,400,000,000 bytes of memory.+ choose dtype='q4'"):
        check_fits("m", told(4 * 10**9), "fp32", "wasm", WASM)
    with pytest.raises(DeviceError, match=r"choose dtype='fp32' on wasm \(5 bytes\)"):
        check_fits("m", told(5), "q4", "wasm", {"wasm": Limits({"x": 10**5})})


def test_unknown_sizes_fit() -> None:
    check_fits("m", variants(graph=-1, data=-1), "fp32", "wasm", {"wasm": Limits({"x": 1})})


async def test_nothing_is_fetched_of_a_model_of_5_gb() -> None:
    name = "onnx/model_quantized.onnx"
    promised = {"format": 1, "files": {name: {"size": 5 * 10**9}}, "dtypes": {"q8": [name]}}
    runtime = FakeRuntime(model_files(**{"intab.json": json.dumps(promised)}))
    runtime.limits_of = {"wasm": WASM["wasm"], "webgpu": Limits()}
    with pytest.raises(DeviceError, match="5,500,000,000 bytes of memory"):
        await load_model(Location("tiny", "models/tiny/"), runtime)
    assert not any(name in asked for asked in runtime.fetch.asked)


def in_turns(**sizes: int) -> Variants:
    files = {f"{role}/model.onnx": FileEntry(size) for role, size in sizes.items()}
    roles: Roles = {role: {"fp32": (f"{role}/model.onnx",)} for role in sizes}
    needs = [Need((role,), in_turns=True) for role in sizes]
    return make_variants(Manifest(files, roles), needs)


def test_of_graphs_that_are_held_in_turns_the_largest_must_fit() -> None:
    few = {"wasm": Limits({"memory": 1100})}
    check_fits("m", in_turns(unet=1000, vae_decoder=900), "fp32", "wasm", few)
    with pytest.raises(DeviceError, match=r"it needs 1,101 bytes of memory, and memory is 1,100"):
        check_fits("m", in_turns(unet=1001, vae_decoder=9), "fp32", "wasm", few)


def test_they_are_held_together_if_there_is_room_for_twice_as_much() -> None:
    assert held_together(1500, Limits({"memory": 3000}))
    assert not held_together(1500, Limits({"memory": 2999, "another": 9999}))
    assert held_together(1500, Limits())
