"""Names of a model's graphs by their work: `model`, `encoder_model`, `unet` ...

A role is the field's name of a file, without its dtype, as Transformers.js and optimum write them:
`onnx/encoder_model_fp16.onnx` is the role encoder_model; in diffusers' folders the folder is the
role, `unet/model.onnx`. A task says by `Need`s which it takes. It knows names alone.

    >>> role_of("onnx/decoder_model_merged_q4.onnx")
    'decoder_model_merged'
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Files = tuple[str, ...]  # a graph, then those of its external data
Roles = dict[str, dict[str, Files]]  # role -> dtype -> files

MERGED = "decoder_model_merged"
EMBEDDER = "embed_tokens"
# In the order in which they are preferred. A decoder with its past is fed an empty one at first;
# the one without computes all of a text at each step.
DECODERS = ("model", MERGED, "decoder_with_past_model", "decoder_model")
NAMES = (
    *DECODERS,
    *("encoder_model", EMBEDDER, "vision_encoder", "audio_encoder", "vision_model", "text_model"),
    *("audio_model", "language_model", "lm_head", "prepare_inputs_embeds", "gen_head"),
    *("gen_img_embeds", "image_decode", "prompt_encoder_mask_decoder", "mask_decoder"),
    *(
        "decoder_postnet_and_vocoder",
        "encodec_encode",
        "encodec_decode",
        "build_delay_pattern_mask",
    ),
    *("text_encoder", "text_decoder", "conditional_decoder", "speech_encoder"),
)
# Folders of diffusers' pipelines, each with a model.onnx.
FOLDERS = (
    *("unet", "transformer", "vae_encoder", "vae_decoder", "text_encoder", "text_encoder_2"),
    *("text_encoder_3", "image_encoder", "controlnet", "safety_checker"),
)
GRAPH = re.compile(
    rf"(?:(?P<folder>{'|'.join(FOLDERS)})/(?P<inner>model)|"
    rf"(?P<stem>{'|'.join(sorted(NAMES, key=len, reverse=True))}))"
    r"(?:[-_.](?P<tail>.+))?\.onnx"
)
_HALVES = ("fp16", "q4f16")
_FLOATS = ("q8", "int8", "uint8", "q4", "bnb4", "fp32", "q8f32")


@dataclass(frozen=True)
class Need:
    """A graph that a task needs: of `roles` the first that has the dtype. An `optional` one may be
    missing; with `beside` it is taken only if that role is there; with `lone` a folder's only graph
    will do, whatever it is called; `in_turns`: it need not be held while the task's others run."""

    roles: tuple[str, ...]
    optional: bool = False
    beside: str = ""
    lone: bool = False
    in_turns: bool = False


# What continues text: a decoder, and the graph that embeds ids for one that takes embeddings.
DECODER = (Need(DECODERS), Need((EMBEDDER,), optional=True, beside=MERGED))

# What reads a source and writes an answer: one decoder, or two of which the second has a past.
ENCODER_DECODER = (
    Need(("encoder_model",)),
    Need((MERGED, "decoder_model")),
    Need(("decoder_with_past_model",), optional=True, beside="decoder_model"),
)

# What writes down speech: one graph that has a token for each moment, or such a pair.
SPEECH = (
    Need(("model", "encoder_model")),
    Need((MERGED, "decoder_model"), optional=True, beside="encoder_model"),
    Need(("decoder_with_past_model",), optional=True, beside="decoder_model"),
)


def role_of(path: str) -> str:
    """The role of a graph by its path, "" for a name that none has."""
    parts = path.split("/")
    inner = GRAPH.fullmatch("/".join(parts[-2:]))
    found = inner if inner and inner["folder"] else GRAPH.fullmatch(parts[-1])
    return (found["folder"] or found["stem"]) if found else ""


def path_of(role: str) -> str:
    """What the graph of a role is called, without dtype and ending."""
    return f"{role}/model" if role in FOLDERS else role


def nearest(dtype: str, have: Sequence[str] | Mapping[str, object]) -> str:
    """The dtype to put beside a graph of that one, of those there are: the same, else few bytes in
    the same floats.

    >>> nearest("q4f16", ["fp32", "fp16"])
    'fp16'
    """
    rest = (*_HALVES, *_FLOATS) if dtype in _HALVES else (*_FLOATS, *_HALVES)
    return next((each for each in (dtype, *rest) if each in have), next(iter(have)))


def place_of(graph: str) -> int:
    """Of two graphs the one in onnx/ is meant."""
    return 0 if "/onnx/" in f"/{graph}" else 1


def from_dtypes(dtypes: Mapping[str, Sequence[str]]) -> Roles:
    """The roles of a manifest of format 1, which had a decoder's files by their dtype, with those
    of its embedder behind them."""
    roles: Roles = {}
    for dtype, files in dtypes.items():
        first = next((at for at, name in enumerate(files) if role_of(name) == EMBEDDER), 0)
        main, embedder = (files[:first], files[first:]) if first else (files, ())
        roles.setdefault(role_of(main[0]) or "model", {})[dtype] = tuple(main)
        if embedder:
            roles.setdefault(EMBEDDER, {})[dtype] = tuple(embedder)
    return roles


def as_dtypes(roles: Roles) -> dict[str, Files] | None:
    """The same as format 1 has it, None if that cannot say it."""
    embedders = roles.get(EMBEDDER, {})
    graphs = {
        d: names for role, its in roles.items() if role != EMBEDDER for d, names in its.items()
    }
    dtypes = {dtype: (*names, *embedders.get(dtype, ())) for dtype, names in graphs.items()}
    return dtypes if from_dtypes(dtypes) == roles else None
