"""The model card of a converted folder: where it came from, its dtypes, sizes and perplexities."""

from __future__ import annotations

from dataclasses import dataclass, field

from intab.convert.proving import Answers
from intab.engine.runtime.candidates import MOST_LOSS

CARD = """# {name}

A {family} model, converted for browsers by `intab convert`. Load it with `intab.load`.

| dtype | runs on | MB | {perplexity}against fp32 |
|---|---|---|{rule}---|
{rows}
"""
MEASURED = """
Perplexity over {tokens:,} tokens of {text}, read {window} at a time, in native onnxruntime.
"""
NOT_MEASURED = "Perplexities are measured on a text that is given with --eval-text."


@dataclass(frozen=True)
class Row:
    """One dtype's figures; `perplexity` is 0 where no text was given; `remark` says how its
    attention was changed; `answers` are the ids that follow the self-test's prompts."""

    dtype: str
    devices: tuple[str, ...]
    size: int
    perplexity: float = 0.0
    remark: str = ""
    answers: Answers = field(default_factory=Answers)


@dataclass(frozen=True)
class Report:
    """The rows of the dtypes, and fp32's to compare with, None where there is none; `notes` is
    what there is to say of all."""

    rows: tuple[Row, ...]
    fp32: Row | None
    notes: tuple[str, ...] = ()

    @property
    def measured(self) -> bool:
        """Whether there are perplexities."""
        return any(row.perplexity for row in self.rows)

    @property
    def answers(self) -> dict[str, Answers]:
        """What each dtype answered to the self-test's prompts."""
        return {row.dtype: row.answers for row in self.rows}

    @property
    def remarks(self) -> list[str]:
        """What there is to say of the model and of single dtypes."""
        return [*self.notes, *(f"{row.dtype}: {row.remark}" for row in self.rows if row.remark)]


def table(report: Report) -> list[tuple[str, ...]]:
    """The figures as text: dtype, devices, MB, perplexity ("" without), against fp32."""
    return [
        (
            row.dtype,
            ", ".join(row.devices),
            f"{row.size / 1e6:,.1f}",
            f"{row.perplexity:.3f}" if row.perplexity else "",
            _against(row, report.fp32),
        )
        for row in report.rows
    ]


def _against(row: Row, fp32: Row | None) -> str:
    if fp32 is None:
        return "there is no fp32"
    size = f"{row.size / fp32.size:.0%} of the size"
    if not row.perplexity or not fp32.perplexity:
        return size
    loss = row.perplexity / fp32.perplexity - 1
    warning = ": chosen unasked only if no better one fits" if loss > MOST_LOSS else ""
    return f"{size}, perplexity {loss:+.2%}{warning}"


def card(name: str, family: str, report: Report, note: str = "") -> str:
    """The README.md of the folder."""
    cells = [row if report.measured else (*row[:3], *row[4:]) for row in table(report)]
    whole = CARD.format(
        name=name,
        family=family,
        perplexity="perplexity | " if report.measured else "",
        rule="---|" if report.measured else "",
        rows="\n".join(f"| {' | '.join(row)} |" for row in cells),
    )
    remarks = "".join(f"- {remark}\n" for remark in report.remarks)
    return whole + note + (f"\n{remarks}" if remarks else "")
