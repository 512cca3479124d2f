"""What is wrong with rows, counted by reason, and what share of bad ones is too much."""

from dataclasses import dataclass, field
from typing import Protocol

from tasks_to_text.errors import DataError

NOT_UTF8 = "not UTF-8"
NOT_JSON = "not JSON"
NOT_CSV = "not CSV"
TRUNCATED = "truncated archive"
MISSING = "field missing"
SURROGATE = "lone surrogate"
TOO_LONG = "field too long"
DUPLICATE_ID = "duplicate id"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bad:
    """A row that cannot be used."""

    reason: str
    """One of the reasons above."""
    where: str
    """File and line or row, and a few words more where they help."""


class Unusable(Protocol):
    """What a tally counts: ``Bad`` of readers, ``Rejected`` of tasks."""

    @property
    def reason(self) -> str:
        """The same few words for all of its kind."""

    @property
    def where(self) -> str:
        """Which row, for a person."""


@dataclass(kw_only=True, slots=True)
class Tally:
    """Rows that were read: how many are good, and how many are bad for which reason."""

    kept: int = 0
    """Good rows."""
    reasons: dict[str, int] = field(default_factory=dict)
    """Reason → bad rows."""
    examples: list[str] = field(default_factory=list)
    """``reason: where`` of the first five bad rows, and of every truncated archive."""

    @property
    def bad(self) -> int:
        """Bad rows, for whatever reason."""
        return sum(self.reasons.values())

    def add(self, bad: Unusable) -> None:
        """Count a bad row."""
        if len(self.examples) < 5 or bad.reason == TRUNCATED:
            self.examples.append(f"{bad.reason}: {bad.where}")
        self.reasons[bad.reason] = self.reasons.get(bad.reason, 0) + 1

    def reject(self, bad: Unusable) -> None:
        """Count a row as bad that was counted as good when it was read."""
        self.kept = max(0, self.kept - 1)
        self.add(bad)

    def merge(self, other: "Tally") -> None:
        """Count what another one has counted, too."""
        self.kept += other.kept
        for reason, n in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + n
        room = max(0, 5 - len(self.examples))
        late = [one for one in other.examples[room:] if one.startswith(TRUNCATED)]
        self.examples += other.examples[:room] + late

    def check(self, max_share: float, what: str) -> None:
        """Raise DataError when more than ``max_share`` of the rows are bad, or an archive is torn.

        Of a torn archive nobody knows how many rows are lost, so no share excuses it.
        """
        if TRUNCATED in self.reasons:
            torn = [one for one in self.examples if one.startswith(TRUNCATED)]
            raise DataError(f"{what}: {'; '.join(torn)}; the rest is lost, so fetch it again")
        share = self.bad / max(1, self.bad + self.kept)
        if share > max_share:
            counts = ", ".join(f"{n} {reason}" for reason, n in sorted(self.reasons.items()))
            raise DataError(
                f"{what}: {self.bad} of {self.bad + self.kept} rows are bad ({share:.2%}, allowed "
                f"are {max_share:.2%}): {counts}. The first: {'; '.join(self.examples[:5])}. "
                "Repair them, or allow more with max_bad_share"
            )
