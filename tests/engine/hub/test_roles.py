"""Which graph does what, by its name; which a task takes, in which dtype, on which device."""

from __future__ import annotations

import json
from typing import Any

import pytest

from intab.engine.hub.layout import find_roles
from intab.engine.hub.listing import read_manifest
from intab.engine.hub.locate import Location
from intab.engine.hub.manifest import Manifest, describe, parse_manifest, with_graph
from intab.engine.hub.roles import DECODER, Need, as_dtypes, from_dtypes, path_of, role_of
from intab.engine.hub.variants import Choice, make_variants
from intab.errors import DeviceError, IntabError, ManifestError, ModelNotFoundError, OptionError
from tests.engine.support.fakes import FakeFetch, FakeStore, fake_means

SEQ2SEQ = (Need(("encoder_model",)), Need(("decoder_model_merged", "decoder_model")))
FILES = [
    "onnx/encoder_model.onnx",
    "onnx/encoder_model_q4.onnx",
    "onnx/encoder_model_quantized.onnx",
    "onnx/decoder_model_merged.onnx",
    "onnx/decoder_model_merged.onnx_data",
    "onnx/decoder_model_merged_q4.onnx",
    "onnx/decoder_model_fp16.onnx",
    "onnx/vision_encoder_q4f16.onnx",
]
MANIFEST = Manifest({}, find_roles(FILES))


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("onnx/model_quantized.onnx", "model"),
        ("decoder_with_past_model.onnx", "decoder_with_past_model"),
        ("onnx/decoder_model_merged_q4f16.onnx", "decoder_model_merged"),
        ("a/b/vision_encoder.int8.onnx", "vision_encoder"),
        ("onnx/audio_encoder-fp16.onnx", "audio_encoder"),
        ("unet/model.onnx", "unet"),
        ("onnx/vae_decoder/model_fp16.onnx", "vae_decoder"),
        ("text_encoder/model.onnx", "text_encoder"),
        ("onnx/text_encoder_q4.onnx", "text_encoder"),
        ("other/model.onnx", "model"),
        ("onnx/super_resolution.onnx", ""),
        ("model.bin", ""),
    ],
)
def test_the_role_is_in_the_name(path: str, role: str) -> None:
    assert role_of(path) == role


@pytest.mark.parametrize("role", ["unet", "vae_decoder", "text_encoder", "text_encoder_2"])
@pytest.mark.parametrize("place", ["", "onnx/"])
def test_a_pipeline_s_folders_are_roles(role: str, place: str) -> None:
    files = [f"{place}{role}/model.onnx", f"{place}{role}/model.onnx_data", "model_index.json"]
    files.append(f"{place}{role}/model_fp16.onnx")
    assert find_roles(files) == {role: {"fp32": tuple(files[:2]), "fp16": (files[3],)}}
    assert role_of(f"{path_of(role)}.onnx") == role


def test_each_role_has_its_dtypes() -> None:
    assert {role: list(dtypes) for role, dtypes in MANIFEST.roles.items()} == {
        "encoder_model": ["fp32", "q4", "q8"],
        "decoder_model_merged": ["fp32", "q4"],
        "decoder_model": ["fp16"],
        "vision_encoder": ["q4f16"],
    }
    assert MANIFEST.roles["decoder_model_merged"]["fp32"] == (FILES[3], FILES[4])


def parts(**choice: Any) -> dict[str, list[str]]:
    """For each variant the roles and dtypes of its graphs."""
    found = Choice.of(choice.get("dtype"), choice.get("device"))
    variants = found.variants(MANIFEST, SEQ2SEQ)
    return {
        dtype: [f"{part.role} {part.dtype}" for part in each]
        for dtype, each in variants.parts.items()
    }


def test_a_variant_has_the_same_dtype_throughout_where_it_can() -> None:
    assert parts() == {
        "fp32": ["encoder_model fp32", "decoder_model_merged fp32"],
        "q4": ["encoder_model q4", "decoder_model_merged q4"],
        "q8": ["encoder_model q8", "decoder_model_merged q4"],  # few bytes, the same floats
    }
    assert parts(dtype="q4") == {"q4": ["encoder_model q4", "decoder_model_merged q4"]}


def test_a_dtype_for_each_role() -> None:
    chosen = {"encoder_model": "fp32", "decoder_model_merged": "q4"}
    assert parts(dtype=chosen) == {"fp32": ["encoder_model fp32", "decoder_model_merged q4"]}
    assert parts(dtype={"decoder_model": "fp16"})["q4"] == [
        "encoder_model q4",
        "decoder_model fp16",
    ]


def test_files_of_a_variant_are_those_of_its_graphs() -> None:
    variants = make_variants(MANIFEST, SEQ2SEQ)
    assert variants.dtypes["fp32"] == (FILES[0], FILES[3], FILES[4])


@pytest.mark.parametrize(
    ("choice", "kind", "says"),
    [
        ({"dtype": {"encodr": "q4"}}, DeviceError, "no role 'encodr'; it has: decoder_model, dec"),
        ({"device": {"unet": "wasm"}}, DeviceError, "no role 'unet'; it has: decoder_model, dec"),
        ({"dtype": {"vision_encoder": "q4f16"}}, DeviceError, "vision_encoder is not used here; u"),
        (
            {"dtype": {"encoder_model": "fp16"}},
            DeviceError,
            "has no dtype 'fp16'; it has: fp32, q4",
        ),
        (
            {"dtype": {"decoder_model": "q4"}},
            DeviceError,
            "decoder_model has no dtype 'q4'; it has",
        ),
        ({"dtype": "q8"}, DeviceError, "decoder_model_merged has no dtype 'q8'; it has: fp32, q4"),
        ({"dtype": {"encoder_model": 4}}, OptionError, "dtype must be a name or a dict"),
        ({"device": 4}, OptionError, "device must be a name or a dict"),
    ],
)
def test_what_is_not_there_is_named(
    choice: dict[str, Any], kind: type[IntabError], says: str
) -> None:
    with pytest.raises(kind, match=says):
        parts(**choice)


def test_a_graph_that_is_needed_and_missing() -> None:
    alone = Manifest({}, find_roles(FILES[:2]))
    with pytest.raises(ModelNotFoundError, match="no decoder_model_merged or decoder_model, which"):
        make_variants(alone, SEQ2SEQ)
    assert make_variants(alone, DECODER).parts == {}


def test_devices_of_single_roles() -> None:
    choice = Choice.of(None, {"encoder_model": "webgpu", "decoder_model_merged": "wasm"})
    assert choice.first(SEQ2SEQ[0]) == ("webgpu", None)
    assert choice.variants(MANIFEST, SEQ2SEQ).devices == {"decoder_model_merged": "wasm"}
    assert choice.all_devices == ["webgpu", "wasm"]
    assert choice.key != Choice.of(None, None).key == Choice.of(None, None).key


FORMAT_2 = {
    "format": 2,
    "files": {name: {"size": 1} for name in FILES},
    "roles": {
        role: {dtype: list(names) for dtype, names in its.items()}
        for role, its in MANIFEST.roles.items()
    },
}


def test_format_2_has_roles() -> None:
    manifest = parse_manifest(FORMAT_2)
    assert manifest.roles == MANIFEST.roles
    again = describe(manifest)
    assert again["format"] == 2
    assert again["roles"] == FORMAT_2["roles"]
    assert parse_manifest(json.loads(json.dumps(again))) == manifest


@pytest.mark.parametrize(
    ("dtypes", "roles"),
    [
        (
            {"q8": ["onnx/model_quantized.onnx", "w"]},
            {"model": {"q8": ("onnx/model_quantized.onnx", "w")}},
        ),
        ({"q4": ["m.onnx"]}, {"model": {"q4": ("m.onnx",)}}),
        (
            {"q4": ["decoder_model_merged_q4.onnx", "embed_tokens.onnx", "embed_tokens.onnx_data"]},
            {
                "decoder_model_merged": {"q4": ("decoder_model_merged_q4.onnx",)},
                "embed_tokens": {"q4": ("embed_tokens.onnx", "embed_tokens.onnx_data")},
            },
        ),
        ({}, {}),
    ],
)
def test_format_1_is_read_and_written_where_it_says_all(
    dtypes: dict[str, list[str]], roles: dict[str, dict[str, tuple[str, ...]]]
) -> None:
    assert from_dtypes(dtypes) == roles
    assert as_dtypes(roles) == {dtype: tuple(names) for dtype, names in dtypes.items()}
    assert describe(Manifest({}, roles))["format"] == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": 3}, "format must be 1 or 2, not 3"),
        ({"format": True}, "format must be 1 or 2, not"),
        ({"roles": []}, "roles must be an object"),
        ({"roles": {"model": []}}, "dtypes must be an object"),
        ({"roles": {"../up": {}}}, "is no role"),
        ({"roles": {"model": {"q4": []}}}, "must list its graph"),
        ({"roles": {"model": {"q4": ["x.onnx"]}}}, "names 'x.onnx', which is not under files"),
        ({"dtypes": {}}, "unknown key 'dtypes'"),
    ],
)
def test_what_is_wrong_with_format_2(change: dict[str, object], says: str) -> None:
    with pytest.raises(ManifestError, match=says):
        parse_manifest({**FORMAT_2, **change})


def test_a_graph_that_was_named_is_the_one_that_is_taken() -> None:
    files = ["onnx/model.onnx", "onnx/decoder_model_merged.onnx", "onnx/embed_tokens.onnx"]
    manifest = Manifest({}, find_roles([*files, "odd.onnx"]))
    for graph, taken in [(files[0], files[:1]), (files[1], files[1:]), ("odd.onnx", ["odd.onnx"])]:
        named, dtype = with_graph(manifest, graph, None, DECODER[0].roles)
        assert make_variants(named).dtypes[dtype] == tuple(taken)


async def test_where_nobody_lists_what_is_needed_is_asked_for() -> None:
    fetch = FakeFetch({f"m/{name}": b"x" for name in FILES})
    location = Location("m", "m/")
    manifest = await read_manifest(fake_means(fetch, FakeStore()), location, needs=SEQ2SEQ)
    assert set(manifest.roles) == {"encoder_model", "decoder_model_merged", "decoder_model"}
    assert not any("vision_encoder" in request for request in fetch.asked)
