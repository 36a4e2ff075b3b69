"""Tiny random checkpoints of the other families as ONNX, with tokenizers trained on the corpora.

    python -m tests.reading.families MATERIAL

Run with transformers 5.24.0 and torch; writes build/reading/models/NAME. A name's end says what
its graph takes beside input_ids and attention_mask: `types`, `positions`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.reading.cases import FAMILIES, MADE, Family
from tests.reading.texts import lines

WORDPIECE = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
ROBERTA = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
ROLES = ("cls_token", "sep_token", "pad_token", "unk_token", "mask_token")
SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 140,
}
TYPES = {"O": 0, "B-PER": 1, "I-PER": 2, "B-LOC": 3, "I-LOC": 4}
EXTRA: dict[str, dict[str, Any]] = {
    "Albert": {"embedding_size": 16},
    "Electra": {"embedding_size": 16},
    "DistilBert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 48},
    "DebertaV2": {
        "relative_attention": True, "position_buckets": 16, "norm_rel_ebd": "layer_norm",
        "share_att_key": True, "pos_att_type": ["p2c", "c2p"], "position_biased_input": False,
        "type_vocab_size": 0, "max_relative_positions": -1,
    },
    "Deberta": {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "type_vocab_size": 0,
                "position_biased_input": False, "max_relative_positions": -1},
    "ModernBert": {"global_attn_every_n_layers": 2, "local_attention": 16},
}  # fmt: skip
HEADS = {
    "text-classification": "ForSequenceClassification",
    "token-classification": "ForTokenClassification",
    "fill-mask": "ForMaskedLM",
    "feature-extraction": "Model",
}


def tokenizer_of(kind: str, special: tuple[str, ...], texts: list[str], folder: Path) -> Any:
    """A tokenizer of that kind, trained on texts, saved in the folder."""
    import transformers
    from tokenizers import processors

    backend = _TRAINED[kind](special, texts)
    roles = _roles(special)
    start, end = roles["cls_token"], roles["sep_token"]
    between = [end, end] if special is ROBERTA else [end]
    second = "0" if special is ROBERTA else "1"
    pair = f"{start} $A {' '.join(between)} $B:{second} {end}:{second}"
    ids = [(token, backend.token_to_id(token)) for token in (start, end)]
    backend.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}", pair=pair, special_tokens=ids
    )
    names = ["input_ids", "attention_mask"] + ["token_type_ids"] * (special is not ROBERTA)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, model_max_length=128, model_input_names=names, **roles
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def _roles(special: tuple[str, ...]) -> dict[str, str]:
    order = (0, 2, 1, 3, 4) if special is ROBERTA else (2, 3, 0, 1, 4)
    return {role: special[place] for role, place in zip(ROLES, order, strict=True)}


def _wordpiece(special: tuple[str, ...], texts: list[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    backend = Tokenizer(models.WordPiece(unk_token=_roles(special)["unk_token"]))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    backend.train_from_iterator(
        texts, trainers.WordPieceTrainer(vocab_size=800, special_tokens=list(special))
    )
    return backend


def _unigram(special: tuple[str, ...], texts: list[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    backend = Tokenizer(models.Unigram())
    backend.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("  ", " ")])
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=800, special_tokens=list(special), unk_token=_roles(special)["unk_token"]
    )
    backend.train_from_iterator(texts, trainer)
    return backend


def _bytes(special: tuple[str, ...], texts: list[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=800, special_tokens=list(special), initial_alphabet=alphabet
    )
    backend.train_from_iterator(texts, trainer)
    return backend


_TRAINED = {"wordpiece": _wordpiece, "unigram": _unigram, "bytes": _bytes}


def make(family: Family, texts: list[str]) -> None:
    """A checkpoint's folder with its graph."""
    import torch
    import transformers

    folder = MADE / family.name
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    special = ROBERTA if family.special == "roberta" else WORDPIECE
    tokenizer = tokenizer_of(family.tokenizer, special, texts, folder)
    torch.manual_seed(5)
    ids = {f"{n}_id": tokenizer.convert_tokens_to_ids(t) for n, t in _roles(special).items()}
    ids |= {"bos_token_id": ids["cls_token_id"], "eos_token_id": ids["sep_token_id"]}
    config = getattr(transformers, f"{family.kind}Config")(
        **{**SIZES, "vocab_size": len(tokenizer), **ids, **EXTRA.get(family.kind, {})},
        id2label={number: label for label, number in TYPES.items()}, label2id=TYPES,
        attn_implementation="eager", initializer_range=0.4,
    )  # fmt: skip
    model = getattr(transformers, family.kind + HEADS[family.task])(config).eval()
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    export(model, tokenizer, family, folder)


def export(model: Any, tokenizer: Any, family: Family, folder: Path) -> None:
    """The graph as a hub has it."""
    import torch

    output = "last_hidden_state" if family.task == "feature-extraction" else "logits"
    names = ["input_ids", "attention_mask", *family.takes]
    given = tokenizer("one day a dog ran", "it was good", return_tensors="pt")
    length = given["input_ids"].shape[1]
    first = tokenizer.pad_token_id + 1 if family.special == "roberta" else 0
    feeds = {
        **given,
        "token_type_ids": torch.zeros_like(given["input_ids"]),
        "position_ids": torch.arange(first, first + length)[None],
    }

    class Wrapped(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = model

        def forward(self, *values: torch.Tensor) -> Any:
            return self.inner(**dict(zip(names, values, strict=True)))[0]

    axes = {name: {0: "batch", 1: "sequence"} for name in names}
    if family.task != "text-classification":
        axes[output] = {0: "batch", 1: "sequence"}
    torch.onnx.export(
        Wrapped().eval(), tuple(feeds[name] for name in names), str(folder / "onnx/model.onnx"),
        input_names=names, output_names=[output], dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip


def corpus(material: Path) -> Iterator[str]:
    """What tokenizers are trained on."""
    yield from lines(material / "corpora/stories.jsonl", 300)
    for row in (material / "corpora/fairytaleqa.jsonl").read_text("utf-8").splitlines()[:50]:
        yield json.loads(row)["section"]


def main() -> None:
    texts = list(corpus(Path(sys.argv[1])))
    for family in FAMILIES:
        make(family, texts)
        print(f"{family.name}: made", flush=True)


if __name__ == "__main__":
    main()
