"""The courier of one sink: takes what is due from the outbox, tries, and comes back later where it failed. One sink waits for no other.

After a failure a parcel waits 2 s, 4 s, 8 s… up to five minutes, give or take a fifth, or as long as the receiver asks; when nobody answers
at all the whole sink waits so, since no other parcel would fare better.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Final, Literal

from dispatch.outbox import Outbox
from dispatch.sink import Parcel, Sink
from tocsin.runtime.logging import get_logger
from tocsin.time import HOUR_MS

FIRST_WAIT_MS: Final = 2_000
LONGEST_WAIT_MS: Final = 300_000
SPREAD: Final = 0.2
"""Waits are spread by this share, so that receivers that come back are not met by all at once."""
LONGEST_ASKED_MS: Final = HOUR_MS
"""The longest a receiver may ask to be left in peace."""
AT_ONCE: Final = 50
IDLE_SECS: Final = 1.0
Told = Literal["sent", "failed", "dead"]


class Courier:
    """Delivers the parcels of one sink.

    Args:
        sink: where to.
        outbox: where from.
        now: the clock, UTC milliseconds.
        count: told of each try: ``sent``, ``failed`` or ``dead``.
        chance: gives a number from 0 to 1, for the spread of waits.
    """

    def __init__(
        self,
        sink: Sink,
        outbox: Outbox,
        *,
        now: Callable[[], int],
        count: Callable[[str, Told], None] = lambda _sink, _told: None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._sink, self._outbox = sink, outbox
        self._now, self._count, self._chance = now, count, chance
        self._name = sink.settings.name
        self._away_until_at = 0
        self._away_times = 0
        self.broken: Exception | None = None
        """What ended its thread: a defect of ours, or an outbox that cannot be written."""
        self._log = get_logger("courier")
        self._more = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"courier {self._name}", daemon=True)

    @property
    def name(self) -> str:
        """The sink's name."""
        return self._name

    def step(self) -> int:
        """Try all that is due now; give how many were taken."""
        taken = 0
        while self._now() >= self._away_until_at:
            batch = self._outbox.due(self._name, self._now(), AT_ONCE)
            if not batch:
                break
            for parcel in batch:
                if self._stopped.is_set():
                    return taken
                taken += self._try(parcel)
                if self._now() < self._away_until_at:
                    break
        return taken

    def next_at(self) -> int | None:
        """Give when to look again; ``None`` when nothing waits."""
        due_at = self._outbox.next_at(self._name)
        return None if due_at is None else max(due_at, self._away_until_at)

    def start(self) -> None:
        """Deliver from a thread, until ``stop``."""
        self._thread.start()

    def wake(self) -> None:
        """Say that something was put in."""
        self._more.set()

    def stop(self, wait_secs: float) -> None:
        """End after the try that is under way; what waits stays in the outbox."""
        self._stopped.set()
        self._more.set()
        if self._thread.ident is not None:
            self._thread.join(wait_secs)
        self._sink.close()

    def _try(self, parcel: Parcel) -> bool:
        outcome = self._sink.deliver(parcel)
        now_at = self._now()
        if outcome.done:
            self._away_times = self._away_until_at = 0
            self._outbox.sent(self._name, parcel)
            self._count(self._name, "sent")
            return True
        give_up_ms = self._sink.settings.give_up_hours * HOUR_MS
        if outcome.never or now_at - parcel.put_at >= give_up_ms:
            self._outbox.give_up(self._name, parcel, outcome.why, now_at)
            self._count(self._name, "dead")
            self._log.error(
                "dead letter", sink=self._name, key=parcel.key, attempts=parcel.attempts + 1, why=outcome.why
            )
            return False
        if outcome.away:
            self._away_times += 1
            wait_ms = self._wait(self._away_times, outcome.wait_ms)
            self._away_until_at = now_at + wait_ms
        else:
            wait_ms = self._wait(parcel.attempts + 1, outcome.wait_ms)
        self._outbox.later(parcel, outcome.why, now_at + wait_ms)
        self._count(self._name, "failed")
        self._log.warning("not taken", sink=self._name, key=parcel.key, attempts=parcel.attempts + 1, why=outcome.why)
        return False

    def _wait(self, times: int, asked_ms: int | None) -> int:
        if asked_ms is not None:
            return min(max(asked_ms, FIRST_WAIT_MS), LONGEST_ASKED_MS)
        wait_ms = min(LONGEST_WAIT_MS, FIRST_WAIT_MS << min(times - 1, 20))
        return round(wait_ms * (1 + SPREAD * (2 * self._chance() - 1)))

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.step()
                next_at = self.next_at()
            except Exception as error:  # noqa: BLE001 - a thread would end in silence: whoever carries hears of it
                self.broken = error
                self._log.critical("courier broken", sink=self._name, error=f"{type(error).__name__}: {error}")
                return
            wait_secs = IDLE_SECS if next_at is None else min(IDLE_SECS, max(0.01, (next_at - self._now()) / 1_000))
            self._more.wait(wait_secs)
            self._more.clear()
