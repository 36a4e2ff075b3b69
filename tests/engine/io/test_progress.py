"""Progress never goes back, knows files and total, and tells rate and time left."""

from __future__ import annotations

from intab.engine.io.progress import Tally
from intab.engine.io.protocols import Progress


class Told:
    """A tally over a clock that the test moves."""

    def __init__(self, **sizes: int) -> None:
        self.now = 0.0
        self.seen: list[Progress] = []
        self.tally = Tally(sizes, self.seen.append, lambda: self.now)

    @property
    def last(self) -> Progress:
        return self.seen[-1]


def test_files_and_total() -> None:
    told = Told(a=100, b=50)
    told.tally.found("a", 40)
    told.tally.found("b", 50)
    assert told.last == Progress("download", "b", 90, 150, 50, 50, 0.0, None)


def test_rate_and_time_left_count_the_network_only() -> None:
    told = Told(a=1000)
    told.tally.found("a", 500)
    told.now = 1.0
    told.tally.arrived("a", 100)
    assert (told.last.rate, told.last.seconds_left) == (100.0, 4.0)


def test_the_rate_is_that_of_the_last_seconds() -> None:
    told = Told(a=10_000)
    for second in range(1, 30):
        told.now = float(second)
        told.tally.arrived("a", 10 if second < 20 else 100)
    assert told.last.rate == 100.0


def test_what_comes_again_does_not_go_back() -> None:
    told = Told(a=100)
    told.tally.arrived("a", 60)
    told.tally.lost("a", 60)
    told.tally.arrived("a", 30)
    assert (told.last.loaded, told.last.file_loaded) == (60, 60)
    told.tally.arrived("a", 70)
    assert (told.last.loaded, told.last.total) == (100, 100)


def test_a_size_that_becomes_known_and_one_that_was_wrong() -> None:
    told = Told(a=-1, b=10)
    told.tally.arrived("a", 30)
    assert (told.last.total, told.last.file_total) == (40, 30)
    told.tally.resize("a", 100)
    told.tally.arrived("a", 1)
    assert (told.last.total, told.last.file_total) == (110, 100)
    told.tally.arrived("b", 20)
    assert told.last.loaded <= told.last.total


def test_a_file_begun_anew() -> None:
    told = Told(a=100)
    told.tally.arrived("a", 90)
    told.tally.restart("a")
    told.tally.arrived("a", 10)
    assert told.last.loaded == 90
