"""Writes DETR's graph: a picture of any size in, scores and boxes of each query out.

The outputs are those of the hub's exports: logits [batch, queries, labels] and pred_boxes
[batch, queries, 4], the middle and the sides in shares of the picture. Like them the graph takes no
pixel_mask: all pictures of a batch have one size. Positions are made for the picture's own size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from intab.convert.architecture import Array, Linear, Norm
from intab.convert.builder import Builder
from intab.convert.checkpoint import Checkpoint
from intab.convert.config import LAYERS, Config, shown
from intab.convert.convolutions import with_int8_convolutions
from intab.convert.encoders.layers import Layers
from intab.convert.encoders.reader import Reader
from intab.convert.encoders.shape import Encoder, Layer
from intab.convert.families.llama import activation
from intab.convert.forms import FORMS, Form
from intab.convert.vision.resnet import ResNet, read_resnet, write_resnet
from intab.convert.vision.weights import perceptron
from intab.convert.vision.writer import FLOAT, PIXELS, write_perceptron
from intab.errors import ConvertError

EPSILON = 1e-5  # of torch's norms
TINY = 1e-6  # added to what positions are divided by
TEMPERATURE = 10000
# What transformers 5 calls these in memory, and might save one day.
_NEWER = (("conv_encoder.", ""), ("out_proj", "o_proj"), (".fc1", ".mlp.fc1"), (".fc2", ".mlp.fc2"))
_COUNTED = "num_batches_tracked"  # of norms, while they were trained


@dataclass(frozen=True)
class Attention:
    """Queries, keys and values of a layer, and what is made of what it finds; with the norm."""

    q: Linear
    k: Linear
    v: Linear
    out: Linear
    norm: Norm


class DetrReader(Reader):
    """Reads its tensors."""

    def tensor(self, name: str, *shape: int) -> Array:
        """A tensor of that shape, whichever of its names the checkpoint has."""
        if not self.checkpoint.has(name):
            newer = name
            for old, new in _NEWER:
                newer = newer.replace(old, new)
            name = newer if self.checkpoint.has(newer) else name
        return super().tensor(name, *shape)

    def attention(self, name: str, norm: str) -> Attention:
        """One attention."""
        hidden = self.shape.hidden
        names = ("q_proj", "k_proj", "v_proj", "out_proj")
        q, k, v, out = (self.linear(f"{name}.{part}", hidden, hidden) for part in names)
        return Attention(q, k, v, out, self.norm(norm))

    def mlp(self, name: str, inner: int) -> tuple[Linear, Linear]:
        """Both products behind an attention."""
        hidden = self.shape.hidden
        return self.linear(f"{name}.fc1", hidden, inner), self.linear(f"{name}.fc2", inner, hidden)


@dataclass(frozen=True)
class Detr:
    """A checkpoint's detector; `labels` has one more than config.json, which stands for nothing."""

    reader: DetrReader
    backbone: ResNet
    encoder: Encoder
    decoder: Encoder
    queries: int
    labels: int

    def graph(self, form: Form) -> ir.Model:
        """The graph in a form."""
        b = Builder(form.dtype)
        pixels = b.input(PIXELS, FLOAT, ["batch", self.backbone.channels, "height", "width"])
        x, places = _seen(b, self, b.cast(pixels, b.dtype))
        x = _Side(b, self.encoder, form).encoded(self.reader, x, places)
        x = _Side(b, self.decoder, form).decoded(self.reader, self.queries, x, places)
        hidden = self.encoder.hidden
        head = self.reader.linear("class_labels_classifier", hidden, self.labels)
        logits = write_perceptron(b, "labels", x, [head])
        boxes = perceptron(self.reader, "bbox_predictor", 4)
        found = b.op("Sigmoid", write_perceptron(b, "places", x, boxes))
        b.output(logits, "logits", ["batch", self.queries, self.labels])
        b.output(found, "pred_boxes", ["batch", self.queries, 4])
        model = b.model("detr")
        if form.linear == "int8":
            with_int8_convolutions(model)
        return model


def read_detr(
    checkpoint: Checkpoint, config: Config, labels: int, ignored: Iterable[str] = ()
) -> Detr:
    """The detector of a checkpoint; ConvertError says what stands against it."""
    if (kind := config.values["position_embedding_type"]) != "sine":
        raise ConvertError(
            f"position_embedding_type in config.json is {shown(kind)}; only 'sine' is known."
        )
    encoder, decoder = (_side(config, name) for name in ("encoder", "decoder"))
    reader = DetrReader(checkpoint, config, encoder)
    queries = config.size("num_queries")
    detr = Detr(reader, read_resnet(config, ignored), encoder, decoder, queries, labels + 1)
    detr.graph(FORMS["fp32"])  # so that what is missing is found before anything is written
    _check_all_read(checkpoint, detr)
    return detr


def _check_all_read(checkpoint: Checkpoint, detr: Detr) -> None:
    """ConvertError for tensors that no graph has."""
    left = set(checkpoint.shards) - detr.reader.read
    if more := sorted(name for name in left if not name.endswith(_COUNTED)):
        raise ConvertError(
            f"The checkpoint has tensors that config.json does not ask for ({more[0]}): they "
            "belong to different models."
        )


def _side(config: Config, name: str) -> Encoder:
    found = Encoder(
        kind=config.kind,
        vocabulary=0,
        hidden=config.size("d_model"),
        heads=config.size(f"{name}_attention_heads"),
        inner=config.size(f"{name}_ffn_dim"),
        layers=(Layer(),) * config.size(f"{name}_layers", LAYERS),
        epsilon=EPSILON,
        activation=activation(config.word("activation_function")),
    )
    if found.hidden % found.heads or found.hidden % 4:
        raise ConvertError(
            f"config.json has a d_model of {found.hidden}, which {found.heads} heads or the four "
            "parts of its positions do not divide."
        )
    return found


class _Side(Layers):
    """Writes the layers of one side."""

    def encoded(self, reader: DetrReader, x: ir.Value, places: ir.Value) -> ir.Value:
        """The rows of a picture, which have seen each other."""
        for number in range(len(self.shape.layers)):
            name = f"model.encoder.layers.{number}"
            x = self._attends(reader, name, "self_attn", (x, places), (x, places))
            x = self._thinks(reader, name, x)
        return x

    def decoded(self, reader: DetrReader, count: int, seen: ir.Value, places: ir.Value) -> ir.Value:
        """What each of the queries, which begin as zeros, has found: [batch, count, hidden]."""
        b, hidden = self.b, self.shape.hidden
        table = reader.tensor("model.query_position_embeddings.weight", count, hidden)
        queries = b.floats("queries", table[None])
        batch = b.op("Shape", seen, start=0, end=1)
        shape = b.op("Concat", batch, b.ints(count, hidden), axis=0)
        x = b.op("Expand", b.scalar(0.0), shape)
        for number in range(len(self.shape.layers)):
            name = f"model.decoder.layers.{number}"
            x = self._attends(reader, name, "self_attn", (x, queries), (x, queries))
            x = self._attends(reader, name, "encoder_attn", (x, queries), (seen, places))
            x = self._thinks(reader, name, x)
        return self.normalized("last", reader.norm("model.decoder.layernorm"), x)

    def _attends(
        self,
        reader: DetrReader,
        layer: str,
        which: str,
        rows: tuple[ir.Value, ir.Value],
        others: tuple[ir.Value, ir.Value],
    ) -> ir.Value:
        """Rows that looked at others; each with its places, which values are without."""
        name = f"{layer}.{which}"
        weights = reader.attention(name, f"{name}_layer_norm")
        b = self.b
        q = self.product(f"{name}.q", b.op("Add", *rows), weights.q)
        k = self.product(f"{name}.k", b.op("Add", *others), weights.k)
        v = self.product(f"{name}.v", others[0], weights.v)
        found = self.attended(*(self.heads_first(part) for part in (q, k, v)))
        found = self.product(f"{name}.out", found, weights.out)
        return self.added(f"{name}.norm", weights.norm, rows[0], found)

    def _thinks(self, reader: DetrReader, name: str, x: ir.Value) -> ir.Value:
        found = self.mlp(f"{name}.mlp", *reader.mlp(name, self.shape.inner), x)
        return self.added(f"{name}.last", reader.norm(f"{name}.final_layer_norm"), x, found)


def _seen(b: Builder, detr: Detr, pixels: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The picture as rows [batch, rows * columns, hidden], and the rows' places."""
    reader, hidden = detr.reader, detr.encoder.hidden
    prefix = "model.backbone.conv_encoder.model."
    x = write_resnet(b, detr.backbone, reader, prefix, pixels)
    name = "model.input_projection"
    weight = reader.tensor(f"{name}.weight", hidden, detr.backbone.sizes[-1], 1, 1)
    bias = reader.tensor(f"{name}.bias", hidden)
    x = b.op("Conv", x, b.floats(f"{name}.weight", weight), b.floats(f"{name}.bias", bias))
    flat = b.op("Reshape", x, b.ints(0, hidden, -1))
    return b.op("Transpose", flat, perm=[0, 2, 1]), _places(b, x, hidden)


def _places(b: Builder, grid: ir.Value, hidden: int) -> ir.Value:
    """Waves of the row and of the column, beside each other: [1, rows * columns, hidden]. In
    float32, whose numbers the sines need."""
    half = b.ints(hidden // 2)
    rows, columns = (b.op("Shape", grid, start=axis, end=axis + 1) for axis in (2, 3))
    shape = b.op("Concat", rows, columns, half, axis=0)
    below, beside = (_waves(b, count, hidden // 2) for count in (rows, columns))
    down = b.op("Expand", b.op("Unsqueeze", below, b.ints(1)), shape)
    across = b.op("Expand", beside, shape)
    both = b.op("Reshape", b.op("Concat", down, across, axis=-1), b.ints(1, -1, hidden))
    return both if b.dtype == FLOAT else b.cast(both, b.dtype)


def _waves(b: Builder, count: ir.Value, width: int) -> ir.Value:
    """Sine and cosine by turns of the way from 0 to a whole turn: [count, width]."""
    steps = np.float32(TEMPERATURE) ** (2 * (np.arange(0, width, 2) // 2) / np.float32(width))
    lengths = b.constant("wave.lengths", steps.astype(np.float32))
    whole = _as_float(b, count)
    end = b.op("Squeeze", b.op("Add", count, b.ints(1)))
    way = _as_float(b, b.op("Range", b.integer(1), end, b.integer(1)))
    whole = b.op("Add", whole, b.constant("wave.tiny", np.array(TINY, np.float32)))
    turn = b.constant("wave.turn", np.array(2 * math.pi, np.float32))
    way = b.op("Mul", b.op("Div", way, whole), turn)
    angles = b.op("Div", b.op("Unsqueeze", way, b.ints(1)), lengths)  # [count, width / 2]
    both = [b.op("Unsqueeze", b.op(kind, angles), b.ints(2)) for kind in ("Sin", "Cos")]
    return b.op("Reshape", b.op("Concat", *both, axis=2), b.ints(0, width))


def _as_float(b: Builder, value: ir.Value) -> ir.Value:
    """int64 as float32, by way of int32: a GPU makes no floats of int64."""
    return b.cast(b.cast(value, ir.DataType.INT32), FLOAT)
