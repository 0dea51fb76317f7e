"""What a part of the benchmark gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from printing import verdict


@dataclass
class Result:
    """All that was measured, and which targets are met. Where the answers differ nothing is."""

    measured: list[dict[str, Any]] = field(default_factory=list)
    verdicts: list[tuple[str, bool]] = field(default_factory=list)
    same_answers: bool = True

    def judge(self, what: str, value: float, bound: float) -> None:
        """Adds a target."""
        self.verdicts.append(verdict(what, value, bound))

    @property
    def passed(self) -> bool:
        """Whether all answers are the same and every target is met."""
        return self.same_answers and all(met for _, met in self.verdicts)
