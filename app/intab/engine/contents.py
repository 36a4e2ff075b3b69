"""What the files of a model's folder say: config.json, the tokenizer and its texts, the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intab.engine import chat
from intab.engine.download import B, Body, parse_object
from intab.engine.manifest import FileEntry, Manifest, is_template, is_text_file
from intab.engine.model import Texts
from intab.engine.runtime import Graph
from intab.engine.special_tokens import TokenFiles
from intab.engine.tokenizer import Tokenizer
from intab.errors import UnsupportedModelError

_NESTED = ("text_config", "llm_config")


def parse_config(body: Body) -> dict[str, Any]:
    """config.json, with what it says of the part that writes text."""
    config = parse_object(body.text(), "config.json")
    inner: Mapping[str, Any] = next(
        (config[key] for key in _NESTED if isinstance(config.get(key), dict)), {}
    )
    return {**config, **{k: v for k, v in inner.items() if k != "architectures"}}


def check_architecture(config: Mapping[str, Any]) -> None:
    """UnsupportedModelError unless the config is a decoder's that writes text."""
    names = config.get("architectures") or []
    causal = ("ForCausalLM", "LMHeadModel", "ForConditionalGeneration")
    if config.get("is_encoder_decoder"):
        reason = "it is an encoder-decoder"
    elif names and not any(str(name).endswith(causal) for name in names):
        reason = f"its architecture is {names[0]}"
    else:
        return
    raise UnsupportedModelError(
        f"This model cannot continue text: {reason}. Choose a decoder (…ForCausalLM)."
    )


def needed_files(manifest: Manifest, dtype: str) -> dict[str, FileEntry]:
    """What a dtype's graph needs beside config.json."""
    texts = ["tokenizer.json", *(n for n in manifest.files if is_text_file(n))]
    return manifest.entries([*texts, *manifest.dtypes[dtype]])


def read_texts(bodies: Mapping[str, Body], config: Mapping[str, Any]) -> Texts:
    """Tokenizer, settings and chat templates."""

    def read(name: str) -> dict[str, Any]:
        return parse_object(bodies[name].text(), name) if name in bodies else {}

    templates = {name: bodies[name].text() for name in bodies if is_template(name)}
    tokenizer_config = read("tokenizer_config.json")
    files = TokenFiles(tokenizer_config, read("special_tokens_map.json"), read("added_tokens.json"))
    return Texts(
        Tokenizer(bodies["tokenizer.json"].text(), files, config),
        config,
        read("generation_config.json"),
        tokenizer_config,
        chat.find_templates(tokenizer_config, templates),
    )


def make_graph(
    manifest: Manifest, dtype: str, bodies: Mapping[str, B], config: Mapping[str, Any]
) -> Graph[B]:
    """The graph of a dtype with its external data."""
    name, *data = manifest.dtypes[dtype]
    # External data is named in the graph relative to the graph's own folder.
    external = {path.rpartition("/")[2]: bodies[path] for path in data}
    return Graph(name, bodies[name], external, config, manifest.options_for(dtype))
