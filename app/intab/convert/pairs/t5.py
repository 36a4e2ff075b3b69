"""T5, flan-T5 and mT5: their shape, and their tensors."""

from __future__ import annotations

from intab.convert.architecture import Linear, Norm
from intab.convert.checkpoint import Checkpoint
from intab.convert.config import LAYERS, Config, shown
from intab.convert.families.llama import activation
from intab.convert.families.reader import side_by_side
from intab.convert.pairs.settings import check_layers
from intab.convert.pairs.shape import Cross, LayerWeights, Shape, Side, SideWeights, Weights
from intab.errors import ConvertError


def read_shape(config: Config) -> Shape:
    """The shape that a config describes."""
    kind, gated = _activation(config.word("feed_forward_proj"))
    layers = config.size("num_layers", LAYERS)
    heads, dim, inner = (config.size(name) for name in ("num_heads", "d_kv", "d_ff"))
    hidden = config.size("d_model")
    buckets = config.size("relative_attention_num_buckets")
    farthest = config.size("relative_attention_max_distance")
    if buckets % 4 or farthest <= buckets // 2:
        raise ConvertError(
            f"config.json has {buckets} buckets of distances up to {farthest}: the number must be "
            "a multiple of 4, and the distance more than half of it."
        )
    return Shape(
        kind=config.kind,
        vocabulary=config.size("vocab_size"),
        hidden=hidden,
        encoder=Side(layers, heads, dim, inner),
        decoder=Side(config.size_or("num_decoder_layers", layers), heads, dim, inner),
        activation=kind,
        epsilon=config.epsilon("layer_norm_epsilon"),
        rms=True,
        first=True,
        gated=gated,
        score_scale=1.0,
        logit_scale=hidden**-0.5 if _is_scaled(config) else 1.0,
        buckets=buckets,
        farthest=farthest,
    )


def _is_scaled(config: Config) -> bool:
    """Whether logits are: mT5's never, T5's unless config.json has false for tie_word_embeddings.
    transformers 5 saves true for all, and a key of its own beside it."""
    if config.kind != "t5":
        return False
    if config.values["scale_decoder_outputs"] is not None:
        return config.flag("scale_decoder_outputs")
    return config.values["tie_word_embeddings"] is not False


def _activation(told: str) -> tuple[str, bool]:
    """By transformers' names of T5's: "relu", "gated-gelu" ..."""
    first, _, second = told.partition("-")
    if second and first != "gated":
        raise ConvertError(f"feed_forward_proj in config.json is {shown(told)}, which none has.")
    name = second or first
    return activation("gelu_new" if told == "gated-gelu" else name), bool(second)


class Reader:
    """Reads one checkpoint's tensors."""

    def __init__(self, checkpoint: Checkpoint, shape: Shape) -> None:
        self.checkpoint, self.shape = checkpoint, shape
        sides = {"encoder.block": shape.encoder.layers, "decoder.block": shape.decoder.layers}
        check_layers(checkpoint, sides)

    def weights(self) -> Weights:
        """All of them; lm_head's own if there is one, as flan-T5 has it."""
        shape, checkpoint = self.shape, self.checkpoint
        size = (shape.vocabulary, shape.hidden)
        shared = "shared" if checkpoint.has("shared.weight") else "encoder.embed_tokens"
        own = checkpoint.has("lm_head.weight")
        return Weights(
            words=checkpoint.tensor(f"{shared}.weight", size),
            encoder=self._side("encoder", shape.encoder),
            decoder=self._side("decoder", shape.decoder),
            lm_head=Linear(checkpoint.tensor("lm_head.weight", size).T) if own else None,
        )

    def _side(self, name: str, side: Side) -> SideWeights:
        table = f"{name}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        return SideWeights(
            layer=lambda number: self._layer(f"{name}.block.{number}.layer", side, name),
            distances=self.checkpoint.tensor(table, (self.shape.buckets, side.heads)),
            final_norm=self._norm(f"{name}.final_layer_norm"),
        )

    def _layer(self, stem: str, side: Side, name: str) -> LayerWeights:
        hidden, own = self.shape.hidden, f"{stem}.0.SelfAttention"
        crosses = name == "decoder"
        mlp = f"{stem}.{1 + crosses}"
        ups = ("wi_0", "wi_1") if self.shape.gated else ("wi",)
        dense = f"{mlp}.DenseReluDense"
        return LayerWeights(
            attention_norm=self._norm(f"{stem}.0.layer_norm"),
            qkv=self._inwards([f"{own}.{part}" for part in "qkv"], side.width),
            out=self._linear(f"{own}.o", side.width, hidden),
            mlp_norm=self._norm(f"{mlp}.layer_norm"),
            up=self._inwards([f"{dense}.{up}" for up in ups], side.inner),
            down=self._linear(f"{dense}.wo", side.inner, hidden),
            cross=self._cross(f"{stem}.1", side) if crosses else None,
        )

    def _cross(self, stem: str, side: Side) -> Cross:
        name = f"{stem}.EncDecAttention"
        return Cross(
            norm=self._norm(f"{stem}.layer_norm"),
            q=self._inwards([f"{name}.q"], side.width),
            kv=self._inwards([f"{name}.k", f"{name}.v"], side.width),
            out=self._linear(f"{name}.o", side.width, self.shape.hidden),
        )

    def _inwards(self, names: list[str], outputs: int) -> Linear:
        """Products of the hidden vector, side by side."""
        parts = [self._linear(name, self.shape.hidden, outputs) for name in names]
        return parts[0] if len(parts) == 1 else side_by_side(parts)

    def _linear(self, name: str, inputs: int, outputs: int) -> Linear:
        return Linear(self.checkpoint.tensor(f"{name}.weight", (outputs, inputs)).T)

    def _norm(self, name: str) -> Norm:
        return Norm(self.checkpoint.tensor(f"{name}.weight", (self.shape.hidden,)))
