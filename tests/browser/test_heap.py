"""The KV cache in onnxruntime's own memory, and the public API where that cannot be reached.

Both must compute the same, fail the same and leave nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import folder_of, serve_command
from tests.browser.copies import without_a_function
from tests.browser.memory import WorkerMemory
from tests.browser.programs import printed_json
from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits
from tests.conftest import ROOT
from tests.engine.support import session_contract
from tests.support.graphs import FORMS, Form

ENDLESS = Form(positions=False)  # its positions do not end at 64
NAMES = [folder_of(name) for name in FORMS]
CONTRACT = (ROOT / "tests/engine/support/session_contract.py").read_text("utf-8")


@pytest.fixture(scope="module")
def in_heap(returning: Returning, served: str, forms: list[str]) -> Iterator[Visitor]:
    yield from visits(returning, served)


@pytest.fixture(scope="module")
def in_arrays(
    browser: Browser, stocked: Path, forms: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visitor]:
    copy = without_a_function(stocked, tmp_path_factory.mktemp("arrays"))
    with serve_command(copy) as address:
        yield from visits(browser, address)


@pytest.fixture(params=["heap", "arrays"])
def visitor(request: pytest.FixtureRequest) -> Visitor:
    found: Visitor = request.getfixturevalue(f"in_{request.param}")
    return found


def test_the_heap_is_used_where_it_can_be(in_heap: Visitor, in_arrays: Visitor) -> None:
    program = """
        import intab, json
        model = await intab.load("decomposed")
        print(json.dumps(model._decoder.network.js_network.inHeap))
    """
    assert printed_json(in_heap, program) is True
    assert printed_json(in_arrays, program) is False


KEEPING = """
import intab, json
from intab.browser.ffi import js_worker

done = []
for name in {names!r}:
    model = await intab.load(name)
    for check in CONTRACT:
        await check(model._decoder)
        done.append([name, check.__name__])
    await model.close()
print(json.dumps([done, js_worker().liveTensors()]))
"""


def test_sessions_keep_their_contract(visitor: Visitor) -> None:
    done, live = printed_json(visitor, CONTRACT + KEEPING.format(names=NAMES))
    checks = [check.__name__ for check in session_contract.CONTRACT]
    assert done == [[name, check] for name in NAMES for check in checks]
    assert live == 0


def test_a_run_that_fails_says_why_and_leaves_the_session_as_it_was(visitor: Visitor) -> None:
    message, same = printed_json(
        visitor,
        """
        import intab, json
        from intab.errors import RunError
        model = await intab.load("decomposed")
        session, other = model._decoder.session(), model._decoder.session()
        await session.step([[1, 2, 3]])
        try:
            await session.step([[10**6]])
        except RunError as exc:
            message = str(exc)
        row = await session.step([[4]])
        same = await other.step([[1, 2, 3, 4]])
        print(json.dumps([message, row.tolist() == same.tolist()]))
        """,
    )
    assert message.startswith("onnxruntime failed: Non-zero status code returned while running ")
    assert "out of data bounds" in message
    assert same


TOKENS = """
    import intab
    model = await intab.load("no-positions")
    session = model._decoder.session()
    for step in range({tokens}):
        await session.step([[step % 200]])
        if session.length == 200:
            other = session.fork()
            await other.select([0, 0])
            await session.rewind(100)
            other.close()
    session.close()
    del session
"""


def test_ten_thousand_tokens_leave_the_heap_as_it_was(in_heap: Visitor) -> None:
    memory = WorkerMemory(in_heap.page)
    in_heap.run(TOKENS.format(tokens=300))
    before = memory.held()
    in_heap.run(TOKENS.format(tokens=10_000))
    after = memory.held()
    assert before.wasm == after.wasm > 0
    assert after.buffers - before.buffers < 2**20
