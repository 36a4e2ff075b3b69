"""sentence-similarity and text-ranking at the edges."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from intab.engine.runtime.network import Arrays, TensorInfo
from intab.engine.tasks.embeddings import pool, quantize, similarities
from intab.engine.tasks.sentence_files import MODULES, read_sentence_config
from intab.engine.tasks.sentence_similarity import SentenceSimilarity
from intab.engine.tasks.text_ranking import TextRanking
from intab.errors import OptionError, PromptError
from tests.engine.support.pipelines import make_pipeline

TOKENS = np.array([[1, 2], [3, 4], [5, 0]], np.float32)


@pytest.mark.parametrize(
    ("mode", "skip", "wanted"),
    [
        ("mean", 0, [3, 2]),
        ("mean", 1, [4, 2]),
        ("mean", 3, [0, 0]),
        ("max", 0, [5, 4]),
        ("cls", 0, [1, 2]),
        ("cls", 1, [3, 4]),
        ("cls", 9, [1, 2]),
        ("lasttoken", 1, [5, 0]),
        ("lasttoken", 3, [0, 0]),
        ("weightedmean", 0, [22 / 6, 10 / 6]),
        ("weightedmean", 1, [21 / 5, 8 / 5]),
        ("mean_sqrt_len_tokens", 0, [9 / 3**0.5, 6 / 3**0.5]),
    ],
)
def test_pooling(mode: str, skip: int, wanted: list[float]) -> None:
    np.testing.assert_allclose(pool(TOKENS, [mode], skip), wanted, rtol=1e-6)


def test_several_modes_stand_side_by_side() -> None:
    assert pool(TOKENS, ["cls", "max"]).tolist() == [1, 2, 5, 4]


def test_small_numbers() -> None:
    vectors = np.array([[0.0, -1.0], [1.0, 1.0], [0.5, 0.0]], np.float32)
    assert quantize(vectors, "uint8").tolist() == [[0, 0], [254, 254], [127, 127]]
    assert quantize(vectors, "int8").tolist() == [[-128, -128], [126, 126], [-1, -1]]
    assert quantize(vectors, "ubinary").tolist() == [[0], [192], [128]]
    assert quantize(vectors, "binary").tolist() == [[-128], [64], [0]]
    assert quantize(np.ones((2, 1), np.float32), "uint8").tolist() == [[0], [0]]


@pytest.mark.parametrize(
    ("vectors", "precision", "says"),
    [
        (np.ones((1, 3), np.float32), "int8", "there is but one"),
        (np.ones((2, 3), np.float32), "int4", "precision must be one of float32, int8"),
        (np.ones((2, 3), np.int8), "int8", "are floats, not int8"),
    ],
)
def test_vectors_that_cannot_be_quantised(vectors: NDArray[Any], precision: str, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        quantize(vectors, precision)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("cosine", [1, 0]), ("dot", [2, 0]), ("euclidean", [-1, -(5**0.5)]), ("manhattan", [-1, -3])],
)
def test_similarities(name: str, wanted: list[float]) -> None:
    one, others = np.array([1.0, 0]), np.array([[2.0, 0], [0, 2]])
    np.testing.assert_allclose(similarities(one, others, name)[0], wanted, atol=1e-6)


def compare(files: dict[str, Any] | None = None) -> Any:
    pipe, _ = make_pipeline(SentenceSimilarity())
    more = {name: json.dumps(value) for name, value in (files or {}).items()}
    pipe.texts = replace(pipe.texts, more=more)
    return pipe


async def test_vectors_of_texts() -> None:
    pipe = compare()
    assert (await pipe.encode("a b")).tolist() == [16 / 4, 1, 1, 0]
    assert (await pipe.encode(["a b", "c"])).shape == (2, 4)
    assert (await pipe.encode([])).shape == (0,)
    assert (await pipe.encode("a", truncate_dim=2)).shape == (2,)
    assert np.linalg.norm(await pipe.encode("a", normalize_embeddings=True)) == pytest.approx(1)
    tokens = await pipe.encode(["a", "b c"], output_value="token_embeddings")
    assert [one.shape for one in tokens] == [(3, 4), (4, 4)]


async def test_texts_of_a_generator() -> None:
    def texts() -> Iterator[str]:
        yield from ("a", "b c")

    assert (await compare().encode(texts())).shape == (2, 4)


async def test_a_text_is_cut_to_the_length_that_the_files_say() -> None:
    files = {MODULES: [], "sentence_bert_config.json": {"max_seq_length": 4}}
    tokens = await compare(files).encode("a b c d e", output_value="token_embeddings")
    assert tokens.shape == (4, 4)
    tokens = await compare().encode("a " * 30, output_value="token_embeddings")
    assert tokens.shape == (12, 4)


async def test_a_graph_that_gives_the_whole_vector() -> None:
    pipe, network = make_pipeline(SentenceSimilarity())
    network.outputs = [
        TensorInfo("token_embeddings", "float32", (None, None, 2)),
        TensorInfo("sentence_embedding", "float32", (None, 2)),
    ]

    def found(feeds: Arrays) -> dict[str, NDArray[Any]]:
        ids = feeds["input_ids"].astype(np.float32)
        return {"sentence_embedding": ids[:, :2], "token_embeddings": ids[..., None].repeat(2, -1)}

    network._function = found
    more = {MODULES: json.dumps([{"type": "x.Transformer"}, {"type": "x.Dense"}])}
    pipe.texts = replace(pipe.texts, more=more)
    SentenceSimilarity().check_graph(pipe)
    encode: Any = pipe
    assert (await encode.encode(["a", "b c"])).tolist() == [[2, 5], [2, 6]]
    assert (await encode.encode("a", output_value="token_embeddings")).shape == (3, 2)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"precision": "int4"}, "precision must be one of"),
        ({"output_value": None}, "output_value must be one of"),
        ({"prompt_name": "poem"}, "There is no prompt 'poem'; the model has: query, document"),
        ({"prompt": 4}, "prompt must be a string"),
        ({"truncate_dim": 0}, "truncate_dim must be 1 or more"),
        ({"normalize_embeddings": 1}, "must be True or False"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"convert_to_tensor": True}, "There is no option 'convert_to_tensor'"),
        ({"precision": "int8"}, "there is but one"),
    ],
)
async def test_what_cannot_be_encoded(options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        await compare().encode(["a"], **options)


@pytest.mark.parametrize("wrong", [None, 4, b"a", ["a", None]])
async def test_what_is_no_text(wrong: Any) -> None:
    with pytest.raises(PromptError, match="must be a string, not"):
        await compare().encode(wrong)


async def test_texts_near_one() -> None:
    pipe = compare()
    assert await pipe("a", ["a"]) == [pytest.approx(1)]
    assert await pipe({"source_sentence": "a", "sentences": []}) == []
    assert len(await pipe(source_sentence="a", sentences=["b", "c"], batch_size=2)) == 2
    for wrong in ("a", {"source_sentence": "a"}):
        with pytest.raises(PromptError, match="Pass a text and a list of others"):
            await pipe(wrong)
    with pytest.raises(PromptError, match="sentences must be a list of texts, not str"):
        await pipe("a", "b")


def scorer(labels: int = 1) -> Any:
    def lengths(feeds: Arrays) -> NDArray[Any]:
        many = feeds["attention_mask"].sum(1).astype(np.float32)
        return np.stack([many] * labels, -1)

    return make_pipeline(TextRanking(), lengths, shape=(None, labels))[0]


async def test_documents_by_their_scores() -> None:
    found = await scorer().rank("a", ["b", "b c d", "b c"], return_documents=True)
    assert [one["corpus_id"] for one in found] == [1, 2, 0]
    assert found[0]["text"] == "b c d"
    assert await scorer().rank("a", []) == []


async def test_scores_by_a_function() -> None:
    pipe = scorer()
    assert await pipe.predict(["a", "b"], activation_fn="identity") == 5
    assert await pipe.predict(("a", "b"), activation_fn=lambda logits: logits * 2) == 10
    several = await scorer(2).predict([["a", "b"]], apply_softmax=True)
    assert several.tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("inputs", "options", "kind", "says"),
    [
        (("a",), {}, PromptError, "Pass a query and documents"),
        (("a", "b"), {}, PromptError, "documents must be a list of texts, not str"),
        (("a", ["b", None]), {}, PromptError, "not NoneType"),
        ((None, ["b"]), {}, PromptError, "not NoneType"),
        (("a", ["b"]), {"top_k": 0}, OptionError, "top_k must be 1 or more"),
        (("a", ["b"]), {"activation_fn": "x"}, OptionError, "activation_fn must be a function"),
        (("a", ["b"]), {"return_documents": 1}, OptionError, "True or False"),
        (("a", ["b"], 4), {}, OptionError, "takes one input or a list of them, not 3"),
    ],
)
async def test_what_cannot_be_ranked(
    inputs: tuple[Any, ...], options: dict[str, Any], kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says):
        await scorer()(*inputs, **options)


async def test_several_labels_do_not_rank() -> None:
    with pytest.raises(OptionError, match="The model has 2 labels, and documents are ranked by"):
        await scorer(2)("a", ["b"])
    with pytest.raises(PromptError, match="A pair is two texts"):
        await scorer().predict([["a"]])


def test_files_that_are_not_there() -> None:
    found = read_sentence_config({})
    assert (found.pooling, found.normalize, found.similarity) == (("mean",), False, "cosine")
