"""The leap guard: one line with a wrong year must not close the panes of all the others.

The stream clock is the latest time told so far. A line that is more than ``leap_ms`` ahead of it is held until ``leap_lines`` held lines
stand together: then the earliest of them sets the clock, and those within reach of it or of one another are heard, in their order. A
line within reach of the clock, coming before that, shows that the held ones were wrong: they are refused. What is held when the stream
ends is heard. No held line is ever within reach of the clock: so it does not matter where a block ends.

It fails when ``leap_lines`` wrong lines stand in a row; and of the first lines after a true gap, one may be lost if an old straggler
comes between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


class Sorted(msgspec.Struct, frozen=True):
    """What the guard decided: indices of lines, ``decided`` in the order in which that was clear."""

    decided: list[int]
    refused: set[int]
    """Those of the decided that are refused; the others are heard."""
    held: list[int]


def guard(clock_at: int | None, times: Sequence[int | None], *, leap_ms: int, leap_lines: int) -> Sorted:
    """Sort lines into heard, refused and held. A line without a time (``None``) is heard and moves nothing.

    >>> guard(0, [1, 900, 2], leap_ms=100, leap_lines=2)
    Sorted(decided=[0, 1, 2], refused={1}, held=[])
    >>> guard(0, [1, 900, 901, 902], leap_ms=100, leap_lines=2)
    Sorted(decided=[0, 1, 2, 3], refused=set(), held=[])
    >>> guard(None, [0, 60, 120, 999], leap_ms=100, leap_lines=4)
    Sorted(decided=[0, 1, 2], refused=set(), held=[3])
    """
    decided: list[int] = []
    refused: set[int] = set()
    held: list[int] = []
    for index, at in enumerate(times):
        if at is None:
            decided.append(index)
            continue
        if clock_at is not None and at <= clock_at + leap_ms:
            refused.update(held)
            decided += [*held, index]
            held = []
            clock_at = max(clock_at, at)
            continue
        held.append(index)
        if len(held) == leap_lines:
            told = {waiting: at for waiting in held if (at := times[waiting]) is not None}
            clock_at = min(told.values())
            for later_at in sorted(told.values()):
                if later_at <= clock_at + leap_ms:
                    clock_at = later_at
            decided += [waiting for waiting in held if told[waiting] <= clock_at]
            held = [waiting for waiting in held if told[waiting] > clock_at]
    return Sorted(decided, refused, held)
