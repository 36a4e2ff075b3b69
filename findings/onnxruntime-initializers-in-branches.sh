#!/usr/bin/env bash
# onnxruntime 1.32.0 (native, Python): SessionOptions.add_external_initializers_from_files_in_memory
# serves the main graph only. For an initializer in a branch of If onnxruntime looks for a file all the
# same, and the session does not open. The model is valid, and opens if the file is there.
# In intab: app/intab/native/opening.py writes such graphs to a folder and opens them there.
#
# Needs Python 3.11 or newer and pip. Passes while it is so, fails when it changes.
# Seen on 2026-11-28 (x86-64 Linux), the session whose branch has its data in memory:
#   [ONNXRuntimeError] : 10 : INVALID_GRAPH : This is an invalid model. In Node, ("", If, "", -1) : ... Error
#   Data of TensorProto ( tensor name: w) should be stored in w.bin, but it is not regular file.
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.0 numpy==2.4.6

cat > run.py <<'PY'
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

DATA = np.arange(64, dtype=np.float32)


def model(in_branch):
    """y = w if yes, else v; the data of w is in w.bin. w belongs to the branch or to the main graph."""
    w = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[64], data_location=TensorProto.EXTERNAL)
    w.external_data.add(key="location", value="w.bin")
    v = helper.make_tensor("v", TensorProto.FLOAT, [64], -DATA)
    a, b, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [64]) for name in "aby")
    yes = helper.make_tensor_value_info("yes", TensorProto.BOOL, [])
    then = helper.make_graph([helper.make_node("Identity", ["w"], ["a"])], "then", [], [a], [w] * in_branch)
    other = helper.make_graph([helper.make_node("Identity", ["v"], ["b"])], "else", [], [b], [v])
    node = helper.make_node("If", ["yes"], ["y"], then_branch=then, else_branch=other)
    graph = helper.make_graph([node], "main", [yes], [y], [w] * (not in_branch))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def opens(source, options=None):
    """True if the answer is right; the first line of the error if the session does not open."""
    try:
        session = ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        return str(error).splitlines()[0]
    return np.array_equal(session.run(["y"], {"yes": np.array(True)})[0], DATA)


Path("files").mkdir()
Path("files/w.bin").write_bytes(DATA.tobytes())
found = {}
for place in ("main graph", "branch"):
    body = model(in_branch=place == "branch").SerializeToString()
    Path("files/graph.onnx").write_bytes(body)
    onnx.checker.check_model("files/graph.onnx")
    options = ort.SessionOptions()
    options.add_external_initializers_from_files_in_memory(["w.bin"], [DATA.tobytes()], [DATA.nbytes])
    found[place, "files"] = opens("files/graph.onnx")
    found[place, "memory"] = opens(body, options)
for (place, source), result in found.items():
    print(f"onnxruntime {ort.__version__}, {place}, from {source}:", "right" if result is True else result)
error = str(found.pop(("branch", "memory")))
so = all(result is True for result in found.values()) and "INVALID_GRAPH" in error and "w.bin" in error
print("As told: a branch's data is not taken from memory." if so else "It behaves otherwise now.")
raise SystemExit(not so)
PY
venv/bin/python run.py
