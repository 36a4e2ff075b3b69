"""Writes the graphs of ViT and YOLOS: patches, layers, head.

    model = vit(reader, labels=2, form=FORMS["q8"])    # labels=0: the rows of the last layer

Patches are a convolution, whose weights stay float: there are few of them.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from intab.convert.architecture import Array, Linear
from intab.convert.builder import Builder
from intab.convert.encoders.layers import Layers
from intab.convert.forms import Form
from intab.convert.linear import multiply
from intab.convert.vision.settings import Eye
from intab.convert.vision.weights import EyeReader, Patches, perceptron

FLOAT = ir.DataType.FLOAT
PIXELS = "pixel_values"
CUBIC = -0.75  # torch's, and ONNX' own


class EyeWriter(Layers):
    """Writes one tower."""

    def __init__(self, b: Builder, eye: Eye, form: Form, *, free: bool = False) -> None:
        super().__init__(b, eye.layers, form)
        self.eye = eye
        sides: tuple[int | str, ...] = ("height", "width") if free else eye.size
        shape = ["batch", eye.channels, *sides]
        self.pixels = b.cast(b.input(PIXELS, FLOAT, shape), b.dtype)

    def convolved(self, patches: Patches) -> ir.Value:
        """[batch, hidden, rows, columns] of patches."""
        b, side = self.b, [self.eye.patch] * 2
        given = [self.pixels, b.floats("patches.weight", patches.weight)]
        if patches.bias is not None:
            given.append(b.floats("patches.bias", patches.bias))
        return b.op("Conv", *given, kernel_shape=side, strides=side)

    def rows(self, grid: ir.Value) -> ir.Value:
        """[batch, hidden, rows, columns] -> [batch, rows * columns, hidden]."""
        b = self.b
        flat = b.op("Reshape", grid, b.ints(0, self.shape.hidden, -1))
        return b.op("Transpose", flat, perm=[0, 2, 1])

    def everywhere(self, name: str, tokens: Array, like: ir.Value) -> ir.Value:
        """Tokens [1, count, hidden] for each picture."""
        b = self.b
        count = b.op("Shape", like, start=0, end=1)
        shape = b.op("Concat", count, b.ints(*tokens.shape[1:]), axis=0)
        return b.op("Expand", b.floats(name, tokens), shape)

    def layers(self, reader: EyeReader, x: ir.Value, prefix: str = "") -> ir.Value:
        """All layers."""
        for number, layer in enumerate(self.shape.layers):
            x = self.layer(f"{prefix}layers.{number}", layer, reader.layer(number), x)
        return x

    def resized(self, name: str, table: Array, grid: ir.Value) -> ir.Value:
        """Positions [rows * columns, hidden] for a grid of another size, as torch resizes them:
        [1, rows, hidden]. In float32, where every size of a picture is exact."""
        b = self.b
        hidden = self.shape.hidden
        first = np.ascontiguousarray(table.T).reshape(1, hidden, *self.eye.grid)
        sizes = b.op("Concat", b.ints(1, hidden), b.op("Shape", grid, start=2, end=4), axis=0)
        found = b.op(
            "Resize",
            b.constant(name, first.astype(np.float32)),
            None,
            None,
            sizes,
            mode="cubic",
            cubic_coeff_a=CUBIC,
            coordinate_transformation_mode="half_pixel",
        )
        return self.rows(found if b.dtype == FLOAT else b.cast(found, b.dtype))


def vit(reader: EyeReader, labels: int, form: Form) -> ir.Model:
    """A classifier's graph, or that of the rows alone."""
    b, eye = Builder(form.dtype), reader.eye
    writer = EyeWriter(b, eye, form)
    patches = reader.patches()
    x = writer.rows(writer.convolved(patches))
    x = b.op("Concat", writer.everywhere("token", patches.token, x), x, axis=1)
    x = b.op("Add", x, b.floats("positions", patches.positions))
    x = writer.layers(reader, x)
    x = writer.normalized("norm", reader.norm(f"{reader.prefix}layernorm"), x)
    if not labels:
        b.output(x, "last_hidden_state", ["batch", len(patches.positions), eye.layers.hidden])
        if (pooler := reader.pooler()) is not None:
            first = b.op("Gather", x, b.integer(0), axis=1)
            pooled = b.op("Tanh", multiply(b, "float", "pooler", first, pooler))
            b.output(pooled, "pooler_output", ["batch", pooler.weight.shape[1]])
        return b.model("vit")
    x = b.op("Gather", x, b.integer(0), axis=1)
    linear = reader.linear("classifier", eye.layers.hidden, labels)
    b.output(multiply(b, "float", "classifier", x, linear), "logits", ["batch", labels])
    return b.model("vit")


def yolos(reader: EyeReader, tokens: int, labels: int, form: Form) -> ir.Model:
    """A detector's graph, for pictures of any size: `tokens` boxes, `labels` scores of each."""
    b = Builder(form.dtype)
    writer = EyeWriter(b, reader.eye, form, free=True)
    patches, found = reader.patches(tokens), reader.shape.hidden
    boxes = reader.tensor(f"{reader.prefix}embeddings.detection_tokens", 1, tokens, found)
    grid = writer.convolved(patches)
    x = writer.rows(grid)
    ends = [writer.everywhere(*end, x) for end in (("token", patches.token), ("boxes", boxes))]
    x = b.op("Concat", ends[0], x, ends[1], axis=1)
    x = b.op("Add", x, _positions(writer, "positions", patches.positions, tokens, grid))
    middle = reader.mid_positions(len(patches.positions))
    for number, layer in enumerate(writer.shape.layers):
        x = writer.layer(f"layers.{number}", layer, reader.layer(number), x)
        if middle is not None and number < len(middle):
            more = _positions(writer, f"positions.{number}", middle[number], tokens, grid)
            x = b.op("Add", x, more)
    x = writer.normalized("norm", reader.norm(f"{reader.prefix}layernorm"), x)
    x = b.op("Slice", x, b.ints(-tokens), b.ints(2**31 - 1), b.ints(1))
    logits = write_perceptron(b, "labels", x, perceptron(reader, "class_labels_classifier", labels))
    places = write_perceptron(b, "places", x, perceptron(reader, "bbox_predictor", 4))
    b.output(logits, "logits", ["batch", tokens, labels])
    b.output(b.op("Sigmoid", places), "pred_boxes", ["batch", tokens, 4])
    return b.model("yolos")


def _positions(writer: EyeWriter, name: str, table: Array, tokens: int, grid: ir.Value) -> ir.Value:
    """Those of the class token, of the patches at this picture's size, of the boxes."""
    b = writer.b
    first = b.floats(f"{name}.first", table[None, :1])
    last = b.floats(f"{name}.last", table[None, -tokens:])
    return b.op("Concat", first, writer.resized(name, table[1:-tokens], grid), last, axis=1)


def write_perceptron(b: Builder, name: str, x: ir.Value, linears: list[Linear]) -> ir.Value:
    """Products with ReLU between them, in float: boxes need more than int8 has."""
    for number, linear in enumerate(linears):
        x = multiply(b, "float", f"{name}.{number}", b.op("Relu", x) if number else x, linear)
    return x
