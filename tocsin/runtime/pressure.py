"""How many gates to leave out: one more after lasting pressure, one fewer after lasting calm.

Pure: the load and the time are told. Between pressure and calm lies a stretch in which nothing changes, so that it does not swing; and a
step is given the time to act before the next one is taken.
"""

from __future__ import annotations

from typing import Final

CALM: Final = 0.5
"""Calm is a load of at most this share of what counts as pressure."""


class Pressure:
    """A level from 0 (calm) to ``highest``.

    Args:
        highest: the level that is never passed.
        after_secs: how long pressure, or calm, has to last before the level moves by one.

    >>> pressure = Pressure(highest=2, after_secs=10)
    >>> [pressure.look(at, load) for at, load in ((0, 1.2), (9, 1.2), (10, 1.2), (15, 1.2), (20, 1.2))]
    [0, 0, 1, 1, 2]
    >>> [pressure.look(at, load) for at, load in ((30, 0.7), (31, 0.4), (41, 0.5), (42, 0.7), (60, 0.7))]
    [2, 2, 1, 1, 1]
    """

    def __init__(self, *, highest: int, after_secs: float) -> None:
        self._highest = highest
        self._after_secs = after_secs
        self._towards = 0
        self._since = 0.0
        self.level = 0

    def look(self, at_secs: float, load: float, *, acted: bool = True) -> int:
        """Take a look; give the level from now on.

        Args:
            at_secs: a clock that never goes back, seconds.
            load: 1 and more is pressure, ``CALM`` and less is calm.
            acted: what was heard last was heard at the present level; before that it does not rise.
        """
        towards = 1 if load >= 1 else -1 if load <= CALM else 0
        if towards != self._towards:
            self._towards, self._since = towards, at_secs
        if at_secs - self._since >= self._after_secs and (acted or towards < 0):
            level = min(self._highest, max(0, self.level + towards))
            if level != self.level:
                self.level, self._since = level, at_secs
        return self.level
