"""Whether a device can hold a model, said before the first of its bytes is fetched.

A manifest tells the sizes, a runtime the limits; what neither tells shows as the model loads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from intab.engine.hub.variants import Variants
from intab.errors import DeviceError

EXPANDED = 4  # bytes of a float, for one of int8
WORKING = 1.1  # the weights, and room to compute with them
# The same for graphs that may be held in turns: of such, what they compute with is as large.
TOGETHER = 2


@dataclass(frozen=True)
class Limits:
    """What a device can hold, in bytes: `total` of all weights, by what sets the limit; `file` of
    one file, None if there is no limit; `memory` that it has in all, None if that is not
    told."""

    total: Mapping[str, int] = field(default_factory=dict)
    file: int | None = None
    memory: int | None = None


def check_fits(
    name: str, variants: Variants, dtype: str, device: str, limits: Mapping[str, Limits]
) -> None:
    """DeviceError if the model `name` as `dtype` is more than `device` can hold; `limits` has
    all devices, and the message the dtypes and devices that would do. Unknown sizes fit."""
    problem = _problem(variants, dtype, limits[device])
    if not problem:
        return
    others = [
        f"dtype={other!r} on {where} ({weights_of(variants, other):,} bytes)"
        for where, its in limits.items()
        for other in variants.dtypes
        if not _problem(variants, other, its)
    ]
    advice = f"choose {' or '.join(others)}" if others else "choose a smaller model"
    raise DeviceError(f"{name} as {dtype} does not fit on {device}: {problem}; {advice}.")


def fits(variants: Variants, dtype: str, limits: Limits) -> bool:
    """Whether a device with these limits can hold it, as far as sizes are known."""
    return not _problem(variants, dtype, limits)


def held_together(weights: int, limits: Limits) -> bool:
    """Whether a device with these limits holds so many bytes of several graphs at once, with much
    room to spare; if not, those that may be held in turns are."""
    return all(weights * TOGETHER <= most for most in limits.total.values())


def weights_of(variants: Variants, dtype: str) -> int:
    """The bytes of all weights once they are loaded, which makes float of some int8: those that
    the folder tells, else those of the files; of the largest graph where one after the other may
    be held."""
    manifest, parts = variants.manifest, variants.parts[dtype]
    if dtype in manifest.weights and {part.dtype for part in parts} == {dtype}:
        return manifest.weights[dtype]
    sizes = []
    for part in parts:
        size = sum(max(entry.size, 0) for entry in manifest.entries(part.files).values())
        sizes.append(size * EXPANDED if manifest.expands(part.dtype) else size)
    return max(sizes) if variants.in_turns else sum(sizes)


def _problem(variants: Variants, dtype: str, limits: Limits) -> str:
    """What does not fit, with both numbers; "" if all does."""
    needed = round(weights_of(variants, dtype) * WORKING)
    return next(_excesses(variants, dtype, limits, needed), "")


def _excesses(variants: Variants, dtype: str, limits: Limits, needed: int) -> Iterator[str]:
    for name in variants.dtypes[dtype]:
        size = variants.manifest.entries([name])[name].size
        if limits.file is not None and size > limits.file:
            yield f"{name} has {size:,} bytes, and a file may have {limits.file:,}"
    for what, most in limits.total.items():
        if needed > most:
            yield f"it needs {needed:,} bytes of memory, and {what} is {most:,}"
