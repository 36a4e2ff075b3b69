"""What the Python libraries read out of real texts, with onnxruntime computing for torch.

    python -m tests.reading.record MATERIAL

Run with transformers 5.24.0 (and sentence-transformers 6.2.0), then with transformers 4.57.6;
writes build/reading/5.json and 4.json, which tests/reading/compare.py reads.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import onnxruntime
import torch
import transformers
from transformers.modeling_outputs import ModelOutput

from tests.reading.cases import ROOT, Case, answers, cases
from tests.reading.texts import real_texts

OLD = transformers.__version__.startswith("4")


def computing(folder: Path) -> tuple[Any, Any]:
    """The model's class with its graph in the place of its own weights, and the tokenizer."""
    [graph] = (folder / "onnx").glob("*.onnx")
    session = onnxruntime.InferenceSession(str(graph))
    takes = [info.name for info in session.get_inputs()]
    gives = [info.name for info in session.get_outputs()]
    config = transformers.AutoConfig.from_pretrained(folder)
    model = getattr(transformers, config.architectures[0])(config).eval()

    padding = getattr(getattr(model.base_model, "embeddings", None), "padding_idx", None)

    def positions(ids: Any) -> Any:
        """As the model's class makes them: counted from the padding's id on, if it has one."""
        if padding is None:
            return torch.arange(ids.shape[1])[None]
        real = (ids != padding).long()
        return torch.cumsum(real, 1) * real + padding

    done: dict[bytes, Any] = {}  # one text is read with many options

    def forward(**given: Any) -> Any:
        ids = given["input_ids"]
        feeds = {
            "attention_mask": torch.ones_like(ids),
            "token_type_ids": torch.zeros_like(ids),
            "position_ids": positions(ids),
            **{name: value for name, value in given.items() if name in takes},
        }
        arrays = {name: feeds[name].numpy() for name in takes}
        key = b"".join(array.tobytes() for array in arrays.values())
        if key not in done:
            done[key] = session.run(gives, arrays)
        found = [array.copy() for array in done[key]]
        return ModelOutput(zip(gives, map(torch.from_numpy, found), strict=True))

    model.forward = forward
    return model, transformers.AutoTokenizer.from_pretrained(folder)


def record(case: Case) -> dict[str, Any]:
    name, task, folder, texts, options = case
    model, tokenizer = computing(folder)
    pipe = transformers.pipeline(task, model=model, tokenizer=tokenizer)
    found = [[attempt(pipe, text, each) for text in texts] for each in options]
    print(f"{name}: {len(texts)} texts x {len(options)}", flush=True)
    return {"name": name, "task": task, "folder": folder.name, "results": found}


def attempt(pipe: Any, text: Any, options: dict[str, Any]) -> Any:
    given = dict(options)
    if "tokenizer_kwargs" in given:
        given["tokenizer_kwargs"] = dict(given["tokenizer_kwargs"])
    try:
        found = pipe(**text, **given) if isinstance(text, dict) else pipe(text, **given)
    except BaseException as exc:  # noqa: BLE001 - a panic of tokenizers is no Exception
        return {"error": type(exc).__name__}
    return json.loads(json.dumps(found, default=float))


def embeddings(material: Path) -> dict[str, Any]:
    """all-MiniLM-L6-v2's vectors by sentence-transformers, a text at a time."""
    from sentence_transformers import SentenceTransformer

    folder = material / "models/all-minilm-l6-v2-q"
    model, _ = computing(folder)
    with tempfile.TemporaryDirectory() as place:
        for file in folder.rglob("*.json"):
            target = Path(place) / file.relative_to(folder)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(file.read_bytes())
        transformers.AutoModel.from_config(model.config).save_pretrained(place)
        whole = SentenceTransformer(place, device="cpu")
    whole[0].model.forward = model.forward
    texts = real_texts(material)
    found = [whole.encode([text], batch_size=1)[0].tolist() for text in texts]
    options: list[dict[str, Any]] = [{}, {"truncate_dim": 64, "normalize_embeddings": True}]
    options.append({"precision": "ubinary"})
    rest = [whole.encode(texts, batch_size=1, **each).tolist() for each in options[1:]]
    return {"name": "embeddings", "options": options, "results": [found, *rest]}


def main() -> None:
    material = Path(sys.argv[1])
    found: dict[str, Any] = {
        "made": f"transformers {transformers.__version__}, onnxruntime {onnxruntime.__version__}",
        "cases": [record(case) for case in (answers if OLD else cases)(material)],
    }
    if not OLD:
        found["embeddings"] = embeddings(material)
    target = ROOT / f"build/reading/{4 if OLD else 5}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
