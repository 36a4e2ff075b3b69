"""Records what transformers' pipelines for encoder-decoders answer, on tiny random checkpoints.

    python tests/golden/make_seq2seq.py [NAME ...]

Needs torch, transformers 4.57.6 (the last with these pipelines), onnx and onnxruntime. Writes
tests/golden/seq2seq/NAME/, folders as a hub has them: t5, nllb, mt5 and mbart50 have a merged
decoder, the others two; and tests/golden/seq2seq.json: for each folder the calls and their results.
With names only those are made again.
"""

from __future__ import annotations

import datetime
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers.models.mbart.tokenization_mbart_fast import FAIRSEQ_LANGUAGE_CODES as MBART
from transformers.models.mbart50.tokenization_mbart50_fast import FAIRSEQ_LANGUAGE_CODES as MBART50

from tests.support.exporting import export_pair, merge

HERE = Path(__file__).parent
WORDS = [
    "the",
    "cat",
    "sat",
    "on",
    "a",
    "mat",
    "dog",
    "ran",
    "in",
    "park",
    "it",
    "was",
    "good",
    "bad",
    "film",
    "very",
    "not",
    "is",
    "this",
    "great",
    "so",
]
CHARACTERS = [*"abcdefghijklmnopqrstuvwxyz.,!?:ACDEGILMNOPRST"]
PIECES = ["▁", *[f"▁{word}" for word in WORDS], *CHARACTERS]
FRONT = {
    "t5": ["<pad>", "</s>", "<unk>"],
    "bart": ["<s>", "<pad>", "</s>", "<unk>"],
    "marian": ["</s>", "<unk>"],
    "nllb": ["<s>", "<pad>", "</s>", "<unk>"],
    "mt5": ["<pad>", "</s>", "<unk>"],
    "pegasus": ["<pad>", "</s>", "<mask_1>", "<mask_2>", "<unk_2>", "<unk>"],
    "mbart": ["<s>", "<pad>", "</s>", "<unk>"],
    "mbart50": ["<s>", "<pad>", "</s>", "<unk>"],
}
BACK = {"marian": ["<pad>"], "nllb": ["eng_Latn", "fra_Latn", "deu_Latn"]}
BACK |= {"mbart": [*MBART, "<mask>"], "mbart50": [*MBART50, "<mask>"]}
MERGED = ("t5", "nllb", "mt5", "mbart50")
SMALL: dict[str, Any] = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 2,
    "encoder_ffn_dim": 24,
}
SMALL |= {"decoder_ffn_dim": 24, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
SMALL |= {"max_position_embeddings": 64, "init_std": 0.6}
SHALLOW = {**SMALL, "decoder_layers": 1}
TEXT, OTHER = "the cat sat on a mat", "a dog ran in the park, it was great"
SHORT = {"max_new_tokens": 30}
SUMMARY = "summarization"
CALLS: list[tuple[str, Any, dict[str, Any]]] = [
    ("text2text-generation", TEXT, SHORT),
    ("text2text-generation", [TEXT, OTHER, ""], {"batch_size": 3, **SHORT}),
    ("text2text-generation", TEXT, {"num_beams": 1, "max_new_tokens": 20}),
    ("text2text-generation", [TEXT], {"num_return_sequences": 3, "max_new_tokens": 9}),
    ("text2text-generation", OTHER, {"num_beams": 3, "length_penalty": -1.0, "max_new_tokens": 12}),
    (
        "text2text-generation",
        OTHER,
        {"num_beams": 5, "early_stopping": True, "min_length": 5, **SHORT},
    ),
    ("text2text-generation", OTHER, {"num_beams": 1, "repetition_penalty": 1.4, **SHORT}),
    ("text2text-generation", OTHER, {"no_repeat_ngram_size": 2, "max_length": 18, "num_beams": 1}),
    ("text2text-generation", OTHER, {"return_tensors": True, "max_new_tokens": 7}),
    (
        "text2text-generation",
        OTHER,
        {"clean_up_tokenization_spaces": True, "num_beams": 1, **SHORT},
    ),
    (SUMMARY, [TEXT, OTHER], {"num_beams": 1, **SHORT}),
    (SUMMARY, OTHER, SHORT),
    (SUMMARY, OTHER, {"num_beams": 2}),
    ("translation_en_to_de", TEXT, SHORT),
    ("translation", [TEXT, OTHER], {"num_beams": 2, "max_new_tokens": 10}),
    (
        "text2text-generation",
        [TEXT, OTHER],
        {"decoder_start_token_id": 5, "num_beams": 1, "max_new_tokens": 9},
    ),
    (
        "text2text-generation",
        OTHER,
        {"decoder_start_token_id": 5, "return_tensors": True, "max_new_tokens": 9},
    ),
]
LANGUAGES = {"src_lang": "eng_Latn", "tgt_lang": "fra_Latn"}
NLLB: list[tuple[str, Any, dict[str, Any]]] = [
    ("translation", TEXT, LANGUAGES),
    ("translation", [TEXT, OTHER], {**LANGUAGES, "num_beams": 1, "max_new_tokens": 12}),
    ("translation", OTHER, {**LANGUAGES, "tgt_lang": "deu_Latn", "max_length": 14}),
    ("translation", OTHER, {"src_lang": "deu_Latn", "tgt_lang": "eng_Latn", "num_beams": 1}),
]
PAIR = {"src_lang": "en_XX", "tgt_lang": "ro_RO"}
MBARTS: list[tuple[str, Any, dict[str, Any]]] = [
    ("translation", TEXT, PAIR),
    ("translation", [TEXT, OTHER], {**PAIR, "num_beams": 1, "max_new_tokens": 12}),
    ("translation", OTHER, {"src_lang": "de_DE", "tgt_lang": "en_XX", "max_length": 14}),
    ("translation", TEXT, {**PAIR, "num_beams": 2, "max_new_tokens": 10}),
    (SUMMARY, OTHER, {"num_beams": 1, "max_new_tokens": 12}),
]
SHORTER: list[tuple[str, Any, dict[str, Any]]] = [
    ("text2text-generation", [TEXT, OTHER, ""], SHORT),
    ("text2text-generation", OTHER, {"num_beams": 1, "repetition_penalty": 1.4, **SHORT}),
    ("text2text-generation", OTHER, {"no_repeat_ngram_size": 2, "max_length": 18, "num_beams": 1}),
    ("text2text-generation", OTHER, {"num_beams": 3, "encoder_no_repeat_ngram_size": 2, **SHORT}),
    (
        "text2text-generation",
        [TEXT, OTHER],
        {
            "num_beams": 1,  # of several the penalty counts for the first alone there
            "encoder_repetition_penalty": 2.5,
            "encoder_no_repeat_ngram_size": 1,
            **SHORT,
        },
    ),
    (SUMMARY, [TEXT, OTHER], {"num_beams": 3, "length_penalty": 0.6, "max_new_tokens": 12}),
    (SUMMARY, OTHER, {}),
]
CALLS_OF = {"nllb": NLLB, "mbart": MBARTS, "mbart50": MBARTS, "mt5": SHORTER, "pegasus": SHORTER}
SAMPLED = [
    {"temperature": 0.7, "top_k": 9},
    {"top_p": 0.8},
    {"repetition_penalty": 1.3, "top_k": 0},
]
PARAMS = {
    SUMMARY: {"prefix": "it is: ", "min_length": 4, "max_length": 22, "num_beams": 3,
              "no_repeat_ngram_size": 3},
    "translation_en_to_de": {"prefix": "in the: ", "max_length": 30, "early_stopping": True},
    "translation_en_to_fr": {"prefix": "a film: ", "max_length": 16},
}  # fmt: skip


OWN: dict[str, tuple[Any, dict[str, Any]]] = {
    "nllb": (transformers.NllbTokenizerFast,
             {"src_lang": "eng_Latn", "additional_special_tokens": BACK["nllb"]}),
    "mbart": (transformers.MBartTokenizerFast, {"src_lang": "en_XX"}),
    "mbart50": (transformers.MBart50TokenizerFast, {"src_lang": "en_XX"}),
    "mt5": (transformers.T5TokenizerFast, {"extra_ids": 0}),
    "pegasus": (transformers.PegasusTokenizerFast, {"offset": 3}),
}  # fmt: skip


def tokens_of(name: str) -> list[str]:
    return [*FRONT[name], *PIECES, *BACK.get(name, [])]


def tokenizer_of(name: str) -> Any:
    tokens = tokens_of(name)
    scores = [(token, -float(i % 17) if i else 0.0) for i, token in enumerate(tokens)]
    backend = Tokenizer(models.Unigram(scores, unk_id=tokens.index("<unk>")))
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    backend.decoder = decoders.Metaspace(prepend_scheme="always")
    special = [*FRONT[name], *BACK.get(name, [])]
    backend.add_special_tokens([AddedToken(t, special=True) for t in special])
    ends = {t: tokens.index(t) for t in special}
    start = "<s> " if name == "bart" else ""
    backend.post_processor = processors.TemplateProcessing(
        single=f"{start}$A </s>",
        special_tokens=[(t, ends[t]) for t in ("<s>", "</s>") if t in ends],
    )
    named = {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    if name in OWN:
        kind, own = OWN[name]
        return kind(tokenizer_object=backend, model_max_length=48, **own)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend,
        **named,
        model_max_length=48,
        **({"bos_token": "<s>"} if start else {}),
    )


def models_of() -> dict[str, Any]:
    sizes = {name: len(tokens_of(name)) for name in FRONT}
    t5 = transformers.T5Config(
        vocab_size=sizes["t5"], d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2,
        feed_forward_proj="gated-gelu", decoder_start_token_id=0, initializer_factor=1.0,
        tie_word_embeddings=False, task_specific_params=PARAMS,
    )  # fmt: skip
    bart = transformers.BartConfig(
        vocab_size=sizes["bart"], **SMALL, bos_token_id=0, pad_token_id=1, eos_token_id=2,
        decoder_start_token_id=2, forced_bos_token_id=0, forced_eos_token_id=2, num_beams=4,
        no_repeat_ngram_size=3, max_length=24, length_penalty=2.0, early_stopping=True,
    )  # fmt: skip
    pad = sizes["marian"] - 1
    marian = transformers.MarianConfig(
        vocab_size=sizes["marian"], **SMALL, pad_token_id=pad, eos_token_id=0,
        forced_eos_token_id=0, decoder_start_token_id=pad, bad_words_ids=[[pad]], num_beams=6,
        max_length=32,
        scale_embedding=True, activation_function="swish", prefix="so ",
    )  # fmt: skip
    nllb = transformers.M2M100Config(
        vocab_size=sizes["nllb"], **SMALL, bos_token_id=0, pad_token_id=1, eos_token_id=2,
        decoder_start_token_id=2, max_length=26, scale_embedding=True, dropout=0.0,
        encoder_layerdrop=0.0, decoder_layerdrop=0.0,
    )  # fmt: skip
    mt5 = transformers.MT5Config(
        vocab_size=sizes["mt5"], d_model=16, d_kv=8, d_ff=24, num_layers=1, num_heads=2,
        decoder_start_token_id=0, initializer_factor=1.0,
    )  # fmt: skip
    pegasus = transformers.PegasusConfig(
        vocab_size=sizes["pegasus"], **SHALLOW, pad_token_id=0, eos_token_id=1,
        forced_eos_token_id=1, decoder_start_token_id=0, scale_embedding=True,
        activation_function="relu", num_beams=8, max_length=28, length_penalty=0.8,
    )  # fmt: skip
    mbarts = [
        transformers.MBartConfig(
            vocab_size=sizes[name], **SHALLOW, bos_token_id=0, pad_token_id=1, eos_token_id=2,
            decoder_start_token_id=start, scale_embedding=True, num_beams=5, max_length=27,
        )
        for name, start in (("mbart", tokens_of("mbart").index("ro_RO")), ("mbart50", 2))
    ]  # fmt: skip
    return {
        "mt5": (transformers.MT5ForConditionalGeneration, mt5),
        "pegasus": (transformers.PegasusForConditionalGeneration, pegasus),
        "mbart": (transformers.MBartForConditionalGeneration, mbarts[0]),
        "mbart50": (transformers.MBartForConditionalGeneration, mbarts[1]),
        "t5": (transformers.T5ForConditionalGeneration, t5),
        "bart": (transformers.BartForConditionalGeneration, bart),
        "marian": (transformers.MarianMTModel, marian),
        "nllb": (transformers.M2M100ForConditionalGeneration, nllb),
    }


def plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def answers(folder: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for task, inputs, options in CALLS_OF.get(name, CALLS):
        pipe = transformers.pipeline(task, model=str(folder), device="cpu")
        result = plain(pipe(inputs, **options))
        found.append({"task": task, "inputs": inputs, "options": options, "result": result})
    return found


def sampled(model: Any, tokenizer: Any, options: dict[str, Any]) -> dict[str, Any]:
    """A sampled answer, and for each token what it was drawn from."""
    torch.manual_seed(3)
    given = tokenizer(TEXT, return_tensors="pt")
    given.pop("token_type_ids", None)
    out = model.generate(
        **given, do_sample=True, num_beams=1, max_new_tokens=8, output_scores=True,
        return_dict_in_generate=True, **options,
    )  # fmt: skip
    steps = []
    for row in out.scores:
        probabilities = torch.softmax(row[0], -1).numpy()
        best = np.argsort(-probabilities, kind="stable")[:5]
        steps.append({"ids": best.tolist(), "probabilities": probabilities[best].tolist()})
    return {"options": options, "ids": out.sequences[0].tolist(), "steps": steps}


def record(name: str, kind: Any, config: Any) -> dict[str, Any]:
    torch.manual_seed(5)
    folder = HERE / "seq2seq" / name
    shutil.rmtree(folder, ignore_errors=True)
    tokenizer = tokenizer_of(name)
    tokenizer.save_pretrained(folder)
    config._attn_implementation = "eager"
    model = kind(config).eval()
    if hasattr(model, "final_logits_bias"):
        with torch.no_grad():
            model.final_logits_bias.copy_(torch.randn_like(model.final_logits_bias) * 0.5)
    model.save_pretrained(folder)
    pipelines = answers(folder, name)
    drawn = [sampled(model, tokenizer, options) for options in SAMPLED]
    (folder / "model.safetensors").unlink()
    export_pair(model, folder / "onnx")
    if name in MERGED:
        merge(folder / "onnx")
    return {"folder": name, "calls": pipelines, "sampled": drawn}


def main() -> None:
    torch.set_num_threads(1)  # more are far slower where others compute too
    path = HERE / "seq2seq.json"
    cases = {case["folder"]: case for case in json.loads(path.read_text("utf-8"))["cases"]}
    for name, made in models_of().items():
        if not sys.argv[1:] or name in sys.argv[1:]:
            cases[name] = record(name, *made)
    about = {"transformers": transformers.__version__, "torch": torch.__version__}
    found = {"made": datetime.date.today().isoformat(), **about, "cases": list(cases.values())}
    text = json.dumps(found, ensure_ascii=False, indent=1)
    path.write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main()
