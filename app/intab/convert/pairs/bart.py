"""BART, mBART, Marian, Pegasus, M2M100 and NLLB, and Whisper: their shape, and their tensors."""

from __future__ import annotations

import math

import numpy as np

from intab.convert.architecture import Array, Linear, Norm
from intab.convert.checkpoint import Checkpoint
from intab.convert.config import LAYERS, Config
from intab.convert.families.llama import activation
from intab.convert.families.reader import side_by_side
from intab.convert.pairs.settings import check_layers
from intab.convert.pairs.shape import (
    Convolution,
    Cross,
    LayerWeights,
    Shape,
    Side,
    SideWeights,
    Weights,
)
from intab.errors import ConvertError

_FIRST = ("mbart", "pegasus", "m2m_100", "whisper")  # norms before, and one behind all layers
_EMBEDDING_NORM = ("bart", "mbart")
_OFFSET = 2  # rows of the table that BART's and mBART's tokens never have
WHISPER, M2M100 = "whisper", "m2m_100"


def read_shape(config: Config) -> Shape:
    """The shape that a config describes."""
    kind, hidden = config.kind, config.size("d_model")
    padding = config.values.get("pad_token_id")
    if kind == M2M100 and type(padding) is not int:
        raise ConvertError("config.json has no pad_token_id, from which positions are counted.")
    return Shape(
        kind=kind,
        vocabulary=config.size("vocab_size"),
        hidden=hidden,
        encoder=_side(config, "encoder", hidden),
        decoder=_side(config, "decoder", hidden),
        activation=activation(config.word("activation_function")),
        first=kind in _FIRST,
        embedding_scale=math.sqrt(hidden) if config.flag("scale_embedding") else 1.0,
        offset=_OFFSET if kind in _EMBEDDING_NORM else 0,
        counted=padding if kind == M2M100 else None,
        mels=config.size("num_mel_bins") if kind == WHISPER else 0,
    )


def _side(config: Config, name: str, hidden: int) -> Side:
    heads = config.size(f"{name}_attention_heads")
    if hidden % heads:
        raise ConvertError(
            f"config.json has a hidden size of {hidden}, which {heads} heads do not divide."
        )
    layers = config.size(f"{name}_layers", LAYERS)
    return Side(layers, heads, hidden // heads, config.size(f"{name}_ffn_dim"))


class Reader:
    """Reads one checkpoint's tensors."""

    def __init__(self, checkpoint: Checkpoint, config: Config, shape: Shape) -> None:
        self.checkpoint, self.config, self.shape = checkpoint, config, shape
        self.prefix = "model." if checkpoint.has("model.decoder.layers.0.fc1.weight") else ""
        sides = {"encoder": shape.encoder.layers, "decoder": shape.decoder.layers}
        check_layers(checkpoint, {f"{self.prefix}{k}.layers": n for k, n in sides.items()})

    def weights(self) -> Weights:
        """All of them; lm_head's own if there is one that is not the embedding."""
        shape, checkpoint = self.shape, self.checkpoint
        bias = "final_logits_bias"
        return Weights(
            words=self._words(),
            encoder=self._side("encoder", shape.encoder),
            decoder=self._side("decoder", shape.decoder),
            lm_head=self._lm_head(),
            logits_bias=checkpoint.tensor(bias, (1, shape.vocabulary))[0]
            if checkpoint.has(bias)
            else None,
            convolutions=self._convolutions() if shape.mels else (),
        )

    def _words(self) -> Array:
        names = ("shared", "decoder.embed_tokens", "encoder.embed_tokens")
        found = [f"{self.prefix}{name}.weight" for name in names]
        name = next((name for name in found if self.checkpoint.has(name)), found[0])
        return self.checkpoint.tensor(name, (self.shape.vocabulary, self.shape.hidden))

    def _lm_head(self) -> Linear | None:
        names = ("lm_head.weight", "proj_out.weight")
        name = next((name for name in names if self.checkpoint.has(name)), "")
        if not name or self.config.flag("tie_word_embeddings"):
            return None
        return Linear(self.checkpoint.tensor(name, (self.shape.vocabulary, self.shape.hidden)).T)

    def _convolutions(self) -> tuple[Convolution, ...]:
        hidden = self.shape.hidden
        found = []
        for name, inputs in (("conv1", self.shape.mels), ("conv2", hidden)):
            stem = f"{self.prefix}encoder.{name}"
            weight = self.checkpoint.tensor(f"{stem}.weight", (hidden, inputs, 3))
            found.append(Convolution(weight, self.checkpoint.tensor(f"{stem}.bias", (hidden,))))
        return tuple(found)

    def _side(self, name: str, side: Side) -> SideWeights:
        stem, kind = f"{self.prefix}{name}", self.shape.kind
        return SideWeights(
            layer=lambda number: self._layer(f"{stem}.layers.{number}", side, name),
            positions=self._positions(name),
            norm=self._norm(f"{stem}.layernorm_embedding") if kind in _EMBEDDING_NORM else None,
            final_norm=self._norm(f"{stem}.layer_norm") if self.shape.first else None,
        )

    def _positions(self, name: str) -> Array:
        """Those of the checkpoint, or sines and cosines if it has none, as the class has them."""
        shape, config = self.shape, self.config
        key = "max_position_embeddings"
        if shape.mels:
            key = "max_source_positions" if name == "encoder" else "max_target_positions"
        count = config.size(key) + shape.offset
        stored = f"{self.prefix}{name}.embed_positions.weight"
        if self.checkpoint.has(stored):
            return self.checkpoint.tensor(stored, (count, shape.hidden))
        if shape.counted is not None:
            return counted_sines(count + _OFFSET, shape.hidden, shape.counted)
        return sines(count, shape.hidden)

    def _layer(self, stem: str, side: Side, name: str) -> LayerWeights:
        hidden = self.shape.hidden
        own = f"{stem}.self_attn"
        return LayerWeights(
            attention_norm=self._norm(f"{own}_layer_norm"),
            qkv=self._attention(own, "qkv"),
            out=self._linear(f"{own}.out_proj", hidden, hidden),
            mlp_norm=self._norm(f"{stem}.final_layer_norm"),
            up=self._linear(f"{stem}.fc1", hidden, side.inner),
            down=self._linear(f"{stem}.fc2", side.inner, hidden),
            cross=self._cross(f"{stem}.encoder_attn") if name == "decoder" else None,
        )

    def _cross(self, stem: str) -> Cross:
        hidden = self.shape.hidden
        return Cross(
            norm=self._norm(f"{stem}_layer_norm"),
            q=self._attention(stem, "q"),
            kv=self._attention(stem, "kv"),
            out=self._linear(f"{stem}.out_proj", hidden, hidden),
        )

    def _attention(self, stem: str, parts: str) -> Linear:
        """Products of the hidden vector, side by side; Whisper's keys have no bias."""
        hidden = self.shape.hidden
        found = [self._linear(f"{stem}.{part}_proj", hidden, hidden) for part in parts]
        return found[0] if len(found) == 1 else side_by_side(found)

    def _linear(self, name: str, inputs: int, outputs: int) -> Linear:
        weight = self.checkpoint.tensor(f"{name}.weight", (outputs, inputs)).T
        if self.shape.kind == WHISPER and name.endswith("k_proj"):
            return Linear(weight, np.zeros(outputs, np.float32))
        return Linear(weight, self.checkpoint.tensor(f"{name}.bias", (outputs,)))

    def _norm(self, name: str) -> Norm:
        size = (self.shape.hidden,)
        return Norm(
            self.checkpoint.tensor(f"{name}.weight", size),
            self.checkpoint.tensor(f"{name}.bias", size),
        )


def sines(count: int, hidden: int) -> Array:
    """Marian's and Pegasus' positions: sines, then cosines."""
    places = np.arange(count)[:, None]
    angles = places / np.power(10000, 2 * (np.arange(hidden) // 2) / hidden)
    found = np.concatenate([np.sin(angles[:, 0::2]), np.cos(angles[:, 1::2])], axis=1)
    return found.astype(np.float32)


def counted_sines(count: int, hidden: int, padding: int) -> Array:
    """M2M100's: zeros for padding."""
    half = hidden // 2
    step = np.float32(math.log(10000) / (half - 1))
    powers = np.exp(np.arange(half, dtype=np.float32) * -step)
    angles = np.arange(count, dtype=np.float32)[:, None] * powers
    found = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
    found = np.pad(found, ((0, 0), (0, hidden % 2)))
    found[padding] = 0
    return found.astype(np.float32)
