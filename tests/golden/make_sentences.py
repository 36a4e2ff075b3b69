"""Records what sentence-transformers makes of texts with tiny random checkpoints, as ONNX.

    python -m tests.golden.make_sentences

Needs torch, onnx and sentence-transformers 6.2.0. Writes the folders bert-sentences and bert-rank
of tests/golden/pipelines/, and tests/golden/sentences.json: for each change of the files beside the
model the calls and their results.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import sentence_transformers
import torch
import transformers
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.util.quantization import quantize_embeddings

from tests.golden.make_pipelines import BERT, HERE, export, tokenizer_of
from tests.golden.make_reading import plain
from tests.golden.reading_calls import LONG, ODD, TEXT

TEXTS = [TEXT, "dogs running badly", *ODD]
DOCUMENTS = ["a dog ran in the park", "good film", LONG, *ODD]
MODULES = "modules.json"
POOLING = "1_Pooling/config.json"
CONFIG = "config_sentence_transformers.json"
KINDS = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
PROMPTS = {"query": "the dog: ", "passage": "a film ", "long": "it was good , "}


def modules(count: int) -> list[dict[str, Any]]:
    return [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(KINDS[:count])
    ]


def pooling(**more: Any) -> dict[str, Any]:
    return {"word_embedding_dimension": BERT["hidden_size"], **more}


def flag(name: str) -> dict[str, Any]:
    return pooling(**{f"pooling_mode_{name}": True})


Change = tuple[dict[str, Any], list[dict[str, Any]]]
POOLINGS: list[Change] = [
    ({MODULES: modules(2), POOLING: flag(name)}, [{}])
    for name in ("cls_token", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens")
]
# The files that are changed, None for one that is taken away; the options of each encode.
CHANGES: list[Change] = [
    (
        {},
        [
            {},
            {"batch_size": 3},
            {"truncate_dim": 5},
            {"truncate_dim": 5, "normalize_embeddings": True},
            *[{"precision": p} for p in ("int8", "uint8", "binary", "ubinary")],
        ],
    ),
    ({MODULES: None, POOLING: None}, [{}, {"normalize_embeddings": True}]),
    *POOLINGS,
    ({MODULES: modules(2), POOLING: flag("lasttoken")}, [{}]),
    ({MODULES: modules(2), POOLING: pooling(pooling_mode=["max", "cls"])}, [{}]),
    (
        {CONFIG: {"prompts": PROMPTS, "default_prompt_name": "passage"}},
        [{}, {"prompt_name": "query"}, {"prompt": "so good "}, {"prompt": ""}],
    ),
    *[
        (
            {
                MODULES: modules(2),
                POOLING: pooling(pooling_mode=mode, include_prompt=False),
                CONFIG: {"prompts": PROMPTS},
            },
            [{}, {"prompt_name": "long"}],
        )
        for mode in ("mean", "cls", "max", "weightedmean")
    ],
    (
        {
            CONFIG: {"similarity_fn_name": "manhattan", "truncate_dim": 9},
            "sentence_bert_config.json": {"max_seq_length": 7, "do_lower_case": True},
        },
        [{}],
    ),
    (
        {
            "sentence_bert_config.json": None,
            "sentence_distilbert_config.json": {"max_seq_length": 6, "do_lower_case": True},
        },
        [{}],
    ),
    (
        {
            MODULES: [modules(3)[place] for place in (0, 2, 1)],
            "sentence_bert_config.json": {},
            "sentence_roberta_config.json": {
                "max_seq_length": 20,
                "tokenizer_args": {"model_max_length": 5},
            },
        },
        [{}],
    ),
    ({CONFIG: {"similarity_fn_name": "euclidean"}}, [{}]),
    ({CONFIG: {"similarity_fn_name": "dot"}, MODULES: modules(2)}, [{}]),
]
ACTIVATION = "torch.nn.modules.linear.Identity"
RANKS: list[dict[str, Any]] = [
    {},
    {"config.json": {"sentence_transformers": {"activation_fn": ACTIVATION}}},
    {"config.json": {"sbert_ce_default_activation_function": ACTIVATION}},
    {CONFIG: {"model_type": "CrossEncoder", "prompts": {"query": "the dog: "}}},
]


def checkpoint(name: str, head: str, **extra: Any) -> Path:
    """A folder with the graph, and one beside it with torch's weights, which is given."""
    folder = HERE / "pipelines" / name
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(13)
    config = transformers.BertConfig(
        **BERT, **extra, attn_implementation="eager", initializer_range=0.5
    )
    model = getattr(transformers, f"Bert{head}")(config).eval()
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    tokenizer = tokenizer_of(folder, ["input_ids", "token_type_ids", "attention_mask"])
    export(model, tokenizer, folder)
    weights = Path(tempfile.mkdtemp()) / name
    model.save_pretrained(weights)
    tokenizer.save_pretrained(weights)
    return weights


def changed(folder: Path, files: dict[str, Any]) -> Path:
    """A copy of a folder with other files, config.json with more keys."""
    copy = Path(tempfile.mkdtemp()) / "m"
    shutil.copytree(folder, copy)
    for name, content in files.items():
        path = copy / name
        if content is None:
            path.unlink(missing_ok=True)
            continue
        path.parent.mkdir(exist_ok=True)
        before = json.loads(path.read_text()) if name == "config.json" else {}
        content = {**before, **content} if isinstance(content, dict) else content
        path.write_text(json.dumps(content))
    return copy


def encoded(weights: Path, files: dict[str, Any], options: list[dict[str, Any]]) -> dict[str, Any]:
    model = SentenceTransformer(str(changed(weights, files)), device="cpu")
    vectors = model.encode(TEXTS)
    results = [plain(model.encode(TEXTS, **each).tolist()) for each in options]
    return {
        "files": files,
        "calls": [{"options": o, "result": r} for o, r in zip(options, results, strict=True)],
        "tokens": plain(model.encode(TEXT, output_value="token_embeddings").tolist()),
        "query": plain(model.encode_query(TEXT).tolist()),
        "document": plain(model.encode_document(TEXT).tolist()),
        "similarity": plain(model.similarity(vectors[:1], vectors[1:])[0].tolist()),
    }


def ranked(weights: Path, files: dict[str, Any]) -> dict[str, Any]:
    model = CrossEncoder(str(changed(weights, files)), device="cpu")
    pairs = [[TEXT, document] for document in DOCUMENTS]
    return {
        "files": files,
        "rank": plain(model.rank(TEXT, DOCUMENTS)),
        "best": plain(model.rank(TEXT, DOCUMENTS, top_k=2, return_documents=True)),
        "pairs": plain(model.predict(pairs).tolist()),
        "pair": plain(float(model.predict(pairs[0]))),
        "prompt": plain(model.predict(pairs, prompt="so good ").tolist()),
    }


def main() -> None:
    base = {
        MODULES: modules(3),
        POOLING: flag("mean_tokens"),
        "sentence_bert_config.json": {"max_seq_length": 20, "do_lower_case": False},
    }
    folder = HERE / "pipelines/bert-sentences"
    weights = checkpoint("bert-sentences", "Model")
    (folder / "1_Pooling").mkdir(exist_ok=True)
    for name, content in base.items():
        (folder / name).write_text(json.dumps(content) + "\n")
    ranking = checkpoint("bert-rank", "ForSequenceClassification", num_labels=1)
    random = np.random.default_rng(3).normal(size=(9, 20)).round(3).astype(np.float32)
    ranges = np.stack([random.min(0) - 0.5, random.max(0) + 0.5])
    found = {
        "made": f"sentence-transformers {sentence_transformers.__version__}, "
        f"transformers {transformers.__version__}, torch {torch.__version__}",
        "texts": TEXTS,
        "documents": DOCUMENTS,
        "sentences": [encoded(weights, {**base, **files}, options) for files, options in CHANGES],
        "ranks": [ranked(ranking, files) for files in RANKS],
        "vectors": plain(random.tolist()),
        "ranges": plain(ranges.tolist()),
        "quantized": {
            p: quantize_embeddings(random, p, ranges=ranges).tolist()
            for p in ("int8", "uint8", "binary", "ubinary")
        },
    }
    text = json.dumps(found, separators=(",", ":"), ensure_ascii=False)
    (HERE / "sentences.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
