"""Records what transformers' text-to-audio pipeline answers, on tiny random models without noise.

    python -m tests.golden.make_speaking

Needs torch, transformers 5.24.0 and onnx. Writes tests/golden/speaking/NAME/, folders as optimum
writes them, and tests/golden/speaking.json: of each folder the calls and their sound, and what
VitsTokenizer makes of texts under several settings. Durations are rounded up to whole frames, so a
call is recorded only if none is so near a whole number that another device may round it otherwise.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import onnx
import torch
import transformers

HERE = Path(__file__).parent
FOLDERS = HERE / "speaking"
LETTERS = "k'zyudheswpcjmifl obratnxvqg_-"  # of facebook/mms-tts-eng; the first is its padding
SMALL: dict[str, Any] = {
    "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "ffn_dim": 8,
    "flow_size": 8, "spectrogram_bins": 9, "upsample_initial_channel": 8, "upsample_rates": [2, 2],
    "upsample_kernel_sizes": [4, 4], "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 3]], "depth_separable_num_layers": 1,
    "duration_predictor_flow_bins": 4, "duration_predictor_num_flows": 2,
    "duration_predictor_filter_channels": 8, "prior_encoder_num_flows": 2,
    "prior_encoder_num_wavenet_layers": 1, "posterior_encoder_num_wavenet_layers": 1,
    "noise_scale": 0.0, "noise_scale_duration": 0.0,
}  # fmt: skip
# The folders: what config.json has besides, and tokenizer_config.json.
MODELS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "letters": ({"sampling_rate": 8000}, {"pad_token": "k", "language": "eng"}),
    "speakers": (
        {
            "num_speakers": 3, "speaker_embedding_size": 4, "speaking_rate": 0.8,
            "use_stochastic_duration_prediction": False,
        },
        {"pad_token": "_", "add_blank": False},
    ),
}  # fmt: skip
CALLS: dict[str, list[tuple[Any, dict[str, Any]]]] = {
    "letters": [
        ("hello", {}),
        ("Hello, World! 42", {}),
        ("kick a black duck", {}),
        (["a", "a longer text", "the fox"], {}),
        ("be quiet", {"preprocess_params": {"normalize": False}}),
        ("o", {"forward_params": {}, "generate_kwargs": None}),
    ],
    "speakers": [
        ("hello", {"forward_params": {"speaker_id": 0}}),
        ("hello", {"forward_params": {"speaker_id": 2}}),
        (["Good day", "ok"], {"forward_params": {"speaker_id": 1, "speaking_rate": 1.5}}),
        ("slowly now", {"forward_params": {"speaker_id": 1, "speaking_rate": 0.5}}),
    ],
}
TEXTS = [
    "hello", "Hello, World!", "kick", "k", "KK ok", "a <unk> b", "", "!!!", "  a  b ", "Zoë İ",
    "mâine ţi-e ț", "ABC abc", "a_b__", "<pad> <PAD>", "line\nline\tend", "ẞß ΑΣ", "x<sil>y",
    "🦊 fox",
]  # fmt: skip
WORDS = [*"abcdefghijklmnopqrstuvwxyz '-_|âţAB<", "<pad>", "<sil>", "CD"]
# Settings of the tokenizer, and its vocabulary.
SETTINGS: list[tuple[dict[str, Any], str | list[str]]] = [
    ({"pad_token": "k"}, LETTERS),
    ({"pad_token": "_", "normalize": False}, LETTERS),
    ({"add_blank": False}, WORDS),
    ({"language": "ron", "pad_token": "|"}, WORDS),
    ({"pad_token": "<pad>", "unk_token": "<sil>", "normalize": False}, WORDS),
    ({"pad_token": "<pad>", "unk_token": "a"}, WORDS),
]


class Exported(torch.nn.Module):  # type: ignore[misc]
    """Gives what optimum's export gives; with several speakers it takes one, and a rate."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Any, mask: Any, speaker: Any = None, rate: Any = None) -> Any:
        found = self.model(ids, mask, speaker_id=speaker, speaking_rate=rate)
        return found.waveform, found.spectrogram


def export(model: Any, folder: Path) -> None:
    (folder / "onnx").mkdir(exist_ok=True)
    ids = torch.randint(0, 30, (2, 13))
    feeds: dict[str, Any] = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    axes = {name: {0: "text_batch_size", 1: "sequence_length"} for name in feeds}
    axes |= {"waveform": {0: "text_batch_size", 1: "n_samples"}}
    axes |= {"spectrogram": {0: "text_batch_size", 2: "num_bins"}}
    if model.config.num_speakers > 1:
        feeds |= {"speaker_id": torch.tensor([1]), "speaking_rate": torch.tensor(1.0)}
    path = folder / "onnx/model.onnx"
    torch.onnx.export(
        Exported(model).eval(), tuple(feeds.values()), str(path), input_names=list(feeds),
        output_names=["waveform", "spectrogram"], dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip
    save_short(path)


def save_short(path: Path) -> None:
    """With short names: those that torch gives are most of such a small graph."""
    graph = onnx.load(path)
    kept = {info.name: info.name for info in (*graph.graph.input, *graph.graph.output)}
    shorten(graph.graph, kept)
    onnx.save(graph, path)


def shorten(graph: Any, names: dict[str, str]) -> None:

    def short(name: str) -> str:
        return names.setdefault(name, f"v{len(names)}") if name else ""

    for tensor in (*graph.initializer, *graph.output):
        tensor.name = short(tensor.name)
    del graph.value_info[:]
    for node in graph.node:
        node.input[:], node.output[:] = map(short, node.input), map(short, node.output)
        for field in ("name", "doc_string", "metadata_props"):
            node.ClearField(field)
        for attribute in node.attribute:
            if attribute.HasField("g"):
                shorten(attribute.g, names)


def record(name: str) -> dict[str, Any]:
    config, settings = MODELS[name]
    folder = FOLDERS / name
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    model = transformers.VitsModel(
        transformers.VitsConfig(**SMALL, vocab_size=len(LETTERS), **config)
    ).eval()
    model.decoder.conv_post.weight.data.mul_(0.1)  # else all samples are near 1 or -1
    model.config.architectures = ["VitsModel"]
    model.config.save_pretrained(folder)
    tokenizer = tokenizer_of(settings, LETTERS, folder)
    export(model, folder)
    pipe = transformers.pipeline("text-to-audio", model=model, tokenizer=tokenizer)
    calls = [answer(pipe, inputs, options) for inputs, options in CALLS[name]]
    return {"folder": name, "calls": calls}


def tokenizer_of(settings: dict[str, Any], letters: str | list[str], folder: Path) -> Any:
    words = {letter: number for number, letter in enumerate(letters)}
    (folder / "vocab.json").write_text(json.dumps(words, sort_keys=True), "utf-8")
    tokenizer = transformers.VitsTokenizer(
        str(folder / "vocab.json"), **{"phonemize": False, **settings}
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def answer(pipe: Any, inputs: Any, options: dict[str, Any]) -> dict[str, Any]:
    ceil, nearest = torch.ceil, 1.0

    def watched(value: Any) -> Any:
        nonlocal nearest
        spoken = value[value > 0]
        nearest = min(nearest, (spoken - spoken.round()).abs().min().item())
        return ceil(value)

    torch.ceil = watched
    try:
        found = pipe(inputs, **options)
    finally:
        torch.ceil = ceil
    assert nearest > 2e-4, f"{inputs}: a duration is {nearest} from a whole number of frames"
    sounds = [as_json(one) for one in (found if isinstance(found, list) else [found])]
    result = sounds if isinstance(found, list) else sounds[0]
    return {"inputs": inputs, "options": options, "result": result}


def as_json(found: Any) -> dict[str, Any]:
    samples = [round(float(sample), 5) for sample in found["audio"]]
    return {"audio": samples, "sampling_rate": found["sampling_rate"]}


def tokens(settings: dict[str, Any], letters: str | list[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = tokenizer_of(settings, letters, Path(folder))
        told = json.loads((Path(folder) / "tokenizer_config.json").read_text("utf-8"))
    ids = {text: tokenizer(text)["input_ids"] for text in TEXTS}
    return {"settings": told, "letters": list(letters), "ids": ids}


def main() -> None:
    found = {
        "made": f"transformers {transformers.__version__}, torch {torch.__version__}",
        "cases": [record(name) for name in MODELS],
        "tokens": [tokens(*case) for case in SETTINGS],
    }
    text = json.dumps(found, separators=(",", ":"), ensure_ascii=False)
    (HERE / "speaking.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
