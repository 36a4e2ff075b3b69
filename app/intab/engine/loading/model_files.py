"""What the files of a model's folder say: config.json, the tokenizer and its texts, the graph."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from intab.engine.hub.genai import as_config, as_generation_config, names_of
from intab.engine.hub.layout import GENAI, text_paths
from intab.engine.hub.locate import Location
from intab.engine.hub.manifest import Manifest, is_template, is_text
from intab.engine.hub.variants import Variants
from intab.engine.io.protocols import B, Body
from intab.engine.io.small_files import parse_object
from intab.engine.io.untrusted import shown, text, whole
from intab.engine.model import Texts
from intab.engine.model_config import SIZES, TOKENS, ModelConfig
from intab.engine.runtime.graphs import Graph
from intab.engine.text import chat_template as chat
from intab.engine.text.special_tokens import TokenFiles
from intab.engine.text.tokenizer import Tokenizer
from intab.engine.text.vocabulary import OWN_JSON, VOCABULARY, of_words, words_in
from intab.errors import ManifestError

_NO_LOCATIONS: Mapping[str, Mapping[str, str]] = {}


def parse_config(body: Body, name: str = "config.json") -> ModelConfig:
    """config.json, with what it says of the part that writes text, or what genai_config.json says
    in its place; ManifestError where what is read of it has another type, or a size that no model
    has."""
    config = parse_object(body.text(), name)
    found = ModelConfig.of_the_writer(as_config(config) if name == GENAI else config)
    for key, check in _JUDGED.items():
        try:
            check(found.get(key))
        except ValueError as exc:
            raise ManifestError(f"{name} is not valid: {key} {exc}.") from exc
    return found


def _size(value: object) -> None:
    """Some models have a list, one for each layer: what needs one number says so."""
    if isinstance(value, bool | str | dict) or (isinstance(value, int) and value > _LARGEST):
        whole(value, 0, _LARGEST)


def _ids(value: object) -> None:
    for one in value if isinstance(value, list) else [value]:
        if one is not None:
            whole(one, -1, _LARGEST)  # some say -1 for none


def _names(value: object) -> None:
    if value is not None and not isinstance(value, list):
        raise ValueError(f"must be a list of texts, not {shown(value)}")
    for one in value or ():
        text(one)


def _labels(value: object) -> None:
    if value is not None and not isinstance(value, Mapping):
        raise ValueError(f"must be an object of names by number, not {shown(value)}")
    for number, name in (value or {}).items():
        if not re.fullmatch(r"\d{1,9}", str(number)):
            raise ValueError(f"must have names by number, not by {shown(number)}")
        text(name)


def _numbers(value: object) -> None:
    if value is not None and not isinstance(value, Mapping):
        raise ValueError(f"must be an object of numbers by name, not {shown(value)}")
    for number in (value or {}).values():
        if not re.fullmatch(r"\d{1,9}", str(number)):
            raise ValueError(f"must have numbers by name, not {shown(number)}")


_LARGEST = 2**31 - 1
_JUDGED: dict[str, Callable[[object], None]] = {
    **dict.fromkeys(SIZES, _size),
    **dict.fromkeys(TOKENS, _ids),
    "architectures": _names,
    "id2label": _labels,
    "label2id": _numbers,
}


def find_texts(location: Location, manifest: Manifest, more: Sequence[str]) -> dict[str, str]:
    """Where the model's texts are, and those of its task: paths by name."""
    graphs = (files[0] for its in manifest.roles.values() for files in its.values())
    graph = location.graph or next(graphs, "")
    return text_paths(
        manifest.files, graph, location.subfolder, lambda name: name in more or is_text(name)
    )


def read_texts(bodies: Mapping[str, Body], config: Mapping[str, Any]) -> Texts:
    """Tokenizer, settings and chat templates."""

    texts = {name: body.text() for name, body in bodies.items()}
    templates = {name: text for name, text in texts.items() if is_template(name)}
    tokenizer_config = _read(texts, "tokenizer_config.json")
    return Texts(
        make_tokenizer(texts, config),
        config,
        _read(texts, "generation_config.json") or as_generation_config(_read(texts, GENAI)),
        tokenizer_config,
        chat.find_templates(tokenizer_config, templates),
        {name: text for name, text in texts.items() if not is_text(name) or name == chat.LEGACY},
    )


def make_tokenizer(texts: Mapping[str, str], config: Mapping[str, Any]) -> Tokenizer:
    """The tokenizer of a folder's texts by their names: tokenizer.json, unless only another program
    reads it, else what vocab.json has; one without tokens for a model that needs none."""
    names = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
    files = TokenFiles(*(_read(texts, name) for name in names))
    json, own = texts.get("tokenizer.json"), ModelConfig.of(config).model_type in OWN_JSON
    if json is not None and not own:
        return Tokenizer(json, files, config)
    if VOCABULARY in texts:
        return Tokenizer(of_words(_read(texts, VOCABULARY), files.config), files, config)
    if json is not None:
        return Tokenizer(of_words(words_in(json), files.config), files, config)
    return Tokenizer(of_words({}, {}))


def _read(texts: Mapping[str, str], name: str) -> dict[str, Any]:
    return parse_object(texts[name], name) if name in texts else {}


def names_in(texts: Mapping[str, Body], graph: str) -> dict[str, str]:
    """What a graph calls its inputs and outputs, by genai_config.json if there is one."""
    return names_of(parse_object(texts[GENAI].text(), GENAI), graph) if GENAI in texts else {}


def make_graphs(
    variants: Variants,
    dtype: str,
    bodies: Mapping[str, B],
    locations: Mapping[str, Mapping[str, str]] = _NO_LOCATIONS,
) -> list[Graph[B]]:
    """The graphs of a variant with their external data.

    locations: of each graph, the names that it has for the files of its weights, and their paths.
    """
    return [
        _graph(part.files, bodies, variants.manifest.options_for(part.dtype), locations)
        for part in variants.parts[dtype]
    ]


def _graph(
    files: Sequence[str],
    bodies: Mapping[str, B],
    options: Mapping[str, str],
    locations: Mapping[str, Mapping[str, str]],
) -> Graph[B]:
    name, *data = files
    # External data is named in the graph relative to the graph's own folder.
    named = locations.get(name) or {path.rpartition("/")[2]: path for path in data}
    external = {location: bodies[path] for location, path in named.items()}
    return Graph(name, bodies[name], external, options)
