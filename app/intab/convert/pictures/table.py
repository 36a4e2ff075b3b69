"""The report of a converted pipeline: a row for each graph, and one for the picture they make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from intab.convert.pictures.measuring import EQUAL, PROMPT, STEPS

COLUMNS = ("graph", "dtype", "runs on", "MB", "PSNR against fp32")
CARD = """# {name}

A {family}, converted for browsers by `intab convert --from-onnx`. Load it with
`intab.pipeline("text-to-image", ...)`.

{table}

{note}
"""
NOTE = f"""\
PSNR in dB: of each graph's output for seeded noise, by the span of float32's; of the picture,
{STEPS} steps from one seed for "{PROMPT}". In native onnxruntime, which computes halves as floats
where it has no kernel for them."""


@dataclass(frozen=True)
class Row:
    """One graph in one dtype, or the whole picture: dB against fp32, None for fp32 itself; `size`
    in bytes; `reason`: why it was left out."""

    what: str
    dtype: str
    psnr: float | None = None
    size: int = 0
    devices: tuple[str, ...] = ()
    reason: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """As COLUMNS has them."""
        size = f"{self.size / 1e6:,.2f}" if self.size else ""
        return (self.what, self.dtype, ", ".join(self.devices), size, self._told)

    @property
    def _told(self) -> str:
        figure = "" if self.psnr is None else f"{self.psnr:.1f} dB"
        figure = "equal" if self.psnr == EQUAL else figure
        return ": ".join(filter(None, (figure, self.reason)))


@dataclass(frozen=True)
class PicturesReport:
    """All rows; `remarks` are what there is to say besides."""

    rows: tuple[Row, ...]
    remarks: tuple[str, ...] = ()

    @property
    def psnr(self) -> dict[str, dict[str, float]]:
        """dtype -> graph, or "picture" -> dB, of what was written."""
        found: dict[str, dict[str, float]] = {}
        for row in self.rows:
            if row.psnr is not None and not row.reason:
                found.setdefault(row.dtype, {})[row.what] = row.psnr
        return found


def card(name: str, family: str, report: PicturesReport) -> str:
    """The README.md of the folder."""
    remarks = "".join(f"- {remark}\n" for remark in report.remarks)
    table = "\n".join(_lines(report))
    return CARD.format(name=name, family=family, table=table, note=NOTE) + remarks


def _lines(report: PicturesReport) -> Iterator[str]:
    for cells in (COLUMNS, ("---",) * len(COLUMNS), *(row.cells for row in report.rows)):
        yield f"| {' | '.join(cells)} |"
