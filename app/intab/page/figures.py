"""The page's backend of matplotlib: `plt.show()` shows the open figures in the output and closes
them, as in a notebook. Pyodide's own runs JavaScript from a string, which the policy forbids.

Its names are those that matplotlib looks for in a backend.
"""

from __future__ import annotations

from typing import Any

from matplotlib._pylab_helpers import Gcf
from matplotlib.backends.backend_agg import FigureCanvasAgg as FigureCanvas

from intab.engine.display.screen import show as show_value

__all__ = ["FigureCanvas", "show"]


def show(*_: Any, **__: Any) -> None:
    """Show all open figures, whether one should wait for their windows or not: there are none."""
    for manager in Gcf.get_all_fig_managers():
        show_value(manager.canvas.figure)
    Gcf.destroy_all()
