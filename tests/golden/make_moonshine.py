"""Records what transformers' speech pipeline answers with a tiny random Moonshine model.

    python -m tests.golden.make_moonshine

Needs torch, torchaudio, transformers 5.24.0 and onnx. Writes tests/golden/moonshine/, a folder as
a hub has it, with a merged decoder, and tests/golden/moonshine.json: the calls and their results.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.models.moonshine import modeling_moonshine as modeling

from tests.golden.make_seq2seq import CHARACTERS, WORDS
from tests.golden.make_speech import answer
from tests.support.exporting import PARTS, Decoder, Encoder, _names, _save, merge

HERE = Path(__file__).parent
SECOND, LONG = {"length": 16000}, {"length": 70000, "seed": 2}
GREEDY: dict[str, Any] = {"num_beams": 1}
CALLS: list[tuple[Any, dict[str, Any]]] = [
    (SECOND, {}),
    (SECOND, GREEDY),
    (LONG, {**GREEDY, "max_new_tokens": 12}),
    (LONG, {"num_beams": 3, "length_penalty": 0.4, "max_new_tokens": 15}),
    ([SECOND, {"length": 9000, "seed": 3}], GREEDY),
    ({"length": 21000, "as": "dict", "rate": 8000, "seed": 4}, GREEDY),
    ({"length": 40011, "as": "dict", "rate": 44100, "channels": 2}, {"max_length": 18}),
    (SECOND, {"generate_kwargs": {**GREEDY, "repetition_penalty": 1.3}}),
    (LONG, {**GREEDY, "chunk_length_s": 1.5, "stride_length_s": 0}),
    ({**LONG, "as": "dict", "more": {"speaker": "A"}},
     {"chunk_length_s": 2, "stride_length_s": 0, "max_new_tokens": 9}),
    ({"length": 895}, GREEDY),
]  # fmt: skip


def tokenizer_of(folder: Path) -> Any:
    from tokenizers import AddedToken, Tokenizer, decoders, models, processors

    tokens = ["<unk>", "<s>", "</s>", "▁", *[f"▁{word}" for word in WORDS], *CHARACTERS]
    backend = Tokenizer(models.BPE({t: n for n, t in enumerate(tokens)}, [], unk_token="<unk>"))
    backend.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse(),
                                         decoders.Strip(" ", 1, 0)])  # fmt: skip
    backend.add_special_tokens([AddedToken(t, special=True) for t in tokens[:3]])
    backend.post_processor = processors.TemplateProcessing("<s> $A", None, [("<s>", 1)])
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="<unk>", bos_token="<s>", eos_token="</s>",
        pad_token="</s>",
    )  # fmt: skip
    tokenizer.save_pretrained(folder)
    return tokenizer


def model_of(size: int) -> Any:
    torch.manual_seed(7)
    config = transformers.MoonshineConfig(
        vocab_size=size, hidden_size=16, intermediate_size=24, encoder_num_hidden_layers=1,
        decoder_num_hidden_layers=1, encoder_num_attention_heads=2, decoder_num_attention_heads=2,
        max_position_embeddings=48, initializer_range=0.7, attn_implementation="eager",
    )  # fmt: skip
    model = transformers.MoonshineForConditionalGeneration(config).eval()
    config.architectures = [type(model).__name__]
    with torch.no_grad():  # so that ends come now and then
        model.proj_out.weight[2] *= 1.4
    model.generation_config = transformers.GenerationConfig(
        bos_token_id=1, decoder_start_token_id=1, eos_token_id=2, max_length=40
    )
    return model


class Named(torch.nn.Module):  # type: ignore[misc]
    """The model, whose encoder's output must be of its own class."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, encoder_outputs: Any, **given: Any) -> Any:
        [hidden] = encoder_outputs
        output = modeling.MoonshineEncoderModelOutput(last_hidden_state=hidden)
        return self.model(encoder_outputs=output, **given)


def rotated(q: Any, k: Any, cos: Any, sin: Any, unsqueeze_dim: int = 1) -> Any:
    """As apply_rotary_pos_emb, but for repeat_interleave, whose rank torch's tracing loses."""
    halves = [each.unsqueeze(1)[..., : each.shape[-1] // 2] for each in (cos, sin)]
    cos, sin = (torch.stack([half, half], -1).flatten(-2) for half in halves)
    size = cos.shape[-1]
    return tuple(
        torch.cat([x[..., :size] * cos + modeling.rotate_half(x[..., :size]) * sin,
                   x[..., size:]], -1)
        for x in (q, k)
    )  # fmt: skip


def export(model: Any, folder: Path) -> None:
    """As tests/support/exporting.py does of models that read texts."""
    folder.mkdir(parents=True, exist_ok=True)
    layers = model.config.decoder_num_hidden_layers
    samples, encoder = torch.randn(2, 5000), Encoder(model)
    path = folder / "encoder_model.onnx"
    _save(encoder, (samples,), path, ["input_values"], ["last_hidden_state"])
    with torch.no_grad():
        hidden = encoder(samples)
    named = ["input_ids", "encoder_hidden_states"]
    first = Decoder(Named(model), layers, masked=False, past=False, attentions=False, crossed=True)
    ids = torch.tensor([[3, 4, 5], [4, 3, 6]])
    outputs = ["logits", *_names("present", layers)]
    _save(first, (ids, hidden), folder / "decoder_model.onnx", named, outputs)
    with torch.no_grad():
        found = first(ids, hidden)[1:]
    later = Decoder(Named(model), layers, masked=False, past=True, attentions=False, crossed=True)
    given = (torch.tensor([[7], [8]]), hidden, *found)
    names = [*named, *_names("past_key_values", layers)]
    outputs = ["logits", *_names("present", layers, PARTS[:2])]
    _save(later, given, folder / "decoder_with_past_model.onnx", names, outputs)
    merge(folder)


def main() -> None:
    torch.set_num_threads(1)  # more are far slower where others compute too
    folder = HERE / "moonshine"
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer_of(folder)
    model = model_of(len(tokenizer))
    model.config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    extractor = transformers.Wav2Vec2FeatureExtractor(
        do_normalize=False, return_attention_mask=True
    )
    extractor.save_pretrained(folder)
    plain, modeling.apply_rotary_pos_emb = modeling.apply_rotary_pos_emb, rotated
    export(model, folder / "onnx")
    modeling.apply_rotary_pos_emb = plain
    pipe = transformers.pipeline(
        "automatic-speech-recognition", model=model, tokenizer=tokenizer,
        feature_extractor=extractor,
    )  # fmt: skip
    found = {
        "made": f"transformers {transformers.__version__}, torch {torch.__version__}",
        "calls": [answer(pipe, *call) for call in CALLS],
    }
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    (HERE / "moonshine.json").write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main()
