"""Which attributes a device leaves out, found by running nodes there and natively.

A kernel that computes what it would without the attribute, or anything else than native
onnxruntime, is as good as none for nodes that have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidArgument, InvalidGraph
from onnxruntime.capi.onnxruntime_pybind11_state import NotImplemented as NotImplemented_

from tools.kernels.asking import call, encoded, page
from tools.kernels.cases import MICROSOFT, Case, cases
from tools.kernels.probes import IR

NEAR = 0.01  # of the range of the numbers
Array = NDArray[Any]
LeftOut = dict[str, dict[str, dict[str, Any]]]


def left_out(devices: Sequence[str] = ("wasm", "webgpu")) -> LeftOut:
    """Device -> operator -> the attributes that it leaves out, each with its default."""
    asked = [(case, wanted) for case in cases() if (wanted := _wanted(case)) is not None]
    found: LeftOut = {}
    with page() as opened:
        for device in devices:
            answers = call(opened, "run", device, [_described(case) for case, _ in asked])
            for (case, wanted), answer in zip(asked, answers, strict=True):
                if isinstance(answer, str):
                    print(f"{device} {case.label}: {answer[:200]}")
                elif not _near(wanted, np.array(answer, np.float32).reshape(wanted.shape)):
                    print(f"{device} leaves out {case.label}")
                    by_operator = found.setdefault(device, {}).setdefault(case.operator, {})
                    by_operator[case.attribute] = case.default
    return found


def _wanted(case: Case) -> Array | None:
    """What native onnxruntime computes; None where the attribute changes nothing there."""
    wanted, plain = (_native(case, with_it=with_it) for with_it in (True, False))
    if wanted is None:
        print(f"native onnxruntime has no {case.label}")
        return None
    if plain is not None and plain.shape == wanted.shape and _near(wanted, plain):
        print(f"{case.label} changes nothing")
        return None
    return wanted


def _native(case: Case, *, with_it: bool) -> Array | None:
    try:
        session = onnxruntime.InferenceSession(
            _model(case, with_it=with_it), providers=["CPUExecutionProvider"]
        )
        feeds = {f"i{n}": value for n, value in enumerate(case.inputs) if value is not None}
        found: Array = session.run(["o0"], feeds)[0]
    except (Fail, InvalidArgument, InvalidGraph, NotImplemented_) as exc:
        print(f"{case.label}: {exc}"[:300])
        return None
    return found.astype(np.float32)


def _near(wanted: Array, found: Array) -> bool:
    return bool(np.abs(wanted - found).max() <= NEAR * np.ptp(wanted))


def _described(case: Case) -> dict[str, Any]:
    """A model and its feeds, for JavaScript."""
    feeds = {
        f"i{n}": [str(value.dtype), list(value.shape), encoded(value.tobytes())]
        for n, value in enumerate(case.inputs)
        if value is not None
    }
    return {"model": encoded(_model(case, with_it=True)), "feeds": feeds}


def _model(case: Case, *, with_it: bool) -> bytes:
    domain, _, name = case.operator.rpartition(":")
    settings = {**case.settings, **({case.attribute: case.value} if with_it else {})}
    inputs = [f"i{n}" if value is not None else "" for n, value in enumerate(case.inputs)]
    outputs = [f"o{n}" for n in range(case.outputs)]
    node = helper.make_node(name, inputs, outputs, domain=domain, **settings)
    given = [
        helper.make_tensor_value_info(
            f"i{n}", helper.np_dtype_to_tensor_dtype(value.dtype), [None] * value.ndim
        )
        for n, value in enumerate(case.inputs)
        if value is not None
    ]
    made = [helper.make_tensor_value_info("o0", onnx.TensorProto.FLOAT, None)]
    graph = helper.make_graph([node], "case", given, made)
    imports = [helper.make_opsetid("", case.opset), helper.make_opsetid(MICROSOFT, 1)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=IR)
    return bytes(model.SerializeToString())
