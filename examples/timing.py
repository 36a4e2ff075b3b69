# When did each token come? A drawing of your own: a class with _repr_svg_ is shown as one.
import intab
from time import perf_counter

model = await intab.load(MODEL)
began, times = perf_counter(), []
async for chunk in model.stream("Once there was a king", max_new_tokens=80, seed=2):
    times.append(1000 * (perf_counter() - began))


class Plot:
    """Milliseconds from token to token as bars."""

    def _repr_svg_(self):
        steps = [times[0], *(b - a for a, b in zip(times, times[1:]))]
        high = max(steps)
        bars = "".join(
            f'<rect x="{7 * i}" y="{160 - 150 * step / high:.1f}" width="5" height="160"/>'
            for i, step in enumerate(steps)
        )
        size = f'viewBox="0 0 {7 * len(steps)} 160" width="{7 * len(steps)}" height="160"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} fill="#4a9a7c">{bars}</svg>'


print(f"First chunk after {times[0]:.0f} ms, {len(times)} chunks in {times[-1]:.0f} ms.")
intab.show(Plot())
