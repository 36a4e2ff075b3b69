"""Pictures that the reader gives: a camera's frames one at a time, a drawing, a file."""

from __future__ import annotations

import asyncio
import gc
import json
from typing import Any

import pytest
from PIL import Image

import intab
from intab.engine.display.screen import Screen, use
from intab.engine.worker.page_screen import PageScreen, Wire
from intab.errors import OptionError, ProgramError


class Fake:
    """A Source of so many pictures; remembers what was asked of it."""

    def __init__(self, count: int = 9) -> None:
        self.count = count
        self.drawn: list[Any] = []
        self.closed = 0
        self.about: Any = None

    async def next(self) -> Image.Image:
        await asyncio.sleep(0)
        if not self.count:
            raise ProgramError("The camera is gone")
        self.count -= 1
        return Image.new("RGBA", (4, 3), (self.count, 0, 0, 9))

    def draw(self, records: str) -> None:
        self.drawn.append(json.loads(records))

    def close(self) -> None:
        self.closed += 1

    def take(self, about: Any) -> Fake:
        self.about = about
        return self


async def test_frames_come_when_they_are_asked_for_until_the_loop_ends() -> None:
    fake = Fake()
    with use(Screen(take=fake.take)):
        frames = intab.camera((320, 240), facing="user")
        assert not fake.about  # no light before the loop
        async for frame in frames:
            assert (frame.mode, frame.getpixel((0, 0))) == ("RGB", (fake.count, 0, 0))
            if fake.count == 6:
                break
        assert fake.about == {"source": "camera", "width": 320, "height": 240, "facing": "user"}
        assert not fake.closed
        frames.close()
        assert [frame async for frame in frames] == []
    assert fake.closed


async def test_a_loop_that_is_left_gives_the_camera_back() -> None:
    fake = Fake()
    with use(Screen(take=fake.take)):
        async for _ in intab.camera():
            break
        gc.collect()
        assert fake.closed


async def test_a_camera_that_is_lost_is_given_back() -> None:
    fake = Fake(1)
    with use(Screen(take=fake.take)):
        frames = intab.camera()
        await anext(frames)
        assert not fake.closed
        with pytest.raises(ProgramError, match="The camera is gone"):
            await anext(frames)
    assert fake.closed


async def test_stop_gives_it_back() -> None:
    fake, begun = Fake(10**9), asyncio.Event()

    async def look() -> None:
        async for _ in intab.camera():
            begun.set()

    with use(Screen(take=fake.take)):
        task = asyncio.create_task(look())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    gc.collect()
    assert fake.closed


async def test_what_was_found_is_drawn_over_the_view() -> None:
    fake, box = Fake(), {"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4}
    with use(Screen(take=fake.take)):
        frames = intab.camera()
        frames.draw("nothing is seen yet")
        async for _ in frames:
            frames.draw([{"score": 0.876, "label": "cat", "box": box}, {"generated_text": "a"}])
            frames.draw("hello")
            with pytest.raises(OptionError, match="must be a text, or a list of records"):
                frames.draw(3)
            break
    both = [{"words": "cat 0.88", "box": box}, {"words": "a", "box": None}]
    assert fake.drawn == [both, [{"words": "hello", "box": None}]]


async def test_a_drawing_and_a_file() -> None:
    fake = Fake()
    with use(Screen(take=fake.take)):
        drawing = await intab.canvas("A digit", size=(28, 30), ink="white", pen=3)
        assert (drawing.mode, drawing.size) == ("RGB", (4, 3))
        asked = {"source": "canvas", "width": 28, "height": 30, "ink": "white", "pen": 3}
        assert fake.about == {**asked, "prompt": "A digit"}
        assert (await intab.image()).mode == "RGBA"
        assert fake.about == {"source": "file", "prompt": ""}
    assert fake.closed == 2


async def test_without_a_page_it_is_said_what_to_do() -> None:
    with pytest.raises(ProgramError, match=r"There is no camera here: run this in intab's page"):
        await anext(intab.camera())
    with pytest.raises(ProgramError, match="There is no canvas to draw on here"):
        await intab.canvas()
    with pytest.raises(ProgramError, match="There is no page to ask in here"):
        await intab.image()
    bare = PageScreen(Wire(lambda _: None, lambda *_: None))
    with use(bare.of(1)), pytest.raises(ProgramError, match="no way to give pictures or sound"):
        await anext(intab.camera())


def test_the_page_is_told_what_is_wanted() -> None:
    fake, texts = Fake(), list[str]()

    def opened(text: str) -> Fake:
        texts.append(text)
        return fake

    wire = Wire(lambda _: None, lambda *_: None, open_source=opened)
    PageScreen(wire).of(7).take({"source": "file", "prompt": "Which?"})
    told = json.loads(texts[0])
    assert (told["kind"], told["run"], told["source"]) == ("take", 7, "file")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"size": 640}, r"size must be \(width, height\), each from 1 to 4,096, not 640"),
        ({"size": (0, 3)}, "size must be"),
        ({"size": (3.5, 3)}, "size must be"),
        ({"size": (5000, 3)}, "size must be"),
        ({"facing": "back"}, "facing must be one of user, environment, not 'back'"),
    ],
)
def test_what_a_camera_cannot_be(options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        intab.camera(**options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"ink": "red"}, "ink must be one of black, white, not 'red'"),
        ({"pen": 0}, "pen must be from 1 to 280 pixels, not 0"),
        ({"pen": 300}, "pen must be from 1 to 280"),
        ({"size": "large"}, "size must be"),
    ],
)
async def test_what_a_canvas_cannot_be(options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        await intab.canvas("", **options)
