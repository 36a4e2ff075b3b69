"""What the page says of a first visit, and wheels without what no program reads."""

from __future__ import annotations

import json
import zipfile
from html import unescape
from pathlib import Path

from tools.site import slim, visit, wheels


def make_site(folder: Path) -> Path:
    """A site of a few files, one of them with a variant."""
    sizes = {
        "runtime-1/pyodide/pyodide.asm.wasm": 9_000_000,
        "runtime-1/pyodide/pyodide.asm.wasm.br": 3_000_000,
        "runtime-1/pyodide/python.snapshot": 5_000_000,
        "runtime-1/pyodide/packages/pandas.whl": 7_000_000,
        "runtime-1/ort/ort-wasm-simd-threaded.jspi.wasm": 8_000_000,
        "models/default/onnx/model_quantized.onnx": 6_000_000,
        "models/default/config.json": 700,
        "assets/page-1.mjs": 50_000,
    }
    for name, size in sizes.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(bytes(size))
    listed = {name: "" for name in sizes if "models/" not in name and not name.endswith(".br")}
    (folder / "assets/files-1.json").write_text(json.dumps(listed))
    return folder


def test_what_a_visit_fetches_as_servers_send_it(tmp_path: Path) -> None:
    found = visit.facts(make_site(tmp_path))
    assert found == {
        "sizes": {
            "runtime-1/pyodide/pyodide.asm.wasm": 3_000_000,
            "models/default/onnx/model_quantized.onnx": 6_000_000,
        },
        "rest": 50_700,
        "later": 5_000_000,  # neither what an owner added nor another build of onnxruntime
    }


def test_how_the_page_says_it(tmp_path: Path) -> None:
    said = visit.placeholders(make_site(tmp_path))
    assert (said["first"], said["later"]) == ("9 MB", "5 MB")
    assert '"' not in said["visit"]
    assert json.loads(unescape(said["visit"]))["rest"] == 50_700


def test_each_large_file_is_in_the_site(site: Path) -> None:
    """A pattern that finds nothing is of a file that has another name by now."""
    for pattern in (*visit.LARGE, *visit.SMALL):
        assert list(site.glob(pattern)), pattern


def test_a_slim_wheel_lists_what_is_left(tmp_path: Path) -> None:
    files = {"a/__init__.py": "1", "a/b.pyi": "2", "numpy/f2py/x.py": "3"}
    record = "".join(f"{name},sha256=x,1\n" for name in (*files, "a-1.dist-info/RECORD"))
    wheel = tmp_path / "a-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in (files | {"a-1.dist-info/RECORD": record}).items():
            archive.writestr(name, text)
    given = wheels.described(wheel)
    first, second = (slim.slim(given, tmp_path / place) for place in ("one", "two"))
    assert first.sha256 == second.sha256 != given.sha256
    with zipfile.ZipFile(first.path) as archive:
        assert archive.namelist() == ["a/__init__.py", "a-1.dist-info/RECORD"]
        left = archive.read("a-1.dist-info/RECORD").decode()
    assert left == "a/__init__.py,sha256=x,1\na-1.dist-info/RECORD,sha256=x,1\n"


def test_a_wheel_with_nothing_to_leave_out_is_itself(tmp_path: Path) -> None:
    wheel = tmp_path / "a-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("a/__init__.py", "1")
    given = wheels.described(wheel)
    assert slim.slim(given, tmp_path / "out") is given
