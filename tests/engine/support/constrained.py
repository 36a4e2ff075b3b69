"""A model of made-up weights for answers that are held to a grammar, and walks without a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from intab.engine.constrain.library import Start, compiled
from intab.engine.generation.options import GenerationOptions
from intab.engine.model import Model, Texts
from intab.engine.text.tokenizer import Tokenizer
from tests.engine.conftest import CONFIG, SHORT, byte_tokenizer_json
from tests.engine.support.networks import CONTEXT, EOS, VOCABULARY, ToyNetwork, make_plan

TOKENIZER = Tokenizer(byte_tokenizer_json())


def make_toy(tokenizer: Tokenizer = TOKENIZER, **plan: bool) -> tuple[Model, ToyNetwork]:
    """A model whose answers depend on every id before them, and its network."""
    network = ToyNetwork(make_plan(**plan))
    config = {**CONFIG, "max_position_embeddings": CONTEXT}
    return Model(
        "toy", "q8", "", network, Texts(tokenizer, config, {}, {}, {"default": SHORT})
    ), network


def started(tokenizer: Tokenizer = TOKENIZER, size: int = VOCABULARY, **asked: Any) -> Start:
    """The beginning of what an option asks for."""
    constraint = GenerationOptions.make(asked, {}).constraint
    assert constraint is not None
    return compiled(constraint, tokenizer, size, [EOS])


def walk(start: Start, seed: int, most: int = 300, tokenizer: Tokenizer = TOKENIZER) -> str | None:
    """A random text of a grammar, None if it has not ended after `most` tokens. Ends are likely,
    and so is ASCII, so that texts are short."""
    rng, matcher, ids = np.random.default_rng(seed), start.matcher(), list[int]()
    size = len(start.vocabulary.tokens)
    while len(ids) < most and not matcher.ended:
        allowed = np.flatnonzero(matcher.allowed(size))
        assert allowed.size
        if EOS in allowed and rng.random() < 0.3:
            break
        token = int(rng.choice(allowed[allowed != EOS])) if (allowed != EOS).any() else EOS
        if token == EOS:
            break
        matcher.accept(token)
        ids.append(token)
    else:
        if not matcher.ended:
            return None
    return tokenizer.decode(ids)
