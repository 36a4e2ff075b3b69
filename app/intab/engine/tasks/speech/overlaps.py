"""Answers to windows of a sound that overlap become one: the longest run that both have is found,
and the left answer counts up to its middle, the right one from there on.

As `_find_longest_common_sequence` of transformers' Whisper tokenizer:
https://github.com/huggingface/transformers/blob/main/src/transformers/models/whisper/tokenization_whisper.py
"""

from __future__ import annotations

from collections.abc import Sequence

Time = tuple[float, float]


def merge(
    answers: Sequence[Sequence[int]], times: Sequence[Sequence[Time]] = ()
) -> tuple[list[int], list[Time]]:
    """The tokens of all answers, and their times if there are any."""
    left, left_times = list(answers[0]), list(times[0]) if times else []
    total: list[int] = []
    total_times: list[Time] = []
    for number, answer in enumerate(answers[1:], 1):
        right, right_times = list(answer), list(times[number]) if times else []
        begin, end, other_begin, other_end = _common(left, right, left_times, right_times)
        middle, other_middle = (begin + end) // 2, (other_begin + other_end) // 2
        total += left[:middle]
        total_times += left_times[:middle]
        left, left_times = right[other_middle:], right_times[other_middle:]
    return total + left, total_times + left_times


def _common(
    left: Sequence[int], right: Sequence[int], before: Sequence[Time], after: Sequence[Time]
) -> tuple[int, int, int, int]:
    """Where the best run of equal tokens lies in both, if they are laid over each other."""
    best, found = 0.0, (len(left), len(left), 0, 0)
    for shift in range(1, len(left) + len(right)):
        begin, end = max(0, len(left) - shift), min(len(left), len(left) + len(right) - shift)
        other, other_end = max(0, shift - len(left)), min(len(right), shift)
        matches = sum(
            left[begin + at] == right[other + at]
            and (not before or before[begin + at] <= after[other + at])
            for at in range(end - begin)
        )
        score = matches / shift + shift / 10000.0  # long runs that are perfect win
        if matches > 1 and score > best:
            best, found = score, (begin, end, other, other_end)
    return found
