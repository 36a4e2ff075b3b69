"""What first runs proved of these bytes on this device is not proved again at the next visit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from intab.engine.hub.locate import Location
from intab.engine.loading.load import load_model
from intab.engine.model import Model
from intab.engine.storage.records import parse_record
from tests.engine.conftest import FakeRuntime, model_files
from tests.engine.support.networks import FakeNetwork

ADDRESS = "https://host/models/tiny/"
MANIFEST = {
    "format": 1,
    "files": {"onnx/model_quantized.onnx": {}},
    "dtypes": {"q8": ["onnx/model_quantized.onnx"]},
    "self_test": {"prompt_ids": [1], "greedy_ids": {"q8": [2, 3]}},
}


class Counting(FakeRuntime):
    """Keeps the decoders that it made."""

    def __init__(self, **changed: Any) -> None:
        files = model_files(**{"intab.json": MANIFEST, **changed})
        super().__init__({f"https://host/{name}": data for name, data in files.items()}, [2, 3, 4])
        self.identities = {"wasm": "this browser"}
        self.made: list[FakeNetwork] = []

    async def open_decoder(self, graphs: Any, device: str) -> Any:
        self.made.append(await super().open_decoder(graphs, device))  # type: ignore[arg-type]
        return self.made[-1]


async def visit(runtime: Counting) -> tuple[Model, int]:
    """The model, and in how many sessions its first runs were."""
    model = await load_model(Location("tiny", ADDRESS), runtime)
    return model, len(runtime.made[-1].sessions)


def record_key(runtime: Counting) -> str:
    [key] = [key for key in runtime.store.bodies if key.endswith("=record")]
    return key


async def test_the_second_visit_warms_up_alone() -> None:
    runtime = Counting()
    first, proving = await visit(runtime)
    second, after = await visit(runtime)
    assert proving > after == 1
    assert first._rows_agree == second._rows_agree


@pytest.mark.parametrize("rows_agree", [True, False])
async def test_what_was_found_is_what_the_model_goes_by(rows_agree: bool) -> None:
    runtime = Counting()
    await visit(runtime)
    change_record(runtime, lambda proofs: dict.fromkeys(proofs, rows_agree))
    model, _ = await visit(runtime)
    assert model._rows_agree == rows_agree


def change_record(runtime: Counting, change: Any) -> None:
    key = record_key(runtime)
    record = json.loads(runtime.store.bodies[key].data)
    record["proofs"] = change(record["proofs"])
    runtime.store.bodies[key] = runtime.services.memory.encode(json.dumps(record))


async def test_another_device_proves_it_again_and_both_are_kept() -> None:
    runtime = Counting()
    _, proving = await visit(runtime)
    runtime.identities = {"wasm": "another browser"}
    assert (await visit(runtime))[1] == proving
    runtime.identities = {"wasm": "this browser"}
    assert (await visit(runtime))[1] == 1


async def test_other_bytes_are_proved_again() -> None:
    runtime = Counting()
    _, proving = await visit(runtime)
    updated = Counting(**{"onnx/model_quantized.onnx": b"other graph"})
    updated.store.bodies.update(runtime.store.bodies)
    assert (await visit(updated))[1] == proving


async def test_a_device_that_does_not_say_what_it_is_proves_every_time() -> None:
    runtime = Counting()
    runtime.identities = {}
    _, proving = await visit(runtime)
    assert (await visit(runtime))[1] == proving
    assert "proofs" not in json.loads(runtime.store.bodies[record_key(runtime)].data)


async def test_eight_are_kept() -> None:
    runtime = Counting()
    for number in range(12):
        runtime.identities = {"wasm": str(number)}
        await visit(runtime)
    assert len(json.loads(runtime.store.bodies[record_key(runtime)].data)["proofs"]) == 8
    assert (await visit(runtime))[1] == 1


@pytest.mark.parametrize("damaged", [None, 5, [True], {"x": True}, {"a" * 64: 1}, {"a" * 64: None}])
async def test_proofs_that_cannot_be_read_count_as_absent(damaged: Any) -> None:
    assert parse_record(json.dumps({"format": 1, "proofs": damaged})).get("proofs", {}) == {}
    runtime = Counting()
    _, proving = await visit(runtime)
    change_record(runtime, lambda proofs: damaged)
    assert (await visit(runtime))[1] == proving


async def test_a_failed_proof_is_not_kept() -> None:
    runtime = Counting()
    runtime.script = [9, 9, 9]
    for _ in range(2):
        with pytest.raises(Exception, match="it computes something else"):
            await visit(runtime)
