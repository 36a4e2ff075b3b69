"""Runs both graphs natively, without intab's engine: for the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from intab.convert.running import open_graph, refused
from intab.errors import ConvertError

Feeds = dict[str, NDArray[Any]]
Floats = NDArray[np.float32]


class Pair:
    """An encoder and its decoder in native onnxruntime, in one dtype."""

    def __init__(self, encoder: Path, decoder: Path, options: Mapping[str, str]) -> None:
        self.paths = (encoder, decoder)
        self.encoder, self.decoder = (open_graph(path, options) for path in self.paths)
        self._pasts = [info for info in self.decoder.get_inputs() if info.name.startswith("past")]

    def logits(self, feeds: Feeds, ids: Sequence[int]) -> Floats:
        """After each of these ids, [ids, vocabulary], of one source: one id in each step."""
        source = self._run(0, self._in_types(self.encoder, feeds))
        [hidden] = source.values()
        given = {"encoder_hidden_states": hidden}
        if "attention_mask" in feeds:
            given["encoder_attention_mask"] = feeds["attention_mask"]
        cache, found = self._empty(), []
        for number, token in enumerate(ids):
            fed = {**given, **cache, "input_ids": np.array([[token]])}
            fed["use_cache_branch"] = np.array([number > 0])
            step = self._run(1, fed)
            found.append(step["logits"][0, -1].astype(np.float32))
            for name in cache:
                if ".decoder." in name or not number:
                    cache[name] = step[name.replace("past_key_values", "present")]
        return np.stack(found)

    def greedy(self, feeds: Feeds, start: int, count: int) -> list[int]:
        """The first ids of an answer, the likeliest each time."""
        ids = [start]
        for _ in range(count):
            ids.append(int(self.logits(feeds, ids)[-1].argmax()))
        return ids

    def _run(self, number: int, feeds: Feeds) -> Feeds:
        session = (self.encoder, self.decoder)[number]
        names = [info.name for info in session.get_outputs()]
        try:
            found = dict(zip(names, session.run(names, feeds), strict=True))
        except Exception as exc:  # onnxruntime's exceptions share no public base
            raise refused(self.paths[number], exc) from exc
        first = next(iter(found.values()))
        if not np.isfinite(first).all():
            raise ConvertError(
                f"{self.paths[number].name} gives numbers that are not finite: leave its dtype out."
            )
        return found

    def _in_types(self, session: Any, feeds: Feeds) -> Feeds:
        kinds = {info.name: info.type for info in session.get_inputs()}
        half = {name: np.float16 for name, kind in kinds.items() if kind == "tensor(float16)"}
        return {n: v.astype(half.get(n, v.dtype)) for n, v in feeds.items() if n in kinds}

    def _empty(self) -> Feeds:
        half = any(info.type == "tensor(float16)" for info in self._pasts)
        dtype = np.float16 if half else np.float32
        return {i.name: np.zeros((1, i.shape[1], 0, i.shape[3]), dtype) for i in self._pasts}
