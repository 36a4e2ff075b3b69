"""Names of files that a user or a graph gives: how a message shows them, where they lead."""

import pytest

from intab.engine.io.file_names import resolve, shown


def test_a_message_shows_any_name_in_one_line() -> None:
    assert shown("onnx/ö.onnx") == "onnx/ö.onnx"
    assert shown("a\nb\udce9") == r"'a\nb\udce9'"
    assert shown("x" * 999) == "x" * 80 + "..."
    assert shown(None) == "'None'"


def test_a_graph_s_data_lies_beside_it_or_below() -> None:
    assert resolve("onnx/model.onnx", "weights.bin") == "onnx/weights.bin"
    assert resolve("onnx/model.onnx", "./data/w 1%.bin") == "onnx/data/w 1%.bin"
    assert resolve("model.onnx", "data\\w.bin") == "data/w.bin"


OUTSIDE = ["../w.bin", "/w.bin", "C:\\w.bin", "c:w", "", "./", "a/../../w", ".", "\\\\host\\w"]


@pytest.mark.parametrize("location", [*OUTSIDE, "a\nb", "caf\udce9", "w" * 256, "a/" * 600 + "b"])
def test_a_graph_s_data_lies_nowhere_else(location: str) -> None:
    with pytest.raises(ValueError, match=r"folder|surrogate|too long|no character") as caught:
        resolve("a/onnx/model.onnx", location)
    str(caught.value).encode()
