"""What a model's config.json says, under one name for what families call differently.

    config = ModelConfig(parsed)
    config.context_length    # max_position_embeddings, n_positions, n_ctx ...

Its keys and their other names are read here alone. It is a mapping too, to be passed on whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_CONTEXT = ("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx", "seq_length")
_HIDDEN = ("hidden_size", "n_embd", "d_model", "dim")
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads")
_KV_HEADS = ("num_key_value_heads", *_HEADS)
_HEAD_DIM = ("head_dim",)
# All keys with a size.
SIZES = (*_CONTEXT, *_HIDDEN, *_LAYERS, *_KV_HEADS, *_HEAD_DIM, "vocab_size")
TOKENS = ("bos_token_id", "eos_token_id", "pad_token_id")
# What a model of several parts says of the one that writes text.
_NESTED = ("text_config", "llm_config")
_ORIGINAL = "original_max_position_embeddings"
# Families whose positions are relative, or turn queries and keys.
_WITHOUT_TABLE = ("t5", "mt5", "umt5", "xlnet", "modernbert", "eurobert", "moonshine")
_LONGROPE = ("longrope", "su")  # the second is what Phi-3's first configs call it


class ModelConfig(Mapping[str, Any]):
    """A parsed config.json; a number that it does not tell is None."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = dict(data)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> ModelConfig:
        """The same if it is one already."""
        return data if isinstance(data, cls) else cls(data)

    @classmethod
    def of_the_writer(cls, data: Mapping[str, Any]) -> ModelConfig:
        """With what the config says of the part that writes text in the place of the whole's; of an
        encoder-decoder of two models what the whole says comes before."""
        if isinstance(decoder := data.get("decoder"), Mapping) and "encoder" in data:
            said = {k: v for k, v in data.items() if v is not None and k != "model_type"}
            return cls({**decoder, **said})
        inner: Mapping[str, Any] = next(
            (data[key] for key in _NESTED if isinstance(data.get(key), Mapping)), {}
        )
        return cls({**data, **{k: v for k, v in inner.items() if k != "architectures"}})

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    @property
    def model_type(self) -> str:
        """The family, e.g. "bert"; "" if there is none."""
        return str(self.get("model_type") or "")

    @property
    def architectures(self) -> list[str]:
        """The classes in transformers, e.g. ["BertForMaskedLM"]."""
        return [str(name) for name in self.get("architectures") or ()]

    @property
    def architecture(self) -> str:
        """The first of `architectures`; "" if there is none."""
        return next(iter(self.architectures), "")

    @property
    def is_encoder_decoder(self) -> bool:
        """Whether it is an encoder and a decoder."""
        return bool(self.get("is_encoder_decoder"))

    @property
    def tokenizer_class(self) -> str:
        """The tokenizer's class in transformers; "" if there is none."""
        name = self.get("tokenizer_class")
        return name if isinstance(name, str) else ""

    @property
    def eos_token_id(self) -> Any:
        """The id or ids of the end token; None if there is none."""
        return self.get("eos_token_id")

    @property
    def context_length(self) -> int | None:
        """The most tokens."""
        return self._number(_CONTEXT)

    @property
    def hidden_size(self) -> int | None:
        """The numbers of a token's vector."""
        return self._number(_HIDDEN)

    @property
    def num_layers(self) -> int | None:
        """Its layers."""
        return self._number(_LAYERS)

    @property
    def num_heads(self) -> int | None:
        """The heads of its attention."""
        return self._number(_HEADS)

    @property
    def kv_heads(self) -> int | None:
        """The heads of its keys and values, which a cache has."""
        return self._number(_KV_HEADS)

    @property
    def head_dim(self) -> int | None:
        """The size of a head."""
        if self.get("head_dim"):
            return self._number(_HEAD_DIM)
        hidden, heads = self.hidden_size, self.num_heads
        return hidden // heads if hidden and heads else None

    @property
    def bounds_attention(self) -> bool:
        """Whether attention scores have a bound, as transformers reads it: Gemma 2's do unless the
        config says no, Gemma 3's never do."""
        default = 50.0 if self.model_type == "gemma2" else None
        bound = self.get("attn_logit_softcapping", default)
        return not self.model_type.startswith("gemma3") and bool(bound)

    @property
    def switch_at(self) -> int:
        """The most tokens for which longrope turns keys by its short factors; 0 if nothing
        switches.

        Longrope (Phi-3 and its like) has two sets of frequencies. Keys are turned by the short one
        while the whole text has at most `original_max_position_embeddings` tokens, and by the long
        one beyond, so that a cache made on one side is of no use on the other. Linear, llama3 and
        yarn scaling turn a key by its position alone.
        """
        for settings in self._rotary():
            if (settings.get("rope_type") or settings.get("type")) in _LONGROPE:
                switch = self.get(_ORIGINAL) or settings.get(_ORIGINAL)
                context = self.get("max_position_embeddings")
                if isinstance(switch, int) and not (isinstance(context, int) and context <= switch):
                    return switch
        return 0

    @property
    def padding_id(self) -> int | None:
        """The id of padding."""
        value = self.get("pad_token_id")
        return value if isinstance(value, int) and value >= 0 else None

    @property
    def token_types(self) -> int:
        """How many types a token may have, which say the texts of a pair; 2 unless it is said."""
        value = self.get("type_vocab_size")
        return value if isinstance(value, int) else 2

    @property
    def has_absolute_positions(self) -> bool:
        """Whether there is a table of positions; DeBERTa's may be relative."""
        if self.model_type in _WITHOUT_TABLE:
            return False
        biased = self.get("position_biased_input") is not False
        return biased or self.model_type not in ("deberta", "deberta-v2")

    @property
    def ranking_activation(self) -> str:
        """The class that makes a cross-encoder's scores, as sentence-transformers notes it."""
        inside = self.get("sentence_transformers")
        named = inside.get("activation_fn") if isinstance(inside, Mapping) else None
        return str(named or self.get("sbert_ce_default_activation_function") or "")

    @property
    def problem_type(self) -> str:
        """ "regression", "single_label_classification", "multi_label_classification" or ""."""
        return str(self.get("problem_type") or "")

    @property
    def id2label(self) -> dict[int, str]:
        """The names of labels by number; as transformers, LABEL_0 and LABEL_1 if there are none."""
        told = self.get("id2label")
        if isinstance(told, Mapping) and told:
            return {int(number): str(name) for number, name in told.items()}
        count = self.get("num_labels")
        count = count if isinstance(count, int) and count > 0 else 2
        return {number: f"LABEL_{number}" for number in range(count)}

    @property
    def label2id(self) -> dict[str, int]:
        """The numbers of labels by name, in the file's order; by `id2label` if there are none."""
        told = self.get("label2id")
        if isinstance(told, Mapping) and told:
            return {str(name): int(number) for name, number in told.items()}
        return {name: number for number, name in self.id2label.items()}

    @property
    def num_labels(self) -> int:
        """How many labels there are."""
        return len(self.id2label)

    def _rotary(self) -> Iterator[Mapping[str, Any]]:
        """The rotary settings under both spellings, those of single kinds of layers too."""
        for key in ("rope_parameters", "rope_scaling"):
            settings = self.get(key)
            if isinstance(settings, Mapping):
                yield settings
                yield from (one for one in settings.values() if isinstance(one, Mapping))

    def _number(self, names: tuple[str, ...]) -> int | None:
        values = (self.get(name) for name in names)
        return next((v for v in values if isinstance(v, int) and v > 0), None)
