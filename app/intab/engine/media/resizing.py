"""Sizes that keep a picture's shape, as transformers' processors have them: (height, width).

>>> shortest_edge((480, 640), 224)
(224, 298)
"""

from __future__ import annotations

import math

from intab.errors import PromptError

Size = tuple[int, int]  # height, width
MOST = 16_384  # of a side, in pixels


def shortest_edge(size: Size, wanted: int) -> Size:
    """The shorter side as wanted; the other one cut to whole pixels."""
    height, width = size
    short, long = min(size), max(size)
    other = int(wanted * long / short)
    return (other, wanted) if width <= height else (wanted, other)


def edges(size: Size, shortest: int, longest: int, multiple: int = 0) -> Size:
    """The shorter side as wanted, unless the longer one is too long then; with `multiple` as
    YOLOS has it, both cut to multiples of that."""
    height, width = size
    exact: float = shortest
    short, long = float(min(size)), float(max(size))
    if long / short * shortest > longest:
        exact = longest * short / long
        shortest = round(exact)
    if not multiple and min(size) == shortest:
        found = size
    elif width < height:
        found = (int(exact * height / width), shortest)
    elif height == shortest:
        found = size
    else:
        found = (shortest, int(exact * width / height))
    if not multiple:
        return found
    return found[0] - found[0] % multiple, found[1] - found[1] % multiple


def cut_to(size: Size, multiple: int) -> Size:
    """Both sides cut to multiples, one at least, as Transformers.js has it for MODNet."""
    height, width = (max(side // multiple, 1) * multiple for side in size)
    return height, width


def multiples_within(size: Size, multiple: int) -> Size:
    """Both sides cut to multiples, as GLPN has it; PromptError if nothing is left of one."""
    height, width = (side // multiple * multiple for side in size)
    if not height or not width:
        raise PromptError(
            f"A picture of {size[1]} x {size[0]} pixels is too small for this model: enlarge it "
            f"to {multiple} x {multiple} at least."
        )
    return height, width


def filled_to(size: Size, multiple: int) -> Size:
    """Both sides raised to multiples, as MaskFormer has it."""
    height, width = (-(-side // multiple) * multiple for side in size)
    return height, width


def within(size: Size, height: int, width: int) -> Size:
    """As large as fits, smaller pictures too."""
    scale = min(height / size[0], width / size[1])
    return int(size[0] * scale), int(size[1] * scale)


def to_multiples(size: Size, wanted: Size, multiple: int, *, keeps_shape: bool) -> Size:
    """As DPT has it: near the wanted size, in multiples; with `keeps_shape` scaled as little as
    may be."""
    tall, wide = (want / have for want, have in zip(wanted, size, strict=True))
    if keeps_shape:
        tall = wide = wide if abs(1 - wide) < abs(1 - tall) else tall
    return _multiple(tall * size[0], multiple), _multiple(wide * size[1], multiple)


def _multiple(value: float, multiple: int) -> int:
    near = round(value / multiple) * multiple
    return math.ceil(value / multiple) * multiple if near < 0 else near


def possible(size: Size, found: Size) -> Size:
    """A side of nothing cannot be, nor one that no model takes: of very long pictures."""
    if min(found) < 1 or max(found) > MOST:
        raise PromptError(
            f"A picture of {size[1]} x {size[0]} pixels would become {found[1]} x {found[0]}: "
            "cut it, since it is far too long for this model."
        )
    return found
