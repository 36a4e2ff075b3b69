"""Of what Whisper wrote about one piece of sound: its segments, and how far it got.

The rules are those of `_retrieve_segment` of transformers 5.24, which are OpenAI's:
https://github.com/openai/whisper/blob/main/whisper/transcribe.py
"""

from __future__ import annotations

from collections.abc import Sequence

Slice = tuple[int, int]  # from one token to behind another


def segments_of(tokens: Sequence[int], first_time: int) -> tuple[list[Slice], int | None]:
    """The segments, and the step of time (a place of the encoder) that the last one ends at; None:
    all of the piece is done.

    Two tokens of time in a row end one segment and begin the next. What comes after the last such
    pair is written again with the next piece, unless the answer ends in a single time: then nothing
    is said after it.
    """
    times = [token >= first_time for token in tokens]
    ends = [at + 1 for at in range(len(times) - 1) if times[at] and times[at + 1]]
    if not ends:
        return [(0, len(tokens))], None
    if times[-2:] == [False, True]:
        ends.append(len(tokens))
        reached = None
    else:
        ends[-1] += 1  # so that both times are seen
        reached = tokens[ends[-1] - 2] - first_time
    starts = [0, *ends[:-1]]
    return list(zip(starts, ends, strict=True)), reached
