"""Writes CLIP's graph: pictures and texts in, how near each is to each out.

The outputs are those of the hub's exports: logits_per_image [pictures, texts], logits_per_text,
text_embeds and image_embeds, each vector of length 1.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from intab.convert.architecture import Linear
from intab.convert.architecture import Weights as Words
from intab.convert.builder import Builder
from intab.convert.checkpoint import Checkpoint
from intab.convert.config import Config
from intab.convert.embedding import look_up
from intab.convert.encoders.layers import Layers
from intab.convert.encoders.reader import Reader
from intab.convert.encoders.writer import no_layer
from intab.convert.forms import Form
from intab.convert.linear import multiply
from intab.convert.vision.settings import read_eye, read_layers, read_part
from intab.convert.vision.weights import EyeReader
from intab.convert.vision.writer import EyeWriter

INT64, INT32 = ir.DataType.INT64, ir.DataType.INT32
TEXTS = ("texts", "sequence")
LAST = 2  # an eos_token_id of old configs, whose texts end at their largest id


class Clip:
    """A checkpoint's two towers."""

    def __init__(self, checkpoint: Checkpoint, config: Config, ignored: tuple[str, ...]) -> None:
        text, vision = (read_part(config, name, ignored) for name in ("text", "vision"))
        self.checkpoint = checkpoint
        self.notes = (*config.notes, *text.notes, *vision.notes)
        self.size = config.size("projection_dim")
        self.eye = EyeReader(checkpoint, vision, read_eye(vision))
        self.text = Reader(checkpoint, text, read_layers(text))
        for reader in (self.eye, self.text):
            reader.check()

    def graph(self, form: Form) -> ir.Model:
        """The graph in a form."""
        b = Builder(form.dtype)
        texts = self._unit(b, form, "text_projection", self.text, self._texts(b, form))
        pictures = self._unit(b, form, "visual_projection", self.eye, self._pictures(b, form))
        scale = np.exp(self.checkpoint.tensor("logit_scale", ()))
        scaled = b.op("Mul", texts, b.scalar(float(scale)))
        near = b.op("MatMul", scaled, b.op("Transpose", pictures, perm=[1, 0]))
        b.output(b.op("Transpose", near, perm=[1, 0]), "logits_per_image", ["batch", "texts"])
        b.output(near, "logits_per_text", ["texts", "batch"])
        b.output(texts, "text_embeds", ["texts", self.size])
        b.output(pictures, "image_embeds", ["batch", self.size])
        return b.model("clip")

    def _unit(self, b: Builder, form: Form, name: str, reader: Reader, x: ir.Value) -> ir.Value:
        """[rows, hidden] -> [rows, size], each of length 1."""
        linear = reader.linear(name, reader.shape.hidden, self.size, bias=False)
        x = multiply(b, form.linear, name, x, linear)
        return b.op("Div", x, b.op("ReduceL2", x, b.ints(-1)))

    def _pictures(self, b: Builder, form: Form) -> ir.Value:
        """[batch, hidden], of the class token."""
        reader, patches = self.eye, self.eye.clip_patches()
        writer = EyeWriter(b, reader.eye, form)
        x = writer.rows(writer.convolved(patches))
        x = b.op("Concat", writer.everywhere("token", patches.token, x), x, axis=1)
        x = b.op("Add", x, b.floats("vision.positions", patches.positions))
        x = writer.normalized("vision.first", reader.norm(f"{reader.prefix}pre_layrnorm"), x)
        x = writer.layers(reader, x, "vision.")
        x = b.op("Gather", x, b.integer(0), axis=1)
        return writer.normalized("vision.last", reader.norm(f"{reader.prefix}post_layernorm"), x)

    def _texts(self, b: Builder, form: Form) -> ir.Value:
        """[texts, hidden], of the token that ends each text."""
        reader, shape = self.text, self.text.shape
        ids = b.input("input_ids", INT64, TEXTS)
        seen = b.input("attention_mask", INT64, TEXTS)
        start, hidden = f"{reader.prefix}embeddings.", shape.hidden
        table = reader.tensor(f"{start}token_embedding.weight", shape.vocabulary, hidden)
        rows = reader.config.size("max_position_embeddings")
        positions = reader.tensor(f"{start}position_embedding.weight", rows, hidden)
        last = reader.norm(f"{reader.prefix}final_layer_norm")
        x = look_up(b, ids, Words(table, None, no_layer, last, Linear(table)), form)
        places = _places(b, ids)
        x = b.op("Add", x, b.op("Gather", b.floats("text.positions", positions), places))
        mask = _causal(b, seen, places)
        writer = Layers(b, shape, form, lambda window: mask)
        for number, layer in enumerate(shape.layers):
            x = writer.layer(f"text.layers.{number}", layer, reader.layer(number), x)
        x = writer.normalized("text.last", last, x)
        return self._ending(b, ids, places, x)

    def _ending(self, b: Builder, ids: ir.Value, places: ir.Value, x: ir.Value) -> ir.Value:
        """The rows [texts, hidden] of the first end of each text: by a product, since a GPU picks
        no row by int64."""
        end = self.text.config.values.get("eos_token_id")
        small = b.cast(ids, INT32)
        wanted = b.constant("end", np.array(end, np.int32))
        marks = small if end == LAST else b.cast(b.op("Equal", small, wanted), INT32)
        place = b.op("ArgMax", marks, axis=1, keepdims=1)  # [texts, 1]
        picked = b.cast(b.op("Equal", b.cast(place, INT32), b.cast(places, INT32)), b.dtype)
        found = b.op("MatMul", b.op("Unsqueeze", picked, b.ints(1)), x)
        return b.op("Squeeze", found, b.ints(1))


def _places(b: Builder, ids: ir.Value) -> ir.Value:
    """0, 1, 2 ... for each token."""
    count = b.op("Gather", b.op("Shape", ids), b.integer(1))
    return b.op("Range", b.integer(0), count, b.integer(1))


def _causal(b: Builder, seen: ir.Value, places: ir.Value) -> ir.Value:
    """0 where a token may look, at itself and what stands before it, a very small number where
    not: [texts, 1, tokens, tokens]."""
    real = b.op("Unsqueeze", b.cast(seen, ir.DataType.BOOL), b.ints(1, 2))
    later = b.op("Greater", places, b.op("Unsqueeze", places, b.ints(1)))
    allowed = b.op("And", real, b.op("Not", later))
    least = float(np.finfo(b.dtype.numpy()).min) / 2
    return b.op("Where", allowed, b.scalar(0.0), b.scalar(least))
