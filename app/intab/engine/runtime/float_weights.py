"""Whether int8 weights are made float unasked (q8f32): where there is memory, and it is faster.

They are the same download. Floats are four times the bytes, but what they are multiplied with need
not be rounded first: which is faster depends on a device's memory more than on its processor. So
both are measured, as the numbers of threads are, and for the next visit.
"""

from __future__ import annotations

from intab.engine.runtime.threads import Measured

GIB = 2**30
SHARE = 8  # of a device's memory: a page is one of many that want some
MOST = 2 * GIB  # of the four that WebAssembly can have
ENOUGH = 1.1  # times as fast: a difference worth four times the memory


def room_objection(weights: int, memory: int | None) -> str:
    """Why so many bytes (0: unknown) are not taken of a device's memory unasked, "" if they are."""
    if not weights:
        return "its size is not known"
    if memory is None:
        return "this browser does not tell how much memory there is"
    if weights > min(memory // SHARE, MOST):
        return f"{weights:,} bytes of memory are not taken unasked"
    return ""


def speed_objection(measured: Measured) -> str:
    """Why floats gain nothing here, "" if they do.

    >>> speed_objection(Measured({1: 0.5, 2: 0.3}, {2: 1.4}))
    ''
    >>> speed_objection(Measured({1: 0.5, 2: 0.3}, {2: 0.8}))
    'floats are 0.8 times as fast as int8 here'
    """
    if measured.gain is None:
        return "what floats gain here is measured once the page rests, for the next visit"
    if not measured.gain:
        return "floats did not run here"
    slow = f"floats are {measured.gain:.1f} times as fast as int8 here"
    return "" if measured.gain >= ENOUGH else slow
