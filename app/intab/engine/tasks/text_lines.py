"""`intab.text_lines`: what is written on a picture, line by line, by PaddleOCR's two graphs."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from intab.engine.tasks.plain_network import LABELS, LoadedNetwork
from intab.errors import PromptError, UnsupportedModelError


async def text_lines(
    picture: Any, detector: LoadedNetwork, recogniser: LoadedNetwork
) -> list[dict[str, Any]]:
    """Find the lines of text on a picture and read each of them.

        detector = await intab.network("./ocr/det.onnx")
        recogniser = await intab.network("./ocr/rec.onnx")
        found = await intab.text_lines(await intab.image("page.png"), detector, recogniser)
        # [{'text': 'Hello', 'score': 0.98, 'box': [[12, 8], [90, 8], [90, 30], [12, 30]]}]

    Args:
        picture: what `intab.image` gives.
        detector: a network of PaddleOCR's that finds lines.
        recogniser: one that reads a line; its labels are its characters.

    Returns:
        A dict for each line, from top to bottom: its `text`, the mean `score` of its characters,
        and `box`, its corners [x, y] in pixels, clockwise from the top left.

    Raises:
        PromptError: it is no picture.
        UnsupportedModelError: a graph is another one, or there are no characters beside it.
    """
    from intab.engine.media import text_lines as lines
    from intab.engine.media.pictures import is_picture, rgb
    from intab.engine.media.preparing import is_frame

    if not is_picture(picture) and not is_frame(picture):
        raise PromptError(
            f"Lines are read on a picture, not on {type(picture).__name__}: pass what "
            "await intab.image(...) gives."
        )
    if not recogniser.labels:
        raise UnsupportedModelError(
            f"The recogniser has no characters: put {LABELS[0]} beside it, one a line."
        )
    picture = rgb(picture)
    likely = await _only(detector, lines.detector_input(picture), 4, "finds lines")
    found = []
    for box in lines.find_lines(likely[0, 0], (picture.height, picture.width)):
        line = lines.recogniser_input(lines.cut_out(picture, box))
        scores = await _only(recogniser, line, 3, "reads a line")
        text, score = lines.read_line(_with_labels(scores[0], recogniser), recogniser.labels)
        found.append({"text": text, "score": score, "box": box.astype(int).tolist()})
    return found


async def _only(network: LoadedNetwork, pixels: NDArray[Any], rank: int, does: str) -> NDArray[Any]:
    """The one output for a picture, of so many dimensions."""
    if len(network.inputs) == 1 and len(network.outputs) == 1:
        [value] = (await network.run({network.inputs[0].name: pixels})).values()
        if value.ndim == rank:
            return value
    raise UnsupportedModelError(f"{network!r} is no graph of PaddleOCR's that {does}.")


def _with_labels(scores: NDArray[Any], recogniser: LoadedNetwork) -> NDArray[Any]:
    """The scores; UnsupportedModelError if there are more of them than characters."""
    known = len(recogniser.labels)
    if scores.shape[1] not in (known + 1, known + 2):  # one for none, and one for a space
        raise UnsupportedModelError(
            f"The recogniser tells {scores.shape[1]:,} characters apart, and {known:,} stand "
            "beside it: take the list that belongs to it."
        )
    return scores
