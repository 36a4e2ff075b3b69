"""Names of files in a folder: what is one, what is none, and how a message shows it."""

import pytest

from intab.engine.file_names import check_name, problem_of, resolve, shown


@pytest.mark.parametrize(
    "name",
    ["config.json", "onnx/model.onnx", "a b/c%20d#e?.onnx", "ö/モデル.onnx", "..a/b..", "a" * 255],
)
def test_names_of_files(name: str) -> None:
    assert problem_of(name) == ""
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (None, "no text"),
        (7, "no text"),
        (["a"], "no text"),
        ("", "empty"),
        ("a\x00b", "control"),
        ("a\nb", "control"),
        ("caf\udce9", "not Unicode"),
        ("../a", "leads out"),
        ("a/../../b", "leads out"),
        ("a/..", "leads out"),
        ("..\\a", "leads out"),
        ("/etc/passwd", "leads out"),
        ("\\\\host\\a", "leads out"),
        ("C:/a", "leads out"),
        ("c:a", "leads out"),
        ("a//b", "empty parts"),
        ("a/./b", "empty parts"),
        ("a/", "empty parts"),
        ("ä" * 128, "longer than 255"),
        ("a/" * 600 + "b", "longer than"),
    ],
)
def test_what_is_none(name: object, says: str) -> None:
    assert says in problem_of(name)
    with pytest.raises(ValueError, match=says) as caught:
        check_name(name)
    str(caught.value).encode()


def test_a_message_shows_any_name_in_one_line() -> None:
    assert shown("onnx/ö.onnx") == "onnx/ö.onnx"
    assert shown("a\nb\udce9") == r"'a\nb\udce9'"
    assert shown("x" * 999) == "x" * 80 + "..."
    assert shown(None) == "'None'"


def test_a_graph_s_data_lies_beside_it_or_below() -> None:
    assert resolve("onnx/model.onnx", "weights.bin") == "onnx/weights.bin"
    assert resolve("onnx/model.onnx", "./data/w 1%.bin") == "onnx/data/w 1%.bin"
    assert resolve("model.onnx", "data\\w.bin") == "data/w.bin"


@pytest.mark.parametrize("location", ["../w.bin", "/w.bin", "C:\\w.bin", "", "./", "a/../../w", "."])
def test_a_graph_s_data_lies_nowhere_else(location: str) -> None:
    with pytest.raises(ValueError, match="cannot be used"):
        resolve("a/onnx/model.onnx", location)
