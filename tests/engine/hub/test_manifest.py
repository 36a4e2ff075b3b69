"""What a folder holds: by intab.json, by a hub's listing, by asking."""

from typing import Any

import pytest

from intab.engine.hub.listing import read_manifest
from intab.engine.hub.locate import locate
from intab.engine.hub.manifest import LongTest, SelfTest, describe, parse_manifest, with_graph
from intab.engine.hub.variants import find_dtypes, make_variants
from intab.engine.io.file_entry import FileEntry
from intab.engine.io.protocols import Services
from intab.engine.io.ranges import Span
from intab.errors import DeviceError, ManifestError, ModelNotFoundError
from tests.engine.conftest import as_bytes, model_files
from tests.engine.support.fakes import FakeBody, FakeFetch, fake_means

LISTING = "https://hub/api/models/org/name/tree/main?recursive=true"
GOOD: dict[str, Any] = {
    "format": 1,
    "files": {"onnx/m.onnx": {"size": 3, "sha256": "ab"}},
    "dtypes": {"q8": ["onnx/m.onnx"]},
}


def services(files: dict[str, bytes | Exception]) -> Services[FakeBody]:
    return fake_means(FakeFetch(files))


def test_intab_json() -> None:
    manifest = parse_manifest(GOOD)
    assert manifest.files == {"onnx/m.onnx": FileEntry(3, "ab")}
    assert make_variants(manifest).dtypes == {"q8": ("onnx/m.onnx",)}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"colour": 1}, "unknown key 'colour'"),
        ({"format": 3}, "format must be 1 or 2, not 3"),
        ({"files": []}, "files must be an object"),
        ({"dtypes": {"q8": ["other.onnx"]}}, "'other.onnx', which is not under files"),
        ({"files": {"onnx/m.onnx": {"sice": 3}}}, "onnx/m.onnx has unknown keys: 'sice'"),
        ({"files": {"onnx/m.onnx": {"size": "3"}}}, "must be whole numbers, sha256 a text"),
        (
            {"files": {"onnx/m.onnx": {"size": 9, "chunk_size": 4, "chunks": ["a", "b"]}}},
            "chunks must have a sha256 for each chunk_size bytes",
        ),
        ({"self_test": {"prompt_ids": [1]}}, "self_test must have lists of ids"),
        ({"self_test": {"prompt_ids": [], "greedy_ids": [1]}}, "self_test must have lists of ids"),
        ({"self_test": {"prompt_ids": [1], "greedy_ids": ["a"]}}, "self_test must have lists"),
        ({"self_test": [1]}, "self_test must have lists of ids"),
        ({"devices": "wasm"}, "devices must be a list of names"),
        ({"devices": {"q8": [1]}}, "devices must be a list of names"),
        ({"memory": 5}, "memory must have an object of whole numbers for each dtype"),
        ({"memory": {"q8": 5}}, "memory must have an object"),
        ({"memory": {"q8": {"weights": -1}}}, "memory must have an object"),
        ({"memory": {"q8": {"weights": True}}}, "memory must have an object"),
        ({"perplexity": [1.5]}, "perplexity must have a number, 1 or more, for each dtype"),
        ({"perplexity": {"q8": 0.5}}, "perplexity must have a number"),
        ({"perplexity": {"q8": float("nan")}}, "perplexity must have a number"),
        ({"perplexity": {"q8": "15"}}, "perplexity must have a number"),
        ({"psnr": {"q8": 40}}, "psnr must have an object of decibels by graph for each dtype"),
        ({"psnr": {"q8": {"unet": float("inf")}}}, "psnr must have an object of decibels"),
        *(
            ({"self_test": {"prompt_ids": [1], "greedy_ids": [2], "long": long}}, "and in long")
            for long in (
                {"pieces": [[1]]},
                {"pieces": [[1], []], "greedy_ids": [2]},
                {"pieces": [], "greedy_ids": [2]},
                {"pieces": [["a"]], "greedy_ids": [2]},
                [1],
            )
        ),
    ],
)
def test_a_wrong_intab_json_names_the_problem(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ManifestError, match=says):
        parse_manifest({**GOOD, **change})


async def test_a_hub_tells_sizes_and_hashes() -> None:
    listing = [
        {"type": "directory", "path": "onnx", "size": 0},
        {"type": "file", "path": "config.json", "size": 9},
        {"type": "file", "path": "onnx/model_q4.onnx", "size": 5, "lfs": {"size": 7, "oid": "cd"}},
    ]
    location = locate("org/name", "models", "https://hub")
    manifest = await read_manifest(services({LISTING: as_bytes(listing)}), location)
    assert manifest.files["config.json"] == FileEntry(9)
    assert manifest.files["onnx/model_q4.onnx"] == FileEntry(7, "cd")
    assert make_variants(manifest).dtypes == {"q4": ("onnx/model_q4.onnx",)}


async def test_an_unknown_hub_id() -> None:
    with pytest.raises(ModelNotFoundError, match="org/name"):
        await read_manifest(services({}), locate("org/name", "models"))


@pytest.mark.parametrize("answer", ["<html>", '{"error": "x"}', "[1]"])
async def test_a_hub_that_is_none(answer: str) -> None:
    location = locate("org/name", "models", "https://hub")
    with pytest.raises(ManifestError, match="is it a hub"):
        await read_manifest(services({LISTING: answer.encode()}), location)


async def test_a_plain_folder_is_asked_for_each_file() -> None:
    """For external data it is not: the graph tells what is its own."""
    extra = {"onnx/model.onnx": b"g", "onnx/model.onnx_data": b"1"}
    manifest = await read_manifest(services(model_files(**extra)), locate("tiny", "models"))
    assert make_variants(manifest).dtypes == {
        "fp32": ("onnx/model.onnx",),
        "q8": ("onnx/model_quantized.onnx",),
    }
    assert "tokenizer_config.json" in manifest.files
    assert "generation_config.json" not in manifest.files


def test_dtypes_come_from_file_names() -> None:
    names = ["onnx/model_q4f16.onnx", "onnx/model_fp16.onnx", "onnx/model_fp16.onnx_data"]
    names += ["onnx/decoder_model_merged.onnx", "onnx/encoder_model.onnx"]
    assert find_dtypes(dict.fromkeys(names, FileEntry())) == {
        "fp16": ("onnx/model_fp16.onnx", "onnx/model_fp16.onnx_data"),
        "q4f16": ("onnx/model_q4f16.onnx",),
        "fp32": ("onnx/decoder_model_merged.onnx",),
    }


def test_expanded_weights_are_those_of_q8() -> None:
    names = [f"onnx/model_{name}" for name in ("q8f32.onnx", "quantized.onnx")]
    names.append("onnx/model_quantized.onnx_data")
    found = find_dtypes(dict.fromkeys(names, FileEntry()))
    assert found["q8f32"] == (names[0], names[2])
    own = f"{names[0]}_data"
    assert find_dtypes(dict.fromkeys([*names, own], FileEntry()))["q8f32"] == (names[0], own)


def test_expanded_weights_have_their_session_option() -> None:
    manifest = parse_manifest({**GOOD, "session_options": {"a": "1"}})
    assert manifest.options_for("q8") == {"a": "1"}
    assert manifest.options_for("q8f32") == {"a": "1", "session.disable_quant_qdq": "1"}


def test_each_device_has_its_preference() -> None:
    dtypes = {"fp32": ["onnx/model.onnx"], "q4": ["onnx/model_q4.onnx"]}
    files: dict[str, Any] = {name: {} for [name] in dtypes.values()}
    manifest = parse_manifest({"format": 1, "files": files, "dtypes": dtypes})
    assert make_variants(manifest).choose_dtype("wasm") == ("fp32", "best on wasm of fp32, q4")
    assert make_variants(manifest).choose_dtype("webgpu")[0] == "q4"
    assert make_variants(manifest).choose_dtype("wasm", "q4") == ("q4", "as asked for")
    with pytest.raises(DeviceError, match="no dtype 'q8'; it has: fp32, q4"):
        make_variants(manifest).choose_dtype("wasm", "q8")


def test_a_folder_without_a_graph() -> None:
    with pytest.raises(ModelNotFoundError, match="export the model to ONNX"):
        make_variants(parse_manifest({**GOOD, "dtypes": {}})).choose_dtype("wasm")


def test_a_manifest_is_read_as_it_is_described() -> None:
    entry = {"size": 9, "sha256": "ab", "chunk_size": 4, "chunks": ["a", "b", "c"]}
    test = {"prompt_ids": [1, 2], "greedy_ids": [3]}
    manifest = parse_manifest({**GOOD, "files": {"onnx/m.onnx": entry}, "self_test": test})
    assert manifest.self_test == SelfTest((1, 2), {"q8": (3,)})
    assert parse_manifest(describe(manifest)) == manifest
    assert manifest.files["onnx/m.onnx"].digest_of(Span(4, 8)) == "b"


def test_so_is_one_with_a_long_prompt() -> None:
    long = {"pieces": [[1, 2], [3]], "greedy_ids": {"q8": [4]}}
    test = {"prompt_ids": [1, 2], "greedy_ids": [3], "long": long}
    manifest = parse_manifest({**GOOD, "self_test": test})
    found = LongTest(((1, 2), (3,)), {"q8": (4,)})
    assert manifest.self_test == SelfTest((1, 2), {"q8": (3,)}, found)
    assert parse_manifest(describe(manifest)) == manifest


def test_devices_of_each_dtype_are_kept() -> None:
    assert parse_manifest({**GOOD, "devices": ["wasm"]}).devices == {}
    manifest = parse_manifest({**GOOD, "devices": {"q8": ["wasm"]}})
    assert manifest.devices == {"q8": ("wasm",)}
    assert parse_manifest(describe(manifest)) == manifest


def test_perplexities_are_kept() -> None:
    figures = {"fp32": 15.99, "q8": 16.1}
    manifest = parse_manifest({**GOOD, "perplexity": figures})
    assert manifest.perplexity == figures
    assert parse_manifest(describe(manifest)) == manifest


def test_decibels_are_kept() -> None:
    figures = {"fp16": {"unet": 71.2, "picture": 69.0}}
    manifest = parse_manifest({**GOOD, "psnr": figures})
    assert manifest.psnr == figures
    assert parse_manifest(describe(manifest)) == manifest


def test_the_bytes_of_loaded_weights_are_kept() -> None:
    older = {"weights": 12, "cache": 5, "working": 7}
    manifest = parse_manifest({**GOOD, "memory": {"q8": older, "fp32": {"cache": 5}}})
    assert manifest.weights == {"q8": 12}
    assert parse_manifest(describe(manifest)) == manifest


def test_those_of_another_graph_are_not_those_of_the_one_asked_for() -> None:
    manifest = parse_manifest({**GOOD, "memory": {"q8": {"weights": 12}}})
    assert with_graph(manifest, "onnx/m.onnx", None, ["model"])[0].weights == {"q8": 12}
    assert with_graph(manifest, "onnx/other.onnx", "q8", ["model"])[0].weights == {}


def test_with_several_graphs_of_a_dtype_they_are_not_told() -> None:
    graphs = {"encoder_model": {"q8": ["onnx/m.onnx"]}, "decoder_model": {"q8": ["onnx/m.onnx"]}}
    told = {"format": 2, "files": GOOD["files"], "roles": graphs, "memory": {"q8": {"weights": 1}}}
    assert parse_manifest(told).weights == {}
