"""What a detector remembers, and the changes that hearing, deciding and speaking have in common."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from detectors.baseline import Baseline, History
from detectors.case import Case
from detectors.copies import Copies
from detectors.echo import Echo
from detectors.incident import absorb
from detectors.outages import LONGEST_MS, Outages
from detectors.pool import Pool
from detectors.reach import Reach
from detectors.voices import Voice
from detectors.watch import Watch
from tocsin.model import Place, SourceGap
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS

BEFORE_ALL: Final = 0
"""The instant of a detector that has closed no pane."""


class Memory:
    """The voices that no incident owns, the incidents, the watches, the ordinary days, and whose each voice is."""

    def __init__(self, settings: DetectorSettings, history: History | None = None) -> None:
        self.settings = settings
        self.pool = Pool(settings.max_pool_voices)
        self.copies = Copies(settings.copy_bits, settings.max_recent_fingerprints)
        self.baseline = Baseline(settings, history)
        self.pending: dict[int, None] = {}
        """Numbers of the voices that will be history when they are old enough, oldest first."""
        self.owned: OrderedDict[int, str] = OrderedDict()
        """Number of a voice to the incident that owns it, at most ``max_pool_voices``."""
        self.cases: dict[str, Case] = {}
        self.watches: dict[str, Watch] = {}
        self.outages = Outages()
        self.following = 0
        """The number of the next voice."""
        self.now_at = BEFORE_ALL
        """The end of the last pane."""
        self._echo: Echo | None = None
        self._reach = Reach((), settings)
        self._reach_holds = True

    # -- voices and incidents ------------------------------------------------------------------------------------------

    def case_of(self, number: int) -> Case | None:
        """Give the incident that owns a voice, if it is still alive."""
        return self.cases.get(self.owned.get(number, ""))

    def give(self, voice: Voice, case: Case) -> None:
        """Let an incident that took a voice in own it: nothing else can be raised by it."""
        self.pool.remove(voice.number)
        self._note_owner(voice, case)

    def claim(self, voice: Voice, case: Case, *, own: bool = True) -> None:
        """Let an incident take in a voice that it claims (``own``: as one of its own pace); it is of no other event."""
        absorb(case, voice, self.settings, own=own)
        self.give(voice, case)

    def claim_softly(self, voice: Voice, case: Case) -> None:
        """Let an incident take in a voice of the pool that may still be of another event: it stays in the pool."""
        absorb(case, voice, self.settings, own=False)
        self._note_owner(voice, case)

    def _note_owner(self, voice: Voice, case: Case) -> None:
        self.pending.pop(voice.number, None)
        self.owned[voice.number] = case.incident_id
        while len(self.owned) > self.settings.max_pool_voices:
            self.owned.popitem(last=False)

    def note_outages(self, gaps: Iterable[SourceGap]) -> None:
        """Take in what is told of sources that went away or came back; incidents say it from their next revision on."""
        for gap in gaps:
            self.outages.note(gap)
        self.outages.forget(self.now_at - LONGEST_MS - int(self.settings.close_mins * MINUTE_MS))
        away = self.outages.away(self.now_at)
        for case in self.cases.values():
            case.away = away

    def change(self, settings: DetectorSettings) -> None:
        """Go on with other settings; what was heard and decided stays."""
        self.settings = settings
        self.baseline = Baseline(settings, self.baseline.history)
        self.baseline.turn(self.now_at)
        self._reach = Reach(self.cases.values(), settings)
        self._echo = None

    # -- what is worked out from the incidents, and kept while it is true ----------------------------------------------

    def turn(self, now_at: int) -> None:
        """Go on to an instant."""
        self.now_at = now_at
        self._echo = None

    def cases_changed(self) -> None:
        """Say that an incident was raised, moved, widened or closed."""
        self._echo = None
        self._reach_holds = False

    def reach(self) -> Reach:
        """Give which incidents may claim what."""
        if not self._reach_holds:
            if not self._reach.holds(self.cases.values(), self.settings):
                self._reach = Reach(self.cases.values(), self.settings)
            self._reach_holds = True
        return self._reach

    def forget_echo(self) -> None:
        """Say that incidents heard voices: their pace, and so their echo, is another."""
        self._echo = None

    def echo_rate(self, hazard: str, place: Place | None) -> float:
        """Give the voices a minute expected to name a place (``None``: no place) because open incidents are talked of."""
        if self._echo is None:
            self._echo = Echo(self.cases.values(), self.now_at, self.baseline, self.settings)
        return self._echo.rate(hazard, place)
