"""onnxruntime's own words, as it says them natively and in a browser."""

from __future__ import annotations

import pytest

from intab.engine.runtime.refusals import MOST, plain_reason

MODEL_CC = (
    "/onnxruntime_src/onnxruntime/core/graph/model.cc:256 onnxruntime::Model::Model("
    "onnx::ModelProto&&, const onnxruntime::PathString&, const onnxruntime::logging::Logger&) "
)
IR = "Unsupported model IR version: 14, max supported IR version: 13"
OPSET = (
    "ONNX Runtime only *guarantees* support for models stamped with official released onnx opset "
    "versions. Opset 28 is under development and support for this is limited. Current official "
    "support for domain ai.onnx is till opset 26.\n"
)
NATIVE = "[ONNXRuntimeError] : 1 : FAIL : "
WEB = "Error: Can't create a session. ERROR_CODE: 1, ERROR_MESSAGE: "
HELPER = (
    "/onnxruntime_src/onnxruntime/core/graph/model_load_utils.h:46 void onnxruntime::model_load_"
    "utils::ValidateOpsetForDomain(const std::unordered_map<std::string, int>&, bool, int) "
)


@pytest.mark.parametrize("head", [NATIVE, WEB])
def test_a_newer_file_or_opset_is_told_with_what_to_do(head: str) -> None:
    assert "IR version 14, and onnxruntime reads up to 13: set model.ir_version = 13" in (
        plain_reason(head + MODEL_CC + IR)
    )
    said = plain_reason(head + HELPER + OPSET)
    assert "opset 28, and onnxruntime has up to opset 26" in said
    assert "convert_version(model, 26)" in said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{NATIVE}{MODEL_CC}No such thing.\nat line 3", "No such thing."),
        (
            "[ONNXRuntimeError] : 10 : INVALID_GRAPH : Load model from m.onnx failed:In Node, X",
            "Load model from m.onnx failed:In Node, X",
        ),
        (
            f"{WEB}Could not find an implementation for Foo(1) node with name 'a'",
            "Could not find an implementation for Foo(1) node with name 'a'",
        ),
        ("out of memory", "out of memory"),
        (NATIVE, NATIVE.strip()),
        ("", ""),
        ("x" * 1000, "x" * MOST),
    ],
)
def test_what_is_left_of_others(text: str, reason: str) -> None:
    assert plain_reason(text) == reason
