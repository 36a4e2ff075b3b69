"""A caller's arrays become samples of one channel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from intab.engine.media.sound import as_mono
from intab.errors import PromptError


def test_channels_become_one() -> None:
    assert as_mono(np.array([0.5, -0.5])).dtype == np.float64
    assert as_mono(np.array([0.5], np.float16)).dtype == np.float32
    np.testing.assert_array_equal(as_mono(np.array([[1, 0], [0, 0.5]], np.float32)), [0.5, 0.25])
    np.testing.assert_array_equal(as_mono(np.array([[1, 0, 0.5]])), [1, 0, 0.5])
    assert as_mono(np.zeros(0)).shape == (0,)


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        (np.zeros((2, 2, 2)), "not one of 3 dimensions"),
        (np.array(1.0), "not one of 0 dimensions"),
        (np.zeros((7, 2)), "this one has 7 channels: transpose it"),
        (np.array([1, 2], np.int16), "divide by 32768"),
        (np.array(["a"]), "an array of numbers, not of <U1"),
        (np.array([1, np.nan]), "not finite"),
        (np.array([1, -np.inf]), "not finite"),
    ],
)
def test_what_is_no_sound(samples: Any, says: str) -> None:
    with pytest.raises(PromptError, match=says):
        as_mono(samples)
