"""The files that embed ids for a decoder are found beside it and loaded with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from intab.engine.hub.listing import read_manifest
from intab.engine.hub.locate import Location
from intab.engine.hub.manifest import Manifest
from intab.engine.hub.roles import from_dtypes
from intab.engine.hub.variants import find_dtypes, make_variants
from intab.engine.io.file_entry import FileEntry
from intab.engine.loading.model_files import make_graphs
from tests.engine.support.fakes import FakeBody, FakeFetch, FakeStore, fake_means

DECODER, DATA = "onnx/decoder_model_merged_q4.onnx", "onnx/decoder_model_merged_q4.onnx_data"
EMBEDDER, ITS_DATA = "onnx/embed_tokens_q4.onnx", "onnx/embed_tokens_q4.onnx_data"
FILES = (DECODER, DATA, EMBEDDER, ITS_DATA)


def test_they_stand_behind_the_decoders() -> None:
    found = find_dtypes(dict.fromkeys(FILES, FileEntry()))
    assert found == {"q4": FILES}
    assert "q4" not in find_dtypes(dict.fromkeys((EMBEDDER, ITS_DATA), FileEntry()))
    plain = ("onnx/model_q4.onnx", EMBEDDER)
    assert find_dtypes(dict.fromkeys(plain, FileEntry())) == {"q4": plain[:1]}


def _embedder(files: list[str]) -> tuple[str, ...]:
    """What stands behind the decoder's own file."""
    [(_, *found)] = find_dtypes(files).values()
    return tuple(found)


@pytest.mark.parametrize(
    ("suffix", "have", "taken"),
    [
        ("_q4", ["", "_q4", "_fp16"], "_q4"),
        ("_q4", ["", "_quantized", "_fp16"], "_quantized"),
        ("_q4f16", ["", "_quantized", "_fp16"], "_fp16"),
        ("_q4f16", [""], ""),
        ("", ["_fp16"], "_fp16"),
    ],
)
def test_one_of_another_dtype_serves(suffix: str, have: list[str], taken: str) -> None:
    files = [f"onnx/embed_tokens{each}.onnx" for each in have]
    decoder = f"onnx/decoder_model_merged{suffix}.onnx"
    assert _embedder([decoder, *files]) == (f"onnx/embed_tokens{taken}.onnx",)
    assert _embedder([decoder]) == ()


def test_a_graph_has_its_embedder() -> None:
    variants = make_variants(Manifest({}, from_dtypes({"q4": FILES})))
    bodies = {name: FakeBody(name.encode()) for name in FILES}
    graph, embeddings = make_graphs(variants, "q4", bodies)
    assert graph.external_data == {"decoder_model_merged_q4.onnx_data": bodies[DATA]}
    assert embeddings == replace(
        graph,
        name=EMBEDDER,
        body=bodies[EMBEDDER],
        external_data={"embed_tokens_q4.onnx_data": bodies[ITS_DATA]},
    )
    alone = make_variants(Manifest({}, from_dtypes({"q4": FILES[:2]})))
    assert make_graphs(alone, "q4", bodies) == [graph]


async def test_a_plain_folder_is_asked_for_them_if_it_has_such_a_decoder() -> None:
    fetch = FakeFetch({f"m/{name}": b"x" for name in FILES})
    manifest = await read_manifest(fake_means(fetch, FakeStore()), Location("m", "m/"))
    # Their data they name themselves.
    assert make_variants(manifest).dtypes == {"q4": (DECODER, EMBEDDER)}
    fetch = FakeFetch({"m/onnx/model_q4.onnx": b"x"})
    await read_manifest(fake_means(fetch, FakeStore()), Location("m", "m/"))
    assert not any("embed_tokens" in request for request in fetch.asked)
