"""Conservation: every item that a stage receives has exactly one fate, and the counts add up."""

from __future__ import annotations

from collections import Counter

import msgspec


class Counts(msgspec.Struct, kw_only=True):
    """How many items a stage received, and what became of them.

    >>> counts = Counts(received=3, used=1)
    >>> counts.filtered["no_term"] += 1
    >>> counts.dead["not_json"] += 1
    >>> counts.balanced
    True
    """

    received: int = 0
    used: int = 0
    filtered: Counter[str] = msgspec.field(default_factory=Counter)
    """By reason: what the stage rightly leaves aside."""
    late: int = 0
    """Came after its pane was closed."""
    duplicate: int = 0
    dead: Counter[str] = msgspec.field(default_factory=Counter)
    """By reason: refused, each with a dead letter."""
    held: int = 0
    """Received, and not yet decided."""

    @property
    def balanced(self) -> bool:
        """Whether received = used + filtered + late + duplicate + dead + held."""
        decided = self.used + self.filtered.total() + self.late + self.duplicate + self.dead.total()
        return self.received == decided + self.held

    def add(self, other: Counts) -> None:
        """Add the counts of a further batch; ``held`` is a level, not a count: that of the later batch stands."""
        self.received += other.received
        self.used += other.used
        self.filtered.update(other.filtered)
        self.late += other.late
        self.duplicate += other.duplicate
        self.dead.update(other.dead)
        self.held = other.held
