"""What a prompt shows stands in the place of its tokens' embeddings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intab.engine.runtime.first_alone import FirstAlone
from intab.engine.runtime.seeing import Seen, seeing
from intab.errors import UnsupportedModelError
from tests.engine.support.networks import FakeNetwork

TOKEN = 7


@given(
    st.lists(st.sampled_from([1, 2, TOKEN]), min_size=1, max_size=12),
    st.integers(0, 11),
    st.integers(1, 6),
)
def test_each_token_has_its_row_in_any_pieces(ids: list[int], cut: int, count: int) -> None:
    seen = Seen(TOKEN, np.arange(1, 2 * count + 1, dtype=np.float32).reshape(count, 2))
    row = np.array([ids])
    embedded = -np.repeat(row[..., None], 2, axis=2).astype(np.float32)
    past = min(cut, len(ids))
    first, then = embedded[:, :past], embedded[:, past:]
    pieces = [seen.put(first, row[:, :past], 0), seen.put(then, row, past)]
    found = np.concatenate(pieces, axis=1)[0]
    rows = iter(seen.rows)
    for token, was, got in zip(ids, embedded[0], found, strict=True):
        wanted = next(rows, was) if token == TOKEN else was
        assert np.array_equal(got, wanted)


def test_a_decoder_that_embeds_ids_itself_sees_nothing() -> None:
    seen = Seen(TOKEN, np.zeros((1, 2), np.float32))
    for decoder in (FakeNetwork(), FirstAlone(FakeNetwork())):
        with pytest.raises(UnsupportedModelError, match="has no graph that embeds ids"):
            seeing(decoder, seen)
