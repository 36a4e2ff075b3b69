"""Vectors, similarities and rankings equal sentence-transformers', on tiny checkpoints."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import intab
from intab.engine.tasks.sentence_pipeline import SentencePipeline
from intab.errors import ManifestError, UnsupportedModelError
from tests.native.test_pipelines import GOLDEN, same

RECORDED = json.loads((GOLDEN / "sentences.json").read_text("utf-8"))
TEXTS, DOCUMENTS = RECORDED["texts"], RECORDED["documents"]


def folder_with(name: str, files: dict[str, Any], tmp_path: Path) -> Path:
    """A copy of a checkpoint with other files, None for one that is not there."""
    folder = shutil.copytree(GOLDEN / "pipelines" / name, tmp_path / "m")
    for path, content in files.items():
        file = folder / path
        if content is None:
            file.unlink(missing_ok=True)
            continue
        file.parent.mkdir(exist_ok=True)
        if path == "config.json":
            content = {**json.loads(file.read_text("utf-8")), **content}
        file.write_text(json.dumps(content), "utf-8")
    return folder


async def sentences(folder: Path) -> SentencePipeline:
    return await intab.pipeline("sentence-similarity", folder)


def alike(found: Any, wanted: Any, precision: str = "float32") -> None:
    """Equal to the last digits; of small numbers a few may be one off, at the bounds of a step."""
    if precision == "float32":
        same(found.tolist(), wanted)
        return
    difference = np.abs(found.astype(int) - np.array(wanted))
    assert found.dtype == (np.uint8 if precision.startswith("u") else np.int8)
    assert difference.max() <= (1 if "int8" in precision else 0)
    assert np.count_nonzero(difference) <= 0.02 * difference.size


@pytest.mark.parametrize("case", RECORDED["sentences"], ids=lambda case: str(case["files"])[:300])
async def test_vectors(case: dict[str, Any], tmp_path: Path) -> None:
    pipe = await sentences(folder_with("bert-sentences", case["files"], tmp_path))
    for call in case["calls"]:
        found = await pipe.encode(TEXTS, **call["options"])
        alike(found, call["result"], call["options"].get("precision", "float32"))
    same((await pipe.encode_query(TEXTS[0])).tolist(), case["query"])
    same((await pipe.encode_document(TEXTS[0])).tolist(), case["document"])
    tokens = await pipe.encode(TEXTS[0], output_value="token_embeddings")
    same(tokens.tolist(), case["tokens"])
    same(await pipe(TEXTS[0], TEXTS[1:]), case["similarity"])
    vectors = await pipe.encode(TEXTS)
    same(pipe.similarity(vectors[0], vectors[1:])[0].tolist(), case["similarity"])
    await pipe.close()


@pytest.mark.parametrize("case", RECORDED["ranks"], ids=lambda case: str(case["files"]))
async def test_rankings(case: dict[str, Any], tmp_path: Path) -> None:
    folder = folder_with("bert-rank", case["files"], tmp_path)
    pipe = await intab.pipeline("text-ranking", folder)
    pairs = [[TEXTS[0], document] for document in DOCUMENTS]
    same(await pipe.rank(TEXTS[0], DOCUMENTS), case["rank"])
    best = {"top_k": 2, "return_documents": True}
    same(await pipe(query=TEXTS[0], documents=DOCUMENTS, **best), case["best"])
    same((await pipe.predict(pairs)).tolist(), case["pairs"])
    same(await pipe.predict(pairs[0]), case["pair"])
    same((await pipe.predict(pairs, prompt="so good ")).tolist(), case["prompt"])
    await pipe.close()


@pytest.mark.parametrize("precision", RECORDED["quantized"])
def test_quantised_by_ranges(precision: str) -> None:
    vectors = np.array(RECORDED["vectors"], np.float32)
    ranges = np.array(RECORDED["ranges"], np.float32)
    found = SentencePipeline.quantize_embeddings(vectors, precision, ranges)
    assert found.tolist() == RECORDED["quantized"][precision]


@pytest.mark.parametrize(
    ("files", "kind", "says"),
    [
        ({"1_Pooling/config.json": None}, ManifestError, "there is no 1_Pooling/config.json"),
        ({"1_Pooling/config.json": {"pooling_mode": "best"}}, ManifestError, "must be of cls, max"),
        ({"modules.json": {}}, ManifestError, "must be a list of objects"),
        (
            {"modules.json": [{"type": "a.b.Dense"}]},
            UnsupportedModelError,
            "modules.json names Den",
        ),
        ({"config_sentence_transformers.json": {"prompts": [1]}}, ManifestError, "texts by name"),
        (
            {"config_sentence_transformers.json": {"default_prompt_name": "x"}},
            ManifestError,
            "default_prompt_name must be one of",
        ),
        ({"sentence_bert_config.json": {"max_seq_length": -1}}, ManifestError, "max_seq_length"),
    ],
)
async def test_files_that_say_what_cannot_be(
    files: dict[str, Any], kind: type[Exception], says: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=says):
        await sentences(folder_with("bert-sentences", files, tmp_path))


async def test_an_activation_that_is_not_known(tmp_path: Path) -> None:
    changed = {"sbert_ce_default_activation_function": "torch.nn.modules.activation.LeakyReLU"}
    folder = folder_with("bert-rank", {"config.json": changed}, tmp_path)
    with pytest.raises(UnsupportedModelError, match=r"make scores by torch\S*LeakyReLU"):
        await intab.pipeline("text-ranking", folder)


async def test_modules_that_are_no_json(tmp_path: Path) -> None:
    folder = folder_with("bert-sentences", {}, tmp_path)
    (folder / "modules.json").write_text("<html>", "utf-8")
    with pytest.raises(ManifestError, match=r"modules\.json is not valid JSON"):
        await sentences(folder)
