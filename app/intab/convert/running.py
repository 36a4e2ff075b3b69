"""Runs a converted graph natively, without intab's engine: for the self-test and the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from intab.engine.model_config import ModelConfig
from intab.engine.runtime.cache_slots import head_dim, kv_heads
from intab.engine.runtime.decoder_plan import KEEP
from intab.engine.runtime.graphs import EXACT_INT8
from intab.engine.runtime.refusals import plain_reason
from intab.errors import ConvertError

Cache = dict[str, NDArray[Any]]


def open_graph(path: Path, options: Mapping[str, str]) -> ort.InferenceSession:
    """A graph in native onnxruntime; ConvertError where it is refused."""
    settings = ort.SessionOptions()
    settings.log_severity_level = 3
    for key, value in (EXACT_INT8 | dict(options)).items():
        settings.add_session_config_entry(key, value)
    try:
        return ort.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime's exceptions share no public base
        raise refused(path, exc) from exc


def refused(path: Path, exc: Exception) -> ConvertError:
    """What to say of a graph that does not run."""
    return ConvertError(
        f"onnxruntime does not run {path.name} ({plain_reason(str(exc))}): leave its dtype out."
    )


class Runner:
    """A graph in native onnxruntime; `config` tells what its inputs leave open."""

    def __init__(
        self,
        path: Path,
        options: Mapping[str, str] | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self.size = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
        self.path, self.config = path, config or {}
        self.session = open_graph(path, options or {})
        self.inputs = {value.name: value for value in self.session.get_inputs()}
        self.outputs = [value.name for value in self.session.get_outputs()]

    def logits(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """The logits after each of the ids, [ids, vocabulary]."""
        return self.step(list(ids), {}, rows=0)[0]

    def greedy(self, ids: Sequence[int], count: int) -> list[int]:
        """The `count` ids that follow, the likeliest each time."""
        text, fed, cache = list(ids), list(ids), Cache()
        for _ in range(count):
            if len(text) - len(fed) <= ModelConfig.of(self.config).switch_at < len(text):
                fed, cache = (
                    list(text),
                    {},
                )  # the cache does not hold beyond: engine/model_config.py
            logits, cache = self.step(fed, cache, rows=1)
            fed = [int(logits[-1].argmax())]
            text += fed
        return text[len(ids) :]

    def step(self, ids: list[int], cache: Cache, rows: int) -> tuple[NDArray[np.float32], Cache]:
        """Logits of the last `rows` ids (0: all) and the cache that now holds them."""
        cache = cache or self._empty()
        found = self.run(ids, cache, rows)
        fresh = {name: found[name.replace("past_key_values", "present")] for name in cache}
        if "cache_position" in self.inputs:  # the new rows alone
            fresh = {name: np.concatenate([cache[name], fresh[name]], 2) for name in cache}
        return self._finite(found["logits"][0].astype(np.float32)), fresh

    def run(self, ids: list[int], cache: Cache, rows: int) -> dict[str, NDArray[Any]]:
        """All outputs, by their names."""
        cache = cache or self._empty()
        past = next(iter(cache.values())).shape[2]
        places = range(past, past + len(ids))
        values: dict[str, Any] = {
            "input_ids": [ids],
            "attention_mask": [[1] * (past + len(ids))],
            "position_ids": [places],
            "cache_position": places,
            **dict.fromkeys(KEEP, rows),
        }
        feeds = cache | {
            name: self._integers(name, value)
            for name, value in values.items()
            if name in self.inputs
        }
        if unknown := ", ".join(sorted(self.inputs.keys() - feeds)):
            raise ConvertError(
                f"{self.path.name} asks for {unknown}, which intab convert cannot give a graph: "
                "intab.load may run the folder as it is."
            )
        try:
            return dict(zip(self.outputs, self.session.run(self.outputs, feeds), strict=True))
        except Exception as exc:
            raise refused(self.path, exc) from exc

    def _integers(self, name: str, value: Any) -> NDArray[Any]:
        """A value in its input's type, and of as many dimensions."""
        info = self.inputs[name]
        found = np.array(value, np.int32 if info.type == "tensor(int32)" else np.int64)
        return found.reshape(1) if info.shape and not found.shape else found

    def _finite(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Those logits; a browser would refuse others, e.g. of weights too large for halves."""
        if not np.isfinite(logits).all():
            name = self.path.name
            raise ConvertError(f"{name} gives numbers that are not finite: leave its dtype out.")
        return logits

    def _empty(self) -> Cache:
        if not any(name.startswith("past_key_values.") for name in self.inputs):
            raise ConvertError(
                f"{self.path.name} has no past_key_values, so that each token would compute all "
                "before it again: export it with its cache."
            )
        return {
            name: np.zeros(
                self._empty_shape(value.shape),
                np.float16 if value.type == "tensor(float16)" else np.float32,
            )
            for name, value in self.inputs.items()
            if name.startswith("past_key_values.")
        }

    def _empty_shape(self, shape: Sequence[int | str | None]) -> tuple[int, int, int, int]:
        if len(shape) != 4:
            raise ConvertError(
                f"{self.path.name} has a cache of {len(shape)} dimensions, not [batch, heads, "
                "length, head_dim]: intab.load may run the folder as it is."
            )
        _, heads, _, dim = shape
        return (
            1,
            heads if isinstance(heads, int) else kv_heads(self.config),
            0,
            dim if isinstance(dim, int) else head_dim(self.config),
        )
