"""Sessions of encoder-decoders: their sources, caches, and what stays where it is."""

from __future__ import annotations

import numpy as np
import pytest

from intab.engine.runtime.encoder_decoder import EncoderDecoder, ReadingDecoder
from intab.engine.runtime.encoder_decoder_plan import plan_decoder
from intab.errors import RunError, UnsupportedModelError
from tests.engine.support.graph_networks import FunctionNetwork
from tests.engine.support.reading import (
    KeepingFunction,
    _info,
    feeds_of,
    kept,
    make_decoder,
    make_encoder,
    make_reader,
)
from tests.engine.support.session_contract import CONTRACT

LAYOUTS = ("merged", "pair", "no past")
layouts = pytest.mark.parametrize("layout", LAYOUTS)
SHORT, LONG = [7, 8, 9], [1, 2, 3, 4, 5]


async def reading(layout: str, *sources: list[int]) -> ReadingDecoder:
    reader = make_reader(layout)
    return reader.reading([await reader.encode(feeds_of(ids)) for ids in sources or (SHORT,)])


@layouts
@pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
async def test_the_contract(layout: str, check: object) -> None:
    before = kept()
    await check(await reading(layout))  # type: ignore[operator]
    assert kept() == before


@layouts
async def test_a_padded_source_is_as_alone(layout: str) -> None:
    both = await reading(layout, SHORT, LONG)
    session = both.session((0, 0))
    await session.step([[3], [3]])
    found = await session.step([[4], [5]])
    for number, token in ((0, 4), (1, 5)):
        alone = both.only(number).session()
        await alone.step([[3]])
        np.testing.assert_array_equal(found[number], (await alone.step([[token]]))[0])
        alone.close()
    session.close()


async def test_the_cross_attention_stays_where_it_is() -> None:
    """From one to several beams it is copied; no step gives it back, no reordering moves it."""
    decoder = await reading("merged")
    session = decoder.session()
    await session.step([[3]])
    await session.select([0, 0, 0])
    cross, given = session._cross, session._given
    own = session._own
    await session.step([[4], [5], [6]])
    await session.select([2, 0, 0])
    assert session._cross is cross
    assert session._given is given
    assert session._own is not own
    first = decoder.model.first
    assert isinstance(first, KeepingFunction)
    assert first.ran[-1]["use_cache_branch"].tolist() == [True]
    assert len(first.ran) == 2
    session.close()


async def test_what_cannot_be_asked_of_a_session() -> None:
    session = (await reading("pair")).session()
    with pytest.raises(RunError, match="last row"):
        await session.step([[1, 2]], rows=2)
    session.close()
    with pytest.raises(RunError, match="closed"):
        await session.step([[1]])
    with pytest.raises(RunError, match="not padded"):
        (await reading("pair")).session((0, 1))


async def test_without_a_mask_sources_of_two_lengths_go_one_by_one() -> None:
    decoder = make_decoder(past=False)
    decoder.inputs = [i for i in decoder.inputs if i.name != "encoder_attention_mask"]
    reader = EncoderDecoder(make_encoder(), decoder, None, {})
    encoded = [await reader.encode(feeds_of(ids)) for ids in (SHORT, LONG, LONG)]
    assert not reader.reading(encoded).plan.can_batch
    assert reader.reading(encoded[1:]).plan.can_batch


IDS = _info("input_ids", None, None, dtype="int64")
LOGITS = _info("logits", None, None, 4)


@pytest.mark.parametrize(
    ("inputs", "outputs", "says"),
    [
        ([IDS], [], "gives no logits"),
        ([], [LOGITS], "has no input_ids"),
        ([IDS, _info("pixels", 1)], [LOGITS], "asks for pixels"),
        ([IDS, _info("past_key_values.0.decoder.key", None, 1)], [LOGITS], "can be kept"),
    ],
)
def test_graphs_that_cannot_be_fed(inputs: list[object], outputs: list[object], says: str) -> None:
    network = FunctionNetwork(inputs, outputs, dict)  # type: ignore[arg-type]
    with pytest.raises(UnsupportedModelError, match=says):
        plan_decoder(network, {})


async def test_networks_that_do_not_belong_together() -> None:
    first = make_decoder(past=False)
    first.outputs = first.outputs[:1]
    with pytest.raises(UnsupportedModelError, match=r"gives no present\.0\.decoder\.key"):
        EncoderDecoder(make_encoder(), first, make_decoder(past=True), {})
    with pytest.raises(UnsupportedModelError, match="encoder gives nothing"):
        EncoderDecoder(FunctionNetwork([], [], dict), make_decoder(past=False), None, {})


async def test_closing_closes_all() -> None:
    reader = make_reader("pair")
    assert (reader.device, reader.lost) == ("fake", False)
    decoder = reader.reading([await reader.encode(feeds_of(SHORT))])
    assert (decoder.device, decoder.lost) == ("fake", False)
    await decoder.close()
    await reader.close()
    with pytest.raises(RunError):
        await reader.encode(feeds_of(SHORT))


async def test_inputs_that_are_missing_are_named() -> None:
    with pytest.raises(RunError, match="encoder_attention_mask, encoder_hidden_states"):
        await make_decoder(past=False).compute({"input_ids": np.ones((1, 1), np.int64)}, ["logits"])
