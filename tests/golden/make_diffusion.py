"""Records the pictures that diffusers makes with a tiny random Stable Diffusion, exported as ONNX.

    python -m tests.golden.make_diffusion

Needs torch, transformers 5.24.0, diffusers 0.42.1 and onnx. Writes tests/golden/diffusion/tiny/ in
optimum's layout, diffusion/consistency/ with the UNet of a latent consistency model alone, and
tests/golden/diffusion.json: for each case scheduler_config.json, the call and its picture, and the
ids of odd texts. Noise is noise(shape, turn) of tests/engine/support/noise.py, the picture to begin
with a drawing.
"""

from __future__ import annotations

import base64
import json
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import diffusers
import numpy as np
import onnx
import torch
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from tests.engine.support.drawing import drawing
from tests.engine.support.noise import noise
from tests.golden.diffusion_calls import CALLS, CHANGES, ODD, SCHEDULERS

HERE = Path(__file__).parent
FOLDER = HERE / "diffusion/tiny"
LCM_UNET = HERE / "diffusion/consistency/unet"
TARGET = HERE / "diffusion.json"
TEXT = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
        "num_attention_heads": 2, "max_position_embeddings": 16,
        "initializer_range": 0.7}  # fmt: skip
UNET = {"sample_size": 8, "block_out_channels": (4, 8), "layers_per_block": 1,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"), "cross_attention_dim": 16,
        "attention_head_dim": 4, "norm_num_groups": 2}  # fmt: skip
VAE = {"block_out_channels": (4, 8, 8), "layers_per_block": 1, "norm_num_groups": 4,
       "down_block_types": ("DownEncoderBlock2D",) * 3,
       "up_block_types": ("UpDecoderBlock2D",) * 3, "latent_channels": 4,
       "sample_size": 32}  # fmt: skip
WORDS = ["a", "red", "fox", "in", "the", "snow", "and"]


def make_tokenizer() -> CLIPTokenizer:
    """CLIP's form: bytes, bytes that end a word, pairs, two marks."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters = [*bytes_to_unicode().values()]
    letters = [letter for letter in letters if letter.isascii()]
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        pieces = [*word[:-1], f"{word[-1]}</w>"]
        while len(pieces) > 1:
            if (pieces[0], pieces[1]) not in merges:
                merges.append((pieces[0], pieces[1]))
            pieces = [pieces[0] + pieces[1], *pieces[2:]]
    tokens = [*letters, *(f"{x}</w>" for x in letters), *("".join(pair) for pair in merges)]
    tokens = list(dict.fromkeys([*tokens, "<|startoftext|>", "<|endoftext|>"]))
    vocabulary = {token: number for number, token in enumerate(tokens)}
    return CLIPTokenizer(vocabulary, merges, model_max_length=TEXT["max_position_embeddings"])


def save_tokenizer(tokenizer: CLIPTokenizer, folder: Path) -> None:
    """As the hub's folders have it: vocab.json and merges.txt."""
    shutil.rmtree(folder, ignore_errors=True)
    tokenizer.save_pretrained(folder)
    whole = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    (folder / "vocab.json").write_text(json.dumps(whole["model"]["vocab"]), "utf-8")
    pairs = [" ".join(pair) for pair in whole["model"]["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *pairs, ""]), "utf-8")
    (folder / "tokenizer.json").unlink()


# So much larger than at the start of a training, or a picture would hardly depend on its text.
LARGER = {"attn2.to_v": 4, "attn2.to_out": 4, "cond_proj": 8, "time_embedding.linear": 3,
          "unet.conv_out": 4}  # fmt: skip


def enliven(model: torch.nn.Module, name: str = "") -> Any:
    """What would stay at zero, and so hide what comes before it, is given numbers."""
    for path, parameter in model.named_parameters(prefix=name):
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter, mean=float(parameter.mean()), std=0.2)
        for part, factor in LARGER.items():
            if part in path:
                parameter.data *= factor
    return model.eval()


def make_parts() -> dict[str, Any]:
    torch.manual_seed(7)
    tokenizer = make_tokenizer()
    ids = {f"{n}_token_id": getattr(tokenizer, f"{n}_token_id") for n in ("bos", "eos", "pad")}
    text = CLIPTextConfig(vocab_size=len(tokenizer), **ids, **TEXT)
    text._attn_implementation = "eager"
    return {
        "tokenizer": tokenizer,
        "text_encoder": enliven(CLIPTextModel(text)),
        "unet": enliven(diffusers.UNet2DConditionModel(**UNET), "unet"),
        "consistency": enliven(
            diffusers.UNet2DConditionModel(**UNET, time_cond_proj_dim=6), "unet"
        ),
        "vae": enliven(diffusers.AutoencoderKL(**VAE)),
    }


class Returning(torch.nn.Module):  # type: ignore[misc]
    """A model as a graph has it: tensors in, a tensor out."""

    def __init__(self, function: Any, model: torch.nn.Module) -> None:
        super().__init__()
        self.model, self.function = model, function

    def forward(self, *given: Any) -> Any:
        return self.function(*given)


def export(
    folder: Path, model: Any, function: Any, given: dict[str, Any], output: str, axes: Any
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    for module in model.modules():
        if hasattr(module, "set_processor"):  # the plain products
            module.set_processor(diffusers.models.attention_processor.AttnProcessor())
    torch.onnx.export(
        Returning(function, model).eval(), tuple(given.values()), str(path),
        input_names=list(given), output_names=[output], dynamic_axes=axes, opset_version=18,
        dynamo=False,
    )  # fmt: skip
    loaded = onnx.load(path)
    shorten(loaded.graph)
    onnx.save(loaded, path)
    config = model if hasattr(model, "save_config") else model.config
    getattr(config, "save_config", config.save_pretrained)(folder)


def shorten(graph: Any) -> None:
    """Long names, and where in torch nodes came from, would be two thirds of so small a graph."""
    kept = {info.name for info in (*graph.input, *graph.output)}
    names: dict[str, str] = {}

    def short(name: str) -> str:
        return name if name in kept or not name else names.setdefault(name, f"t{len(names)}")

    for node in graph.node:
        for field in ("name", "doc_string", "metadata_props"):
            node.ClearField(field)
        node.input[:] = map(short, node.input)
        node.output[:] = map(short, node.output)
    for initializer in graph.initializer:
        initializer.name = short(initializer.name)
    graph.ClearField("value_info")


def export_unet(folder: Path, unet: Any) -> None:
    sides = {0: "batch_size", 2: "height", 3: "width"}
    given = {
        "sample": torch.randn(2, 4, 8, 8),
        "timestep": torch.tensor(5),
        "encoder_hidden_states": torch.randn(2, 16, 16),
    }
    axes = {"sample": sides, "encoder_hidden_states": {0: "batch_size", 1: "sequence_length"}}
    if unet.config.time_cond_proj_dim:
        given["timestep_cond"] = torch.randn(2, unet.config.time_cond_proj_dim)
        axes["timestep_cond"] = {0: "batch_size"}

    def compute(sample: Any, timestep: Any, states: Any, condition: Any = None) -> Any:
        return unet(sample, timestep, states, timestep_cond=condition, return_dict=False)[0]

    export(folder, unet, compute, given, "out_sample", {**axes, "out_sample": sides})


def export_all(parts: dict[str, Any]) -> None:
    shutil.rmtree(FOLDER.parent, ignore_errors=True)
    save_tokenizer(parts["tokenizer"], FOLDER / "tokenizer")
    text, vae = parts["text_encoder"], parts["vae"]
    ids = {"input_ids": torch.ones(2, 16, dtype=torch.int32)}
    rows = {0: "batch_size", 1: "sequence_length"}
    named = {"input_ids": rows, "last_hidden_state": rows}
    export(FOLDER / "text_encoder", text, lambda x: text(x)[0], ids, "last_hidden_state", named)
    export_unet(FOLDER / "unet", parts["unet"])
    export_unet(LCM_UNET, parts["consistency"])
    sides = {0: "batch_size", 2: "height", 3: "width"}
    export(
        FOLDER / "vae_decoder", vae, lambda x: vae.decode(x, return_dict=False)[0],
        {"latent_sample": torch.randn(2, 4, 8, 8)}, "sample",
        {"latent_sample": sides, "sample": sides},
    )  # fmt: skip
    export(
        FOLDER / "vae_encoder", vae, lambda x: vae.encode(x).latent_dist.parameters,
        {"sample": torch.randn(2, 3, 32, 32)}, "latent_parameters",
        {"sample": sides, "latent_parameters": sides},
    )  # fmt: skip
    config = {"_class_name": "StableDiffusionPipeline", "_diffusers_version": diffusers.__version__,
              "safety_checker": [None, None]}  # fmt: skip
    (FOLDER / "model_index.json").write_text(json.dumps(config, indent=1), "utf-8")


def scheduler_of(kind: str) -> Any:
    return getattr(diffusers, f"{kind}Scheduler")(**SCHEDULERS[kind])


def pipeline_of(kind: str, parts: dict[str, Any], *, changes: bool) -> Any:
    is_consistency = kind == "LCM"
    family = "LatentConsistencyModel" if is_consistency else "StableDiffusion"
    made = getattr(diffusers, f"{family}{'Img2Img' * changes}Pipeline")(
        vae=parts["vae"],
        text_encoder=parts["text_encoder"],
        tokenizer=parts["tokenizer"],
        unet=parts["consistency" if is_consistency else "unet"],
        scheduler=scheduler_of(kind),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    made.set_progress_bar_config(disable=True)
    return made


@contextmanager
def drawn_in_turn() -> Iterator[None]:
    """Everything that diffusers draws is stored noise, in turn."""
    turns = iter(range(1000))

    def draw(shape: Any, *_: Any, **options: Any) -> Any:
        return torch.from_numpy(noise(tuple(shape), next(turns)))

    with ExitStack() as patches:
        for name, module in list(sys.modules.items()):
            if name.startswith("diffusers.") and "randn_tensor" in vars(module):
                patches.enter_context(mock.patch.object(module, "randn_tensor", draw))
        yield


def coded(pixels: np.ndarray[Any, Any]) -> dict[str, Any]:
    return {"shape": list(pixels.shape), "data": base64.b64encode(pixels.tobytes()).decode()}


def record(kind: str, options: dict[str, Any], parts: dict[str, Any], size: Any = None) -> Any:
    pipe = pipeline_of(kind, parts, changes=size is not None)
    given = {"image": Image.fromarray(drawing(*size))} if size else {}
    with drawn_in_turn(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        images = pipe(**options, **given, output_type="pil").images
    pixels = np.stack([np.asarray(image) for image in images])
    return {
        "scheduler": {"_class_name": f"{kind}Scheduler", **SCHEDULERS[kind]},
        "options": options,
        **({"size": list(size)} if size else {}),
        "pictures": coded(pixels),
    }


def main() -> None:
    parts = make_parts()
    cases = [record(kind, options, parts) for kind, options in CALLS]
    cases += [record(kind, options, parts, size) for kind, options, size in CHANGES]
    export_all(parts)
    folder = FOLDER / "scheduler"
    folder.mkdir()
    (folder / "scheduler_config.json").write_text(json.dumps(cases[0]["scheduler"], indent=1))
    most = TEXT["max_position_embeddings"]
    cut: dict[str, Any] = {"padding": "max_length", "truncation": True, "max_length": most}
    tokens = [[text, parts["tokenizer"](text, **cut)["input_ids"]] for text in ODD]
    TARGET.write_text(json.dumps({"cases": cases, "tokens": tokens}, indent=0), "utf-8")


if __name__ == "__main__":
    main()
