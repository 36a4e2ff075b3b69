# When did each token come? A class of your own with _repr_svg_ is shown as a drawing.
import intab
from itertools import pairwise
from time import perf_counter

model = await intab.load(MODEL)
began, times = perf_counter(), []
async for chunk in model.stream("Once there was a king", max_new_tokens=80, seed=2):
    print(chunk, end="")
    times.append(1000 * (perf_counter() - began))


class Plot:
    """Milliseconds from chunk to chunk as bars."""

    def _repr_svg_(self):
        steps = [times[0], *(later - one for one, later in pairwise(times))]
        heights = [150 * step / max(steps) for step in steps]
        bars = [
            f'<rect x="{7 * at}" y="{160 - high:.1f}" width="5" height="{high:.1f}"/>'
            for at, high in enumerate(heights)
        ]
        size = f'width="{7 * len(steps)}" height="160" fill="#4a9a7c"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(bars)}</svg>'


print(f"\n\nFirst after {times[0]:.0f} ms, all {len(times)} after {times[-1]:.0f} ms:")
intab.show(Plot())
