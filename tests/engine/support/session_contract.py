"""What every Session must do, as functions of a network: toys, onnxruntime, onnxruntime-web.

The networks are those whose numbers are exact, so that equal means equal. The file runs as it is
inside a page, so it imports nothing but intab and numpy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import numpy as np

from intab.engine.runtime.decoder import Decoder, Session
from intab.engine.types import Logits
from intab.errors import RunError

Check = Callable[[Decoder], Awaitable[None]]
ONE, TWO, THREE = [72, 101, 108, 108, 111], [97, 98, 99], [72, 101, 33, 34]


async def fresh(network: Decoder, ids: Sequence[int]) -> Logits:
    """The row of logits [vocab] after `ids` in a session of their own."""
    session = network.session()
    row: Logits = (await session.step([ids]))[0, -1]
    session.close()
    return row


async def after(session: Session, ids: Sequence[int]) -> Logits:
    """The row of logits of the session's only sequence after `ids` more."""
    row: Logits = (await session.step([ids]))[0, -1]
    return row


async def refused(call: Awaitable[object]) -> str:
    """What the RunError says; empty if there was none."""
    try:
        await call
    except RunError as exc:
        return str(exc)
    return ""


def equal(found: Logits, wanted: Logits) -> None:
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, wanted)


async def it_goes_on_where_it_was(network: Decoder) -> None:
    session = network.session()
    assert session.length == 0
    for start in range(0, len(ONE), 2):
        row = await after(session, ONE[start : start + 2])
    assert session.length == len(ONE)
    equal(row, await fresh(network, ONE))
    session.close()


async def it_grows(network: Decoder) -> None:
    session = network.session()
    ids = [*ONE, *THREE] * 20
    start = 0
    for end in (100, 127, 128, 129, 160):
        row = await after(session, ids[start:end])
        equal(row, await fresh(network, ids[:end]))
        start = end
    await session.rewind(130)
    equal(await after(session, TWO), await fresh(network, [*ids[:130], *TWO]))
    session.close()


async def it_gives_the_rows_asked_for(network: Decoder) -> None:
    session = network.session()
    await session.step([ONE[:1]])
    if network.plan.all_rows:
        found = await session.step([ONE[1:]], rows=3)
        assert found.shape[:2] == (1, 3)
        for count, row in enumerate(found[0], start=len(ONE) - 2):
            equal(row, await fresh(network, ONE[:count]))
    else:
        assert "last row" in await refused(session.step([ONE[1:]], rows=3))
    session.close()


async def it_rewinds(network: Decoder) -> None:
    session = network.session()
    await session.step([ONE])
    await session.rewind(9)
    assert session.length == len(ONE)
    await session.rewind(2)
    assert session.length == 2
    equal(await after(session, [33, 34]), await fresh(network, THREE))
    await session.rewind(0)
    equal(await after(session, TWO), await fresh(network, TWO))
    session.close()


async def a_cancelled_step_changes_nothing(network: Decoder) -> None:
    session = network.session()
    await session.step([ONE[:2]])
    for _ in range(2):
        going = asyncio.ensure_future(session.step([TWO]))
        await asyncio.sleep(0)
        going.cancel()
        with suppress(asyncio.CancelledError):
            await going
        assert session.length == 2
    fork = session.fork()
    equal(await after(session, ONE[2:]), await fresh(network, ONE))
    equal(await after(fork, THREE[2:]), await fresh(network, THREE))
    session.close()
    fork.close()


async def forks_are_independent(network: Decoder) -> None:
    session = network.session()
    await session.step([ONE[:2]])
    fork, unused = session.fork(), session.fork()
    assert fork.length == 2
    equal(await after(session, ONE[2:]), await fresh(network, ONE))
    unused.close()
    equal(await after(fork, THREE[2:]), await fresh(network, THREE))
    session.close()
    session.close()
    await fork.rewind(2)
    equal(await after(fork, [5]), await fresh(network, [*ONE[:2], 5]))
    fork.close()


async def sequences_are_selected(network: Decoder) -> None:
    if not network.plan.can_batch:
        return
    session = network.session((0, 0))
    await session.step([ONE[:4], THREE])
    await session.select([1, 0, 1])
    rows = await session.step([[5], ONE[4:], [6]])
    for row, ids in zip(rows, ([*THREE, 5], ONE, [*THREE, 6]), strict=True):
        equal(row[-1], await fresh(network, ids))
    await session.select([1])
    assert session.length == len(ONE)
    equal(await after(session, [7]), await fresh(network, [*ONE, 7]))
    session.close()


async def padded_sequences_are_as_alone(network: Decoder) -> None:
    if not network.plan.can_pad:
        return
    session = network.session((0, 2, 1))
    rows = await session.step([ONE, [0, 0, *TWO], [0, *THREE]])
    for row, ids in zip(rows, (ONE, TWO, THREE), strict=True):
        equal(row[-1], await fresh(network, ids))
    await session.select([2, 1])
    fork = session.fork()
    for one in (session, fork):
        rows = await one.step([[5], [6]])
        equal(rows[0, -1], await fresh(network, [*THREE, 5]))
        equal(rows[1, -1], await fresh(network, [*TWO, 6]))
        one.close()


CONTRACT: tuple[Check, ...] = (
    it_goes_on_where_it_was,
    it_grows,
    it_gives_the_rows_asked_for,
    it_rewinds,
    a_cancelled_step_changes_nothing,
    forks_are_independent,
    sequences_are_selected,
    padded_sequences_are_as_alone,
)
