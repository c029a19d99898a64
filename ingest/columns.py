"""What the extract processes hand on for a block: columns of times, one value a line, and the few items with something in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tocsin.model import DeadLetter, Mention, Post, Retraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ingest.block import Run


class Set(msgspec.Struct, frozen=True):
    """A post that was set aside, for a reason of the closed list of its stage; one that ingest itself withheld has no id."""

    post_id: str
    reason: str


class AccountGone(msgspec.Struct, frozen=True):
    """An account was removed: all pseudonyms that it may bear."""

    authors: tuple[str, ...]


Item = Mention | Post | Set | Retraction | AccountGone | DeadLetter
"""What a line may hold; the dead letter of a line that is a post is that of a later stage."""


class ColumnsState(msgspec.Struct, frozen=True, kw_only=True):
    """Columns as plain values that any encoder takes; items by the index of their line, one list a type."""

    outcomes: list[int]
    received_at: list[int]
    event_at: list[int]
    sources: list[int]
    origins: list[int]
    line_numbers: list[int]
    origin_names: tuple[str, ...]
    mentions: dict[int, Mention]
    posts: dict[int, Post]
    set_aside: dict[int, Set]
    retractions: dict[int, Retraction]
    dead: dict[int, DeadLetter]
    accounts: dict[int, AccountGone] = {}


class Columns(msgspec.Struct, frozen=True, kw_only=True):
    """Lines in a row. All arrays have one value a line; ``items`` holds those lines that are more than a count."""

    outcomes: npt.NDArray[np.uint8]
    """Values of ``ingest.normalise.Outcome``."""
    received_at: npt.NDArray[np.int64]
    event_at: npt.NDArray[np.int64]
    sources: npt.NDArray[np.uint16]
    origins: npt.NDArray[np.int32]
    """Index in ``origin_names``."""
    line_numbers: npt.NDArray[np.int64]
    origin_names: tuple[str, ...]
    items: dict[int, Item]

    def __len__(self) -> int:
        return len(self.outcomes)

    def take(self, indices: Sequence[int]) -> Columns:
        """Give some of the lines, in the order of the indices."""
        chosen = np.asarray(indices, np.int64)
        return Columns(
            outcomes=self.outcomes[chosen],
            received_at=self.received_at[chosen],
            event_at=self.event_at[chosen],
            sources=self.sources[chosen],
            origins=self.origins[chosen],
            line_numbers=self.line_numbers[chosen],
            origin_names=self.origin_names,
            items={new: self.items[old] for new, old in enumerate(indices) if old in self.items},
        )

    def snapshot(self) -> ColumnsState:
        """Give the same lines as plain values."""
        return ColumnsState(
            outcomes=self.outcomes.tolist(),
            received_at=self.received_at.tolist(),
            event_at=self.event_at.tolist(),
            sources=self.sources.tolist(),
            origins=self.origins.tolist(),
            line_numbers=self.line_numbers.tolist(),
            origin_names=self.origin_names,
            mentions={at: item for at, item in self.items.items() if isinstance(item, Mention)},
            posts={at: item for at, item in self.items.items() if isinstance(item, Post)},
            set_aside={at: item for at, item in self.items.items() if isinstance(item, Set)},
            retractions={at: item for at, item in self.items.items() if isinstance(item, Retraction)},
            dead={at: item for at, item in self.items.items() if isinstance(item, DeadLetter)},
            accounts={at: item for at, item in self.items.items() if isinstance(item, AccountGone)},
        )

    @classmethod
    def restore(cls, state: ColumnsState) -> Columns:
        """Make the lines that ``snapshot`` was given of."""
        return cls(
            outcomes=np.array(state.outcomes, np.uint8),
            received_at=np.array(state.received_at, np.int64),
            event_at=np.array(state.event_at, np.int64),
            sources=np.array(state.sources, np.uint16),
            origins=np.array(state.origins, np.int32),
            line_numbers=np.array(state.line_numbers, np.int64),
            origin_names=state.origin_names,
            items={
                **state.mentions,
                **state.posts,
                **state.set_aside,
                **state.retractions,
                **state.dead,
                **state.accounts,
            },
        )

    def then(self, other: Columns) -> Columns:
        """Give these lines followed by others."""
        names = tuple(dict.fromkeys((*self.origin_names, *other.origin_names)))
        codes = np.array([names.index(name) for name in other.origin_names], np.int32)
        return Columns(
            outcomes=np.concatenate([self.outcomes, other.outcomes]),
            received_at=np.concatenate([self.received_at, other.received_at]),
            event_at=np.concatenate([self.event_at, other.event_at]),
            sources=np.concatenate([self.sources, other.sources]),
            origins=np.concatenate([self.origins, codes[other.origins]]),
            line_numbers=np.concatenate([self.line_numbers, other.line_numbers]),
            origin_names=names,
            items=self.items | {len(self) + index: item for index, item in other.items.items()},
        )


def places_of(runs: Sequence[Run]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], tuple[str, ...]]:
    """Give the origin index and the line number of each line of some runs, and the names of the origins."""
    names = tuple(dict.fromkeys(run.origin for run in runs))
    codes = {name: code for code, name in enumerate(names)}
    origins = [np.full(run.count, codes[run.origin], np.int32) for run in runs]
    numbers = [np.arange(run.first_line, run.first_line + run.count, dtype=np.int64) for run in runs]
    if not runs:
        return np.zeros(0, np.int32), np.zeros(0, np.int64), ()
    return np.concatenate(origins), np.concatenate(numbers), names
