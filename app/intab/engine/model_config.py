"""What a model's config.json says, under one name for what families call differently.

    config = ModelConfig(parsed)
    config.context_length    # max_position_embeddings, n_positions, n_ctx ...

It is a mapping too, since some keys are one family's alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_CONTEXT = ("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx", "seq_length")
_HIDDEN = ("hidden_size", "n_embd", "d_model", "dim")
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
_HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads")


class ModelConfig(Mapping[str, Any]):
    """A parsed config.json; a number that it does not tell is None."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = dict(data)

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
    def architecture(self) -> str:
        """The first of `architectures`, e.g. "BertForMaskedLM"; "" if there is none."""
        return str(next(iter(self.get("architectures") or ()), ""))

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

    def _number(self, names: tuple[str, ...]) -> int | None:
        values = (self.get(name) for name in names)
        return next((v for v in values if isinstance(v, int) and v > 0), None)
