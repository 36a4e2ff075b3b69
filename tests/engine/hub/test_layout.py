"""Which files of a folder are which, by their names, in the layouts that exporters write."""

import pytest

from intab.engine.hub.layout import choose_folder, folders_up, guess_dtype, text_paths
from intab.engine.hub.variants import find_dtypes
from intab.errors import ModelNotFoundError


@pytest.mark.parametrize(
    ("graph", "dtype"),
    [
        ("onnx/model.onnx", "fp32"),
        ("onnx/model_int4.onnx", "q4"),
        ("onnx/model_quantized.onnx", "q8"),
        ("onnx/model-q4f16.onnx", "q4f16"),
        ("onnx/model.int8.onnx", "int8"),
        ("model.onnx", "fp32"),
        ("model_q4.onnx", "q4"),
        ("model_fp32.onnx", "fp32"),
        ("onnx/model_qint8_arm64.onnx", "int8"),
        ("onnx/model_quint8_avx2.onnx", "uint8"),
        ("onnx/decoder_model_merged_q4.onnx", "q4"),
        ("decoder_model.onnx", "fp32"),
        ("onnx/decoder_with_past_model_fp16.onnx", "fp16"),
    ],
)
@pytest.mark.parametrize("folder", ["", "cpu/int8"])
def test_a_graph_by_its_name(graph: str, dtype: str, folder: str) -> None:
    path = f"{folder}/{graph}".lstrip("/")
    assert find_dtypes([path, "config.json"], folder) == {dtype: (path,)}


@pytest.mark.parametrize(
    "name",
    [
        "onnx/encoder_model.onnx",
        "onnx/model_O4.onnx",
        "onnx/a/model.onnx",
        "vae/model.onnx",
        "x.onnx",
    ],
)
def test_what_is_no_decoder_by_its_name(name: str) -> None:
    assert find_dtypes([name]) == {}


def test_the_folder_onnx_comes_first_then_the_usual_names() -> None:
    names = ["model.onnx", "onnx/decoder_model.onnx", "onnx/decoder_with_past_model.onnx"]
    assert find_dtypes(names)["fp32"] == ("onnx/decoder_with_past_model.onnx",)
    names += ["onnx/model_int4.onnx", "onnx/model_q4.onnx", "onnx/model_uint4.onnx"]
    assert find_dtypes(names)["q4"] == ("onnx/model_q4.onnx",)


@pytest.mark.parametrize(
    ("path", "dtype"),
    [
        ("cpu_and_mobile/cpu-int4-rtn-block-32/model.onnx", "q4"),
        ("phi3-mini-4k-instruct-cpu-int4-rtn-block-32.onnx", "q4"),
        ("cuda/cuda-fp16/phi3.onnx", "fp16"),
        ("a-int4-fp16/model.onnx", "q4f16"),
        ("int4/model_fp16.onnx", "fp16"),
        ("onnx/model_quantized.onnx", "q8"),
        ("point8/interint4.onnx", "fp32"),
    ],
)
def test_a_dtype_is_guessed_from_a_path(path: str, dtype: str) -> None:
    assert guess_dtype(path) == dtype


def test_a_model_in_a_folder_below() -> None:
    genai = ["cuda/a/genai_config.json", "cpu_and_mobile/b/genai_config.json", "README.md"]
    assert choose_folder(genai) == "cpu_and_mobile/b"
    assert choose_folder(genai[:1]) == "cuda/a"
    assert choose_folder(["q4/onnx/model_q4.onnx"]) == "q4"
    assert choose_folder(["q4/model_q4.onnx", "model.onnx"]) == ""
    assert choose_folder([*genai, "x/genai_config.json"], "x") == "x"
    assert choose_folder(["unet/model.onnx", "model_index.json"]) == ""
    assert choose_folder(["strange/other.onnx"]) == ""


def test_several_models_in_folders_below() -> None:
    names = ["cpu-b/genai_config.json", "cpu-a/genai_config.json", "gpu/genai_config.json"]
    with pytest.raises(ModelNotFoundError, match=r"cpu-a, cpu-b, gpu.*subfolder='cpu-a'"):
        choose_folder(names)


@pytest.mark.parametrize(
    ("graph", "folder", "config", "tokenizer"),
    [
        ("onnx/model.onnx", "", "config.json", "tokenizer.json"),
        ("onnx/model.onnx", "onnx", "onnx/config.json", "tokenizer.json"),
        ("a/b/model.onnx", "", "a/config.json", "tokenizer.json"),
        ("a/b/onnx/model.onnx", "a/b", "a/config.json", "tokenizer.json"),
        ("c/onnx/model.onnx", "", "config.json", "tokenizer.json"),
        ("c/onnx/model.onnx", "c", "config.json", "tokenizer.json"),
        ("", "", "config.json", "tokenizer.json"),
    ],
)
def test_texts_are_around_the_graph_or_above(
    graph: str, folder: str, config: str, tokenizer: str
) -> None:
    files = ["config.json", "a/config.json", "onnx/config.json", "tokenizer.json", "x/other.json"]
    found = text_paths(files, graph, folder, {"config.json", "tokenizer.json"}.__contains__)
    assert found == {"config.json": config, "tokenizer.json": tokenizer}


def test_texts_may_be_beside_the_graph_alone() -> None:
    found = text_paths(["onnx/config.json"], "onnx/model.onnx", "", lambda name: True)
    assert found["config.json"] == "onnx/config.json"
    assert list(folders_up("")) == [""]
