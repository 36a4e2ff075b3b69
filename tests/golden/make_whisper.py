"""Records what transformers' speech pipeline answers with tiny random Whisper models.

    python -m tests.golden.make_whisper

Needs torch, torchaudio, transformers 5.24.0 and onnx. Writes tests/golden/whisper/NAME/ (folders as
a hub has them: "many" knows languages, has a merged decoder and gives cross attentions; "english"
has two decoders) and tests/golden/whisper.json: for each folder the calls and their results. Their
pieces have 2 seconds, not 30.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import onnx
import torch
import transformers
from tokenizers import AddedToken
from transformers.models.whisper.tokenization_whisper import TO_LANGUAGE_CODE

from tests.engine.support.sounds import given
from tests.golden.make_pipelines import rounded
from tests.support.exporting import export_pair, merge

HERE = Path(__file__).parent
PIECES = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("Ġ", "a"), ("c", "a"), ("ca", "t"), ("Ġ", "cat"),
          ("Ġ", "s"), ("Ġs", "o"), ("i", "n"), ("in", "g"), ("Ã", "©"), ("Ġ", "("),
          ("Ġ", '"')]  # fmt: skip
WORDS = ["<|endoftext|>", *"abcdefghijklmnopqrstuvwxyz.,!?')(\"ĠÃ©ð", *map("".join, PIECES)]
LANGUAGES = ["en", "zh", "de", "fr", "ja"]
END, START = "<|endoftext|>", "<|startoftranscript|>"
TASKS = ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"]
LAST = "<|notimestamps|>"
SECONDS = 2
TIMES = [f"<|{place * 0.02:.2f}|>" for place in range(50 * SECONDS + 1)]
TIMED, WORDED = {"return_timestamps": True}, {"return_timestamps": "word"}
SHORT, LONG = {"length": 20000}, {"length": 75000, "seed": 2}
LONGER = {"length": 120_011, "seed": 5}
GREEDY: dict[str, Any] = {"num_beams": 1}
BOTH: list[tuple[Any, dict[str, Any]]] = [
    (SHORT, {}),
    (SHORT, GREEDY),
    (SHORT, {**GREEDY, "max_new_tokens": 12}),
    (SHORT, {"num_beams": 3, "length_penalty": 0.4, "max_new_tokens": 15}),
    ([SHORT, {"length": 31000, "seed": 3}], GREEDY),
    (SHORT, {"generate_kwargs": GREEDY, **TIMED}),
    (SHORT, TIMED),
    ({"length": 9000, "as": "dict", "rate": 8000, "seed": 4}, {**GREEDY, **TIMED}),
    ({"length": 40011, "as": "dict", "rate": 44100, "channels": 2}, GREEDY),
    ({"length": 0}, GREEDY),
    (LONG, {**GREEDY, **TIMED}),
    (LONG, TIMED),
    (LONGER, {**GREEDY, **TIMED, "max_new_tokens": 20}),
    (LONGER, {**GREEDY, **TIMED, "condition_on_prev_tokens": True, "max_new_tokens": 14}),
    (LONG, {**GREEDY, **TIMED, "logprob_threshold": -20.0, "compression_ratio_threshold": 9.0,
            "temperature": [0.0], "no_speech_threshold": 0.6}),
    (LONG, {**GREEDY, **TIMED, "logprob_threshold": -0.1, "no_speech_threshold": 1e-9,
            "temperature": 0.0}),
    (LONG, {**TIMED, "logprob_threshold": -9.0, "no_speech_threshold": 0.001, "num_beams": 2,
            "temperature": 0.0}),
    (LONG, {**GREEDY, "chunk_length_s": 2}),
    (LONG, {**GREEDY, **TIMED, "chunk_length_s": 2}),
    (LONG, {**TIMED, "chunk_length_s": 1.5, "stride_length_s": [0.3, 0.2], "num_beams": 2}),
    (SHORT, {**GREEDY, "repetition_penalty": 1.3, "suppress_tokens": [3, 4], "max_length": 20}),
    ({**SHORT, "as": "dict", "more": {"speaker": "A"}}, GREEDY),
]  # fmt: skip
MANY: list[tuple[Any, dict[str, Any]]] = [
    (SHORT, {**GREEDY, "language": "german"}),
    (SHORT, {**GREEDY, "language": "<|fr|>", "task": "translate"}),
    (SHORT, {"language": "ja", **TIMED}),
    (SHORT, {**GREEDY, "task": "translate"}),
    (SHORT, {**GREEDY, "return_language": True}),
    (LONG, {**GREEDY, "return_language": True, **TIMED, "language": "mandarin"}),
    (SHORT, {**GREEDY, **WORDED}),
    (SHORT, WORDED),
    (LONG, {**GREEDY, **WORDED}),
    (LONG, {**GREEDY, **WORDED, "chunk_length_s": 2, "language": "zh"}),
    (LONG, {**WORDED, "num_beams": 3, "language": "en"}),
    (SHORT, {**GREEDY, "generate_kwargs": {"language": "en", **TIMED}}),
    (LONG, {**GREEDY, "generate_kwargs": TIMED}),
]
PROMPTED: list[tuple[Any, dict[str, Any]]] = [
    (SHORT, GREEDY),
    (SHORT, {**GREEDY, **TIMED}),
    (LONGER, {**GREEDY, **TIMED, "max_new_tokens": 14}),
    (LONGER, {**GREEDY, **TIMED, "condition_on_prev_tokens": True, "max_new_tokens": 14}),
    (LONGER, {**GREEDY, **TIMED, "condition_on_prev_tokens": True, "max_new_tokens": 14,
              "prompt_condition_type": "all-segments"}),
]  # fmt: skip
# What fine-tuned models have in generation_config.json.
TOLD: list[dict[str, str]] = [
    {"language": "<|de|>", "task": "transcribe"},
    {"language": "french", "task": "translate"},
    {"task": "translate"},
    {"language": "ja"},
]
TOLD_CALLS: list[tuple[Any, dict[str, Any]]] = [
    (SHORT, GREEDY),
    (SHORT, {**GREEDY, "language": "zh"}),
    (SHORT, {**GREEDY, "task": "transcribe"}),
    (LONG, {**GREEDY, **TIMED}),
]


def tokenizer_of(folder: Path, *, many: bool) -> Any:
    special = [START, *([f"<|{code}|>" for code in LANGUAGES] if many else []), *TASKS, LAST]
    merges = [f"{one} {other}" for one, other in PIECES]
    tokenizer = transformers.WhisperTokenizer(
        vocab={word: number for number, word in enumerate(WORDS)},
        merges=[tuple(each.split()) for each in merges],
        extra_special_tokens=special,
    )
    if many:
        tokenizer.add_tokens([AddedToken(time, special=False, normalized=False) for time in TIMES])
    tokenizer.pad_token = END
    tokenizer.save_pretrained(folder)
    return tokenizer


def generating(tokenizer: Any, *, many: bool) -> dict[str, Any]:
    number = tokenizer.convert_tokens_to_ids
    said: dict[str, Any] = {
        "begin_suppress_tokens": [number("a"), number(END)],
        "suppress_tokens": [number("q"), number("<|startofprev|>"), number(START)],
        "bos_token_id": number(END), "eos_token_id": number(END), "pad_token_id": number(END),
        "decoder_start_token_id": number(START), "is_multilingual": many, "max_length": 40,
        "no_timestamps_token_id": number(LAST), "prev_sot_token_id": number("<|startofprev|>"),
        "return_timestamps": False, "max_initial_timestamp_index": 30,
    }  # fmt: skip
    if not many:
        return {**said, "forced_decoder_ids": [[1, number(LAST)]]}
    return {
        **said,
        "alignment_heads": [[0, 1], [1, 0], [1, 1]],
        "forced_decoder_ids": [[1, None], [2, number("<|transcribe|>")]],
        "lang_to_id": {f"<|{code}|>": number(f"<|{code}|>") for code in LANGUAGES},
        "task_to_id": {"transcribe": number("<|transcribe|>"), "translate": number(TASKS[0])},
    }


def model_of(tokenizer: Any, *, many: bool) -> Any:
    torch.manual_seed(5 if many else 6)
    config = transformers.WhisperConfig(
        vocab_size=tokenizer.convert_tokens_to_ids(LAST) + 1 + len(TIMES), d_model=16,
        encoder_layers=1, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=24, decoder_ffn_dim=24, num_mel_bins=80, max_source_positions=50 * SECONDS,
        max_target_positions=64, init_std=0.9, attn_implementation="eager",
        bos_token_id=0, eos_token_id=0, pad_token_id=0,
        decoder_start_token_id=tokenizer.convert_tokens_to_ids(START),
    )  # fmt: skip
    config.suppress_tokens = config.begin_suppress_tokens = None
    model = transformers.WhisperForConditionalGeneration(config).eval()
    config.architectures = [type(model).__name__]
    with torch.no_grad():  # so that ends come now and then
        model.proj_out.weight[0] *= 1.3
    return model


def record(name: str) -> dict[str, Any]:
    many = name == "many"
    folder = HERE / "whisper" / name
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_of(folder, many=many)
    model = model_of(tokenizer, many=many)
    model.generation_config = transformers.GenerationConfig(**generating(tokenizer, many=many))
    model.config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    extractor = transformers.WhisperFeatureExtractor(chunk_length=SECONDS)
    extractor.save_pretrained(folder)
    export_pair(model, folder / "onnx", speech=True, attentions=many)
    if many:
        merge(folder / "onnx")
    for path in (folder / "onnx").iterdir():
        graph = onnx.load(path)
        for node in graph.graph.node:
            node.ClearField("doc_string")
            node.ClearField("metadata_props")
        onnx.save(graph, path)
    pipe = transformers.pipeline(
        "automatic-speech-recognition", model=model, tokenizer=tokenizer,
        feature_extractor=extractor,
    )  # fmt: skip
    calls = [answer(pipe, *call) for call in [*BOTH, *(MANY if many else [])]]
    before = tokenizer.convert_tokens_to_ids("<|startofprev|>")
    words = tokenizer(" the cat, so", add_special_tokens=False)["input_ids"]
    prompt = [before, *words]
    prompted = [answer(pipe, *call, prompt=prompt) for call in PROMPTED]
    found = {"folder": name, "calls": calls, "prompt": prompt, "prompted": prompted}
    return {**found, "told": [told(pipe, said) for said in TOLD] if many else []}


def told(pipe: Any, said: dict[str, str]) -> dict[str, Any]:
    """What is answered if generation_config.json says this too."""
    before = copy.deepcopy(pipe.model.generation_config)
    for name, value in said.items():
        setattr(pipe.model.generation_config, name, value)
    calls = [answer(pipe, *call) for call in TOLD_CALLS]
    pipe.model.generation_config = before
    return {"said": said, "calls": calls}


def answer(pipe: Any, inputs: Any, options: dict[str, Any], prompt: Any = None) -> dict[str, Any]:
    several = isinstance(inputs, list)
    sounds = [given(spec) for spec in inputs] if several else given(inputs)
    passed = {k: tuple(v) if k == "temperature" and isinstance(v, list) else v
              for k, v in options.items()}  # fmt: skip
    if prompt is not None:
        passed["generate_kwargs"] = {"prompt_ids": torch.tensor(prompt)}
    found = json.loads(json.dumps(pipe(sounds, **passed)))
    return {"inputs": inputs, "options": options, "result": rounded(found)}


def main() -> None:
    found = {
        "made": f"transformers {transformers.__version__}, torch {torch.__version__}",
        "languages": TO_LANGUAGE_CODE,
        "cases": [record(name) for name in ("english", "many")],
    }
    text = json.dumps(found, separators=(",", ":"))
    (HERE / "whisper.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
