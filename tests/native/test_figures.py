"""matplotlib's backend for the page, on a stand-in for matplotlib, whose wheels are not here."""

from __future__ import annotations

import runpy
import sys
from types import ModuleType, SimpleNamespace

import pytest

from tests.conftest import ROOT

BACKEND = ROOT / "app/intab/page/figures.py"


class Figure:
    def savefig(self, into: object, **_: object) -> None:
        into.write(b"PNG")  # type: ignore[attr-defined]

    axes: tuple[()] = ()

    def __repr__(self) -> str:
        return "Figure(640x480)"


def test_show_shows_the_open_figures_and_closes_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = [SimpleNamespace(canvas=SimpleNamespace(figure=Figure())) for _ in range(2)]
    gcf = SimpleNamespace(get_all_fig_managers=lambda: list(figures), destroy_all=figures.clear)
    parts: dict[str, dict[str, object]] = {
        "_pylab_helpers": {"Gcf": gcf},
        "backends.backend_agg": {"FigureCanvasAgg": object},
    }
    for name in ("", ".backends", *(f".{part}" for part in parts)):
        module = ModuleType(f"matplotlib{name}")
        vars(module).update(parts.get(name[1:], {}))
        monkeypatch.setitem(sys.modules, module.__name__, module)
    backend = runpy.run_path(str(BACKEND))
    backend["show"](block=False)
    assert capsys.readouterr().out.count("Figure") == 2
    assert figures == []
    assert backend["FigureCanvas"] is object
