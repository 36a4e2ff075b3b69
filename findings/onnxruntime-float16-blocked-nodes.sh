#!/usr/bin/env bash
# onnxruntime 1.32.0: convert_float_to_float16 keeps the nodes of node_block_list float32, and casts what one
# of them gives to the next to float16 and back. A chain of blocked nodes, such as a UNet's sine of its
# timestep, is then no nearer to float32 than float16 is.
# In intab: app/intab/convert/pictures/halves.py takes such pairs of casts out.
#
# Needs Python 3.11 or newer and pip. Passes while it is so, fails when it changes.
# Seen on 2026-11-30 for the sine of 999 * 0.9527, both nodes blocked:
#   float32 0.1546, converted 0.3918, without the pair of casts 0.1547
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6

cat > run.py <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnxruntime.transformers.float16 import convert_float_to_float16

NODES = [
    helper.make_node("Mul", ["time", "rate"], ["angle"], name="mul"),
    helper.make_node("Sin", ["angle"], ["wave"], name="sin"),
]


def made():
    """The sine of an input times a rate, in float32."""
    given, wave = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("time", "wave"))
    rate = helper.make_tensor("rate", TensorProto.FLOAT, [1], [0.9527])
    graph = helper.make_graph(NODES, "wave", [given], [wave], [rate])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def answer(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return float(session.run(None, {"time": np.array([999], np.float32)})[0][0])


def between(model):
    """The casts that stand between the two nodes."""
    makers = {name: node for node in model.graph.node for name in node.output}
    node, found = next(one for one in model.graph.node if one.name == "sin"), []
    while (node := makers.get(node.input[0])) is not None and node.op_type == "Cast":
        found.append(next(one.i for one in node.attribute if one.name == "to"))
    return found


def joined(model):
    """The same graph without them."""
    sine, product = (next(one for one in model.graph.node if one.name == name) for name in ("sin", "mul"))
    sine.input[0] = product.output[0]
    return model


whole = answer(made())
model = convert_float_to_float16(made(), keep_io_types=True, node_block_list=["mul", "sin"])
casts, lossy = between(model), answer(model)
exact = answer(joined(model))
print(f"  float32 {whole:.4f}, converted {lossy:.4f}, without the pair of casts {exact:.4f}")
so = casts == [TensorProto.FLOAT, TensorProto.FLOAT16] and abs(lossy - whole) > 0.01 > abs(exact - whole)
print("As told: blocked nodes hand float16 to each other." if so else "It behaves otherwise now.")
raise SystemExit(not so)
PY
venv/bin/python run.py
