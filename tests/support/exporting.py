"""Encoder-decoders of transformers as ONNX graphs in the layouts of the hub, by torch's tracing.

`export_pair` writes encoder_model, decoder_model and decoder_with_past_model, `merge` puts the two
decoders into one with `use_cache_branch`. Needs torch and transformers 4.57.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import helper
from transformers.cache_utils import DynamicCache, EncoderDecoderCache

PARTS = ("decoder.key", "decoder.value", "encoder.key", "encoder.value")


class Encoder(torch.nn.Module):  # type: ignore[misc]
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.encoder = model.get_encoder()

    def forward(self, source: Any, mask: Any = None) -> Any:
        given = {} if mask is None else {"attention_mask": mask}
        return self.encoder(source, **given).last_hidden_state


class Decoder(torch.nn.Module):  # type: ignore[misc]
    """With its past or without; `attentions`: gives the cross attentions too; `crossed`: keeps the
    cross attention's keys and values."""

    def __init__(
        self, model: Any, layers: int, *, masked: bool, past: bool, attentions: bool, crossed: bool
    ) -> None:
        super().__init__()
        self.model, self.layers, self.masked = model, layers, masked
        self.past, self.attentions, self.crossed = past, attentions, crossed

    def forward(self, ids: Any, hidden: Any, *rest: Any) -> Any:
        mask, values = (rest[0], rest[1:]) if self.masked else (None, rest)
        cache = EncoderDecoderCache(DynamicCache(), DynamicCache())
        for layer in range(self.layers if self.past else 0):
            count = 4 if self.crossed else 2
            own = values[count * layer : count * layer + count]
            cache.self_attention_cache.update(own[0], own[1], layer)
            if not self.crossed:
                continue
            cache.cross_attention_cache.update(own[2], own[3], layer)
            cache.is_updated[layer] = True
        found = self.model(
            encoder_outputs=(hidden,), decoder_input_ids=ids, past_key_values=cache, use_cache=True,
            output_attentions=self.attentions, **({"attention_mask": mask} if self.masked else {}),
        )  # fmt: skip
        kept = []
        for layer in range(self.layers):
            own_keys = found.past_key_values.self_attention_cache.layers[layer]
            cross = found.past_key_values.cross_attention_cache.layers[layer]
            kept += [own_keys.keys, own_keys.values]
            kept += [cross.keys, cross.values] if self.crossed and not self.past else []
        return (found.logits, *kept, *(found.cross_attentions if self.attentions else ()))


def _names(prefix: str, layers: int, parts: tuple[str, ...] = PARTS) -> list[str]:
    return [f"{prefix}.{layer}.{part}" for layer in range(layers) for part in parts]


def _save(
    module: Any, given: tuple[Any, ...], path: Path, inputs: list[str], outputs: list[str]
) -> None:
    axes = {name: _axes(name) for name in (*inputs, *outputs)}
    torch.onnx.export(
        module, given, str(path), input_names=inputs, output_names=outputs, dynamic_axes=axes,
        opset_version=17, dynamo=False, do_constant_folding=True,
    )  # fmt: skip
    forget_origins(path)


def forget_origins(path: Path) -> None:
    """Take out of a graph where in torch its nodes came from, which is of no use here."""
    graph = onnx.load(path)
    for node in graph.graph.node:
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
    onnx.save(graph, path)


def _axes(name: str) -> dict[int, str]:
    if ("encoder." in name and "present" in name) or ("past" in name and ".encoder." in name):
        return {0: "batch", 2: "source"}
    if "past" in name or "present" in name:
        return {0: "batch", 2: "rows"}
    if name.startswith("cross_attentions"):
        return {0: "batch", 2: "new"}
    return (
        {0: "batch"}
        if name in ("input_features", "pixel_values")
        else {0: "batch", 1: f"{name}_length"}
    )


def export_pair(
    model: Any,
    folder: Path,
    *,
    speech: bool = False,
    attentions: bool = False,
    pixels: Any = None,
    crossed: bool = True,
) -> None:
    """The three graphs of a model; `speech`: it takes input_features, and no mask; `pixels`: it
    takes such pictures; not `crossed`: only what decoders see of themselves is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    config = model.config
    writer = config if pixels is None else config.decoder
    names = ("decoder_layers", "num_decoder_layers", "num_hidden_layers")
    layers = next(getattr(writer, name) for name in names if hasattr(writer, name))
    parts = PARTS if crossed else ("key", "value")
    if pixels is not None:
        source, mask, inputs = torch.cat([pixels, -pixels]), None, ["pixel_values"]
    elif speech:
        source = torch.randn(2, config.num_mel_bins, 2 * config.max_source_positions)
        mask, inputs = None, ["input_features"]
    else:
        source = torch.tensor([[5, 6, 7, 8, 2], [7, 6, 9, 2, 2]])
        mask, inputs = (
            torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]]),
            ["input_ids", "attention_mask"],
        )
    encoder = Encoder(model)
    given = (source,) if mask is None else (source, mask)
    _save(encoder, given, folder / "encoder_model.onnx", inputs, ["last_hidden_state"])
    with torch.no_grad():
        hidden = encoder(*given)
    ids = torch.tensor([[3, 4, 5], [4, 3, 6]])
    masks = () if mask is None else (mask,)
    named = ["input_ids", "encoder_hidden_states", *(["encoder_attention_mask"] if masks else [])]
    crosses = [f"cross_attentions.{n}" for n in range(layers)] if attentions else []
    options = {"masked": bool(masks), "attentions": attentions, "crossed": crossed}
    first = Decoder(model, layers, past=False, **options)
    outputs = ["logits", *_names("present", layers, parts), *crosses]
    _save(first, (ids, hidden, *masks), folder / "decoder_model.onnx", named, outputs)
    with torch.no_grad():
        found = first(ids, hidden, *masks)[1 : 1 + len(parts) * layers]
    past = Decoder(model, layers, past=True, **options)
    given = (torch.tensor([[7], [8]]), hidden, *masks, *found)
    inputs = [*named, *_names("past_key_values", layers, parts)]
    outputs = ["logits", *_names("present", layers, parts[:2]), *crosses]
    _save(past, given, folder / "decoder_with_past_model.onnx", inputs, outputs)


def merge(folder: Path, parts: tuple[str, ...] = PARTS) -> None:
    """decoder_model_merged of the two decoders, which are removed: as optimum writes it, what the
    branch with a past gives in the place of the cross keys and values is empty."""
    paths = [folder / f"{name}.onnx" for name in ("decoder_model", "decoder_with_past_model")]
    plain, past = (onnx.load(path) for path in paths)
    shared: dict[bytes, str] = {}
    constants: list[onnx.TensorProto] = []
    branches = [
        _branch(one.graph, prefix, shared, constants)
        for one, prefix in ((plain, "p_"), (past, "q_"))
    ]
    outputs = list(plain.graph.output)
    _complete(branches[1], [info.name for info in outputs])
    inputs = {info.name: info for one in (past, plain) for info in one.graph.input}
    branch = helper.make_tensor_value_info("use_cache_branch", onnx.TensorProto.BOOL, [1])
    # Every input of the hub's merged decoders is there, whether a branch reads it or not.
    for name in _names("past_key_values", len(outputs) // len(parts), parts):
        if name not in inputs:
            inputs[name] = next(i for i in inputs.values() if i.name.startswith("past"))
    node = helper.make_node(
        "If", ["use_cache_branch"], [info.name for info in outputs],
        then_branch=branches[1], else_branch=branches[0],
    )  # fmt: skip
    graph = helper.make_graph([node], "merged", [*inputs.values(), branch], outputs, constants)
    model = helper.make_model(graph, opset_imports=plain.opset_import, ir_version=plain.ir_version)
    onnx.checker.check_model(model)
    onnx.save(model, folder / "decoder_model_merged.onnx")
    for path in paths:
        path.unlink()


def _branch(
    graph: onnx.GraphProto, prefix: str, shared: dict[bytes, str], constants: list[onnx.TensorProto]
) -> onnx.GraphProto:
    names = {info.name: info.name for info in graph.input}
    for tensor in graph.initializer:
        key = tensor.raw_data + bytes(str((tensor.data_type, list(tensor.dims))), "ascii")
        if key not in shared:
            shared[key] = f"w{len(shared)}"
            constants.append(onnx.TensorProto())
            constants[-1].CopyFrom(tensor)
            constants[-1].name = shared[key]
        names[tensor.name] = shared[key]

    def renamed(name: str) -> str:
        return names.get(name, prefix + name) if name else ""

    nodes = []
    for node in graph.node:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.name = prefix + node.name
        del copy.input[:], copy.output[:]
        copy.input.extend(renamed(name) for name in node.input)
        copy.output.extend(renamed(name) for name in node.output)
        for attribute in copy.attribute:
            assert not attribute.HasField("g"), "a graph within"
        nodes.append(copy)
    outputs = []
    for info in graph.output:
        copy = onnx.ValueInfoProto()
        copy.CopyFrom(info)
        copy.name = renamed(info.name)
        if info.name in names:  # an input or a constant goes out through a node
            copy.name = f"{prefix}out_{info.name}"
            nodes.append(helper.make_node("Identity", [names[info.name]], [copy.name]))
        outputs.append(copy)
    return helper.make_graph(nodes, f"{prefix}branch", [], outputs)


def _complete(branch: onnx.GraphProto, wanted: list[str]) -> None:
    """Outputs in the other branch's order, empty ones for those that this one has not."""
    there = {info.name[2:]: info for info in branch.output}
    ordered = []
    for name in wanted:
        if name in there:
            ordered.append(there[name])
            continue
        like = there["present.0.decoder.key"].type.tensor_type.shape.dim
        shape = [0, like[1].dim_value, 1, like[3].dim_value]
        empty = helper.make_tensor(f"q_empty_{name}", onnx.TensorProto.FLOAT, shape, [])
        branch.node.append(helper.make_node("Constant", [], [f"q_{name}"], value=empty))
        sizes = [None, *shape[1:2], None, shape[3]]
        ordered.append(helper.make_tensor_value_info(f"q_{name}", onnx.TensorProto.FLOAT, sizes))
    del branch.output[:]
    branch.output.extend(ordered)
