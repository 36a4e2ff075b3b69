#!/usr/bin/env bash
# onnxruntime 1.32.0 (native, Python): on x86 without VNNI, products of uint8 and int8 add two of them
# in 16 bits, and larger sums are cut to 32767, without a word. The session config entry
# "session.x64quantprecision" = "1" makes them exact. It is off by default.
# Why it matters: q8 models have uint8 activations and int8 weights. With large weights the same file
# gives other numbers in CPython than in a browser, whose wasm kernel is exact on the same processor,
# and other numbers than on a newer processor.
# In intab: app/intab/engine/runtime/protocols.py (EXACT_INT8) sets the entry for each session in CPython.
#
# Needs Linux (it reads /proc/cpuinfo), Python 3.11 or newer and pip. With VNNI or on Arm it can only
# check that the result is exact. Passes while it is so, fails when it changes.
# Seen on 2026-11-28 (x86-64, AVX2 without VNNI), 64 products of 255 and 127:
#   by default 1048544 (32 x 32767), with the entry 2072640 (64 x 255 x 127); onnxruntime-web 1.30.0 on
#   wasm gives 2072640 there
set -eu
saturates=yes
case "$(uname -m)" in x86_64 | amd64) ;; *) saturates=no ;; esac
if grep -qwE 'avx512_vnni|avx_vnni' /proc/cpuinfo; then saturates=no; fi
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.0 numpy==2.4.6

cat > run.py <<'PY'
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

K = 64
EXACT = K * 255 * 127


def model():
    """y = MatMulInteger(a, b): a row of K uint8, a column of K int8 that the graph holds."""
    b = helper.make_tensor("b", TensorProto.INT8, [K, 1], np.full(K, 127, np.int8).tobytes(), raw=True)
    a = helper.make_tensor_value_info("a", TensorProto.UINT8, [1, K])
    y = helper.make_tensor_value_info("y", TensorProto.INT32, [1, 1])
    graph = helper.make_graph([helper.make_node("MatMulInteger", ["a", "b"], ["y"])], "g", [a], [y], [b])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    return made.SerializeToString()


def product(entries):
    options = ort.SessionOptions()
    for key, value in entries.items():
        options.add_session_config_entry(key, value)
    session = ort.InferenceSession(model(), options, providers=["CPUExecutionProvider"])
    return session.run(["y"], {"a": np.full((1, K), 255, np.uint8)})[0].item()


default, precise = product({}), product({"session.x64quantprecision": "1"})
print(f"onnxruntime {ort.__version__}: by default {default}, with x64quantprecision {precise}, exact {EXACT}")
if sys.argv[1] == "no":
    print("This processor has VNNI or is no x86: it cannot show the cut, and must be exact.")
    so = default == precise == EXACT
else:
    so = default == K // 2 * 32767 and precise == EXACT
print("As told." if so else "It behaves otherwise now.")
raise SystemExit(not so)
PY
venv/bin/python run.py "$saturates"
