"""ResNet, the backbone of detectors: what config.json says of it, its tensors, its part of a graph.

    x = write_resnet(b, read_resnet(config), reader, prefix, pixels)     # the last stage's grid

A checkpoint has transformers' names or timm's. Norms have fixed numbers here, and become part of
the convolutions' weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx_ir as ir

from intab.convert.architecture import Array
from intab.convert.builder import Builder
from intab.convert.config import LAYERS, Config, check_size, check_table, shown
from intab.convert.decoder import activate
from intab.convert.encoders.reader import Reader
from intab.convert.families.llama import activation
from intab.convert.vision.settings import read_settings
from intab.errors import ConvertError

EPSILON = 1e-5  # DetrFrozenBatchNorm2d's
REDUCTION = 4  # of a bottleneck
BASIC, BOTTLENECK = "basic", "bottleneck"
WIDTH = 64  # of timm's first convolution
# timm's names, without what it was trained on.
TIMM: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "resnet18": (BASIC, (2, 2, 2, 2)),
    "resnet34": (BASIC, (3, 4, 6, 3)),
    "resnet50": (BOTTLENECK, (3, 4, 6, 3)),
    "resnet101": (BOTTLENECK, (3, 4, 23, 3)),
    "resnet152": (BOTTLENECK, (3, 8, 36, 3)),
}


@dataclass(frozen=True)
class ResNet:
    """The backbone's shape. `early`: a bottleneck's first convolution makes the picture smaller,
    not its second; `dilated`: the last stage looks at every second point, and keeps the size."""

    kind: str
    first: int
    sizes: tuple[int, ...]
    depths: tuple[int, ...]
    channels: int = 3
    activation: str = "relu"
    smaller_first: bool = False
    early: bool = False
    dilated: bool = False
    timm: bool = False


@dataclass(frozen=True)
class Conv:
    """A convolution, and the norm behind it, by the ends of their names."""

    name: str
    norm: str
    inputs: int
    outputs: int
    side: int
    stride: int = 1
    dilation: int = 1


def read_resnet(config: Config, ignored: Iterable[str] = ()) -> ResNet:
    """The backbone of a detector's config; ConvertError for any but a ResNet."""
    inner = check_table("backbone_config", config.values.get("backbone_config"))
    more = check_table("backbone_kwargs", config.values.get("backbone_kwargs"))
    timm = not inner and config.flag("use_timm_backbone")
    kind = inner.get("model_type", "timm_backbone" if timm else "resnet")
    if kind not in ("resnet", "timm_backbone"):
        raise ConvertError(f"The backbone is {shown(kind)}, and only a ResNet can be converted.")
    if kind == "resnet":
        return _of_transformers(read_settings(inner, "resnet", ignored))
    if timm:
        stride = 16 if config.flag("dilation") else None
        inner = {"backbone": config.values["backbone"] or "resnet50", "output_stride": stride}
        inner |= {name: more[name] for name in ("out_indices", "output_stride") if name in more}
        inner["num_channels"] = more.get("in_chans", config.size("num_channels"))
    return _of_timm(read_settings(inner, "timm_backbone", ignored))


def _of_transformers(config: Config) -> ResNet:
    sizes, depths = (_sizes(config, name) for name in ("hidden_sizes", "depths"))
    kind = config.word("layer_type")
    if len(sizes) != len(depths) or kind not in (BASIC, BOTTLENECK):
        raise ConvertError(
            f"backbone_config in config.json has {len(sizes)} sizes, {len(depths)} depths and "
            f"layers that are {shown(kind)}, which is no ResNet."
        )
    features, indices = config.values["out_features"], config.values["out_indices"]
    if features or not indices:
        _check_last((features or [f"stage{len(depths)}"])[-1], f"stage{len(depths)}")
    else:
        _check_last(indices[-1], len(depths))
    return ResNet(
        kind,
        config.size("embedding_size"),
        sizes,
        depths,
        config.size("num_channels"),
        activation(config.word("hidden_act")),
        config.flag("downsample_in_first_stage"),
        config.flag("downsample_in_bottleneck"),
    )


def _of_timm(config: Config) -> ResNet:
    name = config.word("backbone")
    if (known := name.split(".")[0]) not in TIMM:
        raise ConvertError(
            f"The backbone is timm's {name!r}; these can be converted: {', '.join(TIMM)}."
        )
    kind, depths = TIMM[known]
    _check_last((config.values["out_indices"] or [len(depths)])[-1], len(depths))
    stride = config.values["output_stride"]
    if stride not in (None, 16, 32):
        raise ConvertError(f"output_stride in config.json is {shown(stride)}, not 16 or 32.")
    widths = [WIDTH * 2**number for number in range(len(depths))]
    sizes = tuple(width * REDUCTION if kind == BOTTLENECK else width for width in widths)
    channels = config.size("num_channels")
    return ResNet(kind, WIDTH, sizes, depths, channels, dilated=stride == 16, timm=True)


def _check_last(found: Any, wanted: Any) -> None:
    if found != wanted:
        raise ConvertError(
            f"The detector looks at {shown(found)} of its backbone; only the last stage, "
            f"{shown(wanted)}, can be converted."
        )


def _sizes(config: Config, name: str) -> tuple[int, ...]:
    value = config.values[name]
    if not isinstance(value, list) or not value:
        raise ConvertError(f"{name} in config.json must be a list of numbers, not {shown(value)}.")
    return tuple(check_size(name, one, LAYERS) for one in value)


def write_resnet(b: Builder, shape: ResNet, reader: Reader, prefix: str, x: ir.Value) -> ir.Value:
    """[batch, channels, height, width] -> [batch, sizes[-1], rows, columns]."""
    names = ("conv1", "bn1") if shape.timm else _hf("embedder.embedder")
    x = _convolved(b, reader, prefix, Conv(*names, shape.channels, shape.first, 7, 2), x)
    x = activate(b, shape.activation, x)
    x = b.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for block in _blocks(shape):
        x = _block(b, shape, reader, prefix, block, x)
    return x


@dataclass(frozen=True)
class _Block:
    """A layer with what it adds its result to: by a convolution if the sizes differ."""

    convs: tuple[Conv, ...]
    shortcut: Conv | None


def _blocks(shape: ResNet) -> Iterator[_Block]:
    inputs, before = shape.first, 1
    for stage, (size, depth) in enumerate(zip(shape.sizes, shape.depths, strict=True)):
        last = stage == len(shape.sizes) - 1
        dilation = 2 if shape.dilated and last else 1
        smaller = dilation == 1 and (stage > 0 or shape.smaller_first)
        for number in range(depth):
            stride = 2 if smaller and not number else 1
            name = f"layer{stage + 1}.{number}" if shape.timm else _stage(stage, number)
            yield _made(shape, name, inputs, size, stride, (before, dilation))
            inputs, before = size, dilation


def _made(
    shape: ResNet, name: str, inputs: int, size: int, stride: int, dilations: tuple[int, int]
) -> _Block:
    """A block, of which the convolutions of three points look so far apart."""

    def named(number: int) -> tuple[str, str]:
        if shape.timm:
            return f"{name}.conv{number + 1}", f"{name}.bn{number + 1}"
        return _hf(f"{name}.layer.{number}")

    convs: tuple[Conv, ...]
    if shape.kind == BOTTLENECK:
        inner = size // REDUCTION
        first, second = (stride, 1) if shape.early else (1, stride)
        convs = (
            Conv(*named(0), inputs, inner, 1, first),
            Conv(*named(1), inner, inner, 3, second, dilations[0]),
            Conv(*named(2), inner, size, 1),
        )
    else:
        convs = (
            Conv(*named(0), inputs, size, 3, stride, dilations[0]),
            Conv(*named(1), size, size, 3, 1, dilations[1]),
        )
    if inputs == size and stride == 1:
        return _Block(convs, None)
    names = (f"{name}.downsample.0", f"{name}.downsample.1")
    names = names if shape.timm else _hf(f"{name}.shortcut")
    return _Block(convs, Conv(*names, inputs, size, 1, stride))


def _block(
    b: Builder, shape: ResNet, reader: Reader, prefix: str, block: _Block, x: ir.Value
) -> ir.Value:
    found = x
    for number, conv in enumerate(block.convs):
        found = _convolved(b, reader, prefix, conv, b.op("Relu", found) if number else found)
    kept = x if block.shortcut is None else _convolved(b, reader, prefix, block.shortcut, x)
    return activate(b, shape.activation, b.op("Add", found, kept))


def _stage(stage: int, number: int) -> str:
    return f"encoder.stages.{stage}.layers.{number}"


def _hf(name: str) -> tuple[str, str]:
    return f"{name}.convolution", f"{name}.normalization"


def _convolved(b: Builder, reader: Reader, prefix: str, conv: Conv, x: ir.Value) -> ir.Value:
    weight, bias = _folded(reader, prefix, conv)
    padding = conv.dilation * (conv.side // 2)
    given = [b.floats(f"{conv.name}.weight", weight), b.floats(f"{conv.name}.bias", bias)]
    return b.op(
        "Conv",
        x,
        *given,
        kernel_shape=[conv.side] * 2,
        strides=[conv.stride] * 2,
        dilations=[conv.dilation] * 2,
        pads=[padding] * 4,
    )


def _folded(reader: Reader, prefix: str, conv: Conv) -> tuple[Array, Array]:
    """The weight and the bias of a convolution and its norm together."""
    name = f"{prefix}{conv.norm}"
    scale, bias, mean, variance = (
        reader.tensor(f"{name}.{part}", conv.outputs)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    scale = scale / np.sqrt(variance + np.float32(EPSILON))
    shape = conv.outputs, conv.inputs, conv.side, conv.side
    weight = reader.tensor(f"{prefix}{conv.name}.weight", *shape)
    return weight * scale[:, None, None, None], bias - mean * scale
