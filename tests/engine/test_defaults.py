"""generation_config.json: what it asks for is done, or told of."""

import warnings
from typing import Any

import pytest

from intab.engine.defaults import read_defaults, unsupported
from intab.engine.options import GenerationOptions
from intab.errors import ManifestError
from tests.engine.conftest import Maker


def test_what_it_asks_for_is_done() -> None:
    config = {
        "num_beams": 3,
        "length_penalty": 2.0,
        "early_stopping": True,
        "repetition_penalty": 1.2,
        "stop_strings": ["###"],
        "eos_token_id": [1, 2],
        "transformers_version": "5.23.0",
        "bos_token_id": 0,
    }
    options = GenerationOptions.make({}, read_defaults(config, 9))
    assert (options.num_beams, options.length_penalty, options.early_stopping) == (3, 2.0, True)
    assert options.repetition_penalty == 1.2
    assert options.stop == ("###",)
    assert options.eos_token_id == (1, 2)


def test_the_end_token_of_another_file() -> None:
    assert read_defaults({"eos_token_id": None}, 9)["eos_token_id"] == 9


@pytest.mark.parametrize(
    ("config", "lost"),
    [
        ({"guidance_scale": 1.5}, ["guidance_scale=1.5"]),
        ({"guidance_scale": 1.0, "num_beam_groups": 1, "min_length": 0}, []),
        ({"constraints": None, "token_healing": False}, []),
        ({"dola_layers": "high", "top_h": 0.3}, ["top_h=0.3", "dola_layers='high'"]),
    ],
)
def test_what_is_not_supported(config: dict[str, Any], lost: list[str]) -> None:
    assert unsupported(config) == lost


async def test_it_is_told_of_and_the_model_works(make_model: Maker) -> None:
    with pytest.warns(UserWarning, match=r"asks for guidance_scale=2.*may differ"):
        model, _ = make_model("fine", generation={"guidance_scale": 2})
    assert str(await model.generate("x")) == "fine"


def test_silence_where_nothing_is_lost() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_defaults({"guidance_scale": 1, "temperature": 0.5}, None)


def test_what_is_out_of_range() -> None:
    with pytest.raises(ManifestError, match="num_beams must be"):
        read_defaults({"num_beams": 0}, None)
