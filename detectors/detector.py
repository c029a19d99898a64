"""The detector: items in, revisions of incidents out, pane by pane, depending on nothing but its items in canonical order."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence

import msgspec

from detectors import incident as life
from detectors.baseline import Baseline, History
from detectors.claims import is_core, owner_of
from detectors.echo import Echo
from detectors.explanation import standing
from detectors.floors import least_threshold, passes
from detectors.hazards import touched
from detectors.hypothesis import Hypothesis, weigh, weigh_told
from detectors.incident import Case
from detectors.merge import are_one, merge
from detectors.panes import Item, Pane, PaneBuffer
from detectors.pool import Pool
from detectors.reach import Reach
from detectors.state import State
from detectors.telling import listen, may_pass
from detectors.voices import Copies, Voice, sharpened, voice_of
from detectors.watch import Watch
from detectors.watch import hold as watch_hold
from detectors.watch import revision as watch_revision
from tocsin.model import GeocodeResult, Incident, Mention, Place, Retraction, SettingsChange
from tocsin.settings.detector import DetectorSettings
from tocsin.time import MINUTE_MS, Panes

MOST_SEEDS: int = 64
"""Hypotheses weighed for one pane because of new voices, and as many because they are watched: those most named, then the latest."""
SEEDS_OF_UNLOCATED: int = 8
"""Places that a voice without a place makes worth weighing again: the latest named ones of its hazard."""


class Detector:
    """Turns mentions into incidents.

    Args:
        settings: thresholds, windows, limits.
        panes: the grid of panes and the lateness.
        history: what ordinary days were heard before (``detectors.prior``); it is taken over, so give each detector its own.

    ``feed`` takes items of any pane that is not closed, in any order; ``advance`` closes panes and gives the revisions they cause, in
    order; ``finish`` closes what is left. What comes out depends only on the set of items and exposures, not on their order or batches.
    """

    def __init__(
        self, settings: DetectorSettings | None = None, panes: Panes | None = None, history: History | None = None
    ) -> None:
        self._settings = settings or DetectorSettings()
        self._panes = panes or Panes()
        self._buffer = PaneBuffer(self._panes)
        self._pool = Pool(self._settings.max_pool_voices)
        self._copies = Copies(self._settings.copy_bits, self._settings.max_recent_fingerprints)
        self._baseline = Baseline(self._settings, history)
        self._pending: dict[int, None] = {}
        self._owned: dict[int, str] = {}
        self._cases: dict[str, Case] = {}
        self._watches: dict[str, Watch] = {}
        self._reach = Reach((), self._settings)
        self._reach_holds = True
        self._echo: Echo | None = None
        self._following = 0
        self._now_at = 0

    @property
    def settings(self) -> DetectorSettings:
        """The settings in force: those given, or those of the last ``SettingsChange`` that has acted."""
        return self._settings

    # -- input --------------------------------------------------------------------------------------------------------

    def feed(self, items: Sequence[Item]) -> None:
        """Take items of panes that are not closed yet.

        Raises:
            ValueError: an item's pane is closed: the caller counts it as late and does not feed it.
        """
        for item in items:
            self._buffer.add(item)

    def exposure(self, pane_start_at: int, source: str, posts: int) -> None:
        """Record that a source had ``posts`` posts (gated or not) in a pane that is not closed yet."""
        self._buffer.expose(pane_start_at, source, posts)

    # -- output -------------------------------------------------------------------------------------------------------

    def advance(self, watermark_at: int) -> list[Incident]:
        """Close the panes whose end plus lateness the watermark has reached; give the revisions they cause, in order."""
        written: list[Incident] = []
        for pane in self._buffer.close(watermark_at):
            written += self._live_through(pane)
        return written

    def finish(self) -> list[Incident]:
        """Close every pane that holds something."""
        last = self._buffer.last_start_at
        return [] if last is None else self.advance(self._panes.closes_at(last))

    def _live_through(self, pane: Pane) -> list[Incident]:
        spoken_at = pane.end_at + self._panes.lateness_ms
        minutes = self._panes.width_ms / MINUTE_MS if self._now_at == 0 else (pane.end_at - self._now_at) / MINUTE_MS
        self._now_at = pane.end_at
        written = self._grow_old(spoken_at)
        if pane.posts:
            self._baseline.expose(pane.end_at, sum(pane.posts.values()), minutes)
        self._baseline.turn(pane.end_at)
        new: list[Voice] = []
        changes: list[SettingsChange] = []
        for item in pane.items:
            if isinstance(item, Mention):
                new += self._hear(item)
            elif isinstance(item, Retraction):
                for post_id in item.post_ids:
                    self._take_back(post_id)
            elif isinstance(item, GeocodeResult):
                self._sharpen(item)
            else:
                changes.append(item)
        written += self._raise_what_passes(new, spoken_at, pane.start_at)
        written += self._speak(spoken_at)
        for change in changes:
            self._change_settings(change)
        return written

    # -- hearing ------------------------------------------------------------------------------------------------------

    def _hear(self, mention: Mention) -> list[Voice]:
        """Take in a mention; give its voice if it is new and no incident claims it."""
        known = self._copies.find(mention.post_id, mention.fingerprint, mention.repost_of)
        if known is not None:
            self._copies.add(known, mention.post_id, mention.fingerprint, mention.repost_of)
            case = self._cases.get(self._owned.get(known, ""))
            if case is not None:
                case.copies += 1
            return []
        voice = voice_of(mention, self._following, self._settings)
        self._following += 1
        self._copies.add(voice.number, mention.post_id, mention.fingerprint, mention.repost_of)
        case = owner_of(voice, self._reaching().may_claim(voice), self._settings)
        if case is not None:
            core = voice.role != "event" or is_core(voice, case, self._settings)
            self._own(case, voice, own=core or not voice.places)
            if core:
                return []
            self._pool.add(voice)  # it may still be of another event, measured against the talk about this one
            return [voice] if voice.places else []
        self._pool.add(voice)
        self._pending[voice.number] = None
        if not voice.places and voice.role == "event":
            self._baseline.hear_unlocated(voice)
        return [voice]

    def _reaching(self) -> Reach:
        """Give which incidents reach where; it is made anew only when one of them was raised, moved or closed."""
        if not self._reach_holds:
            if not self._reach.holds(self._cases.values(), self._settings):
                self._reach = Reach(self._cases.values(), self._settings)
            self._reach_holds = True
        return self._reach

    def _own(self, case: Case, voice: Voice, *, own: bool = True) -> None:
        life.absorb(case, voice, self._settings, own=own)
        self._pool.remove(voice.number)
        self._pending.pop(voice.number, None)
        self._owned[voice.number] = case.incident_id
        while len(self._owned) > self._settings.max_pool_voices:
            del self._owned[next(iter(self._owned))]

    def _take_back(self, post_id: str) -> None:
        """A post was deleted: its voice is gone, from the pool or from its incident."""
        number = self._copies.forget(post_id)
        if number is None:
            return
        self._pending.pop(number, None)
        self._pool.remove(number)
        case = self._cases.get(self._owned.pop(number, ""))
        if case is not None:
            life.take_back(case, {post_id}, self._settings)

    def _sharpen(self, answer: GeocodeResult) -> None:
        """A geocoder answered: the voice's place is sharper, in the pool or in the incident that owns it."""
        number = self._copies.number_of(answer.post_id)
        if number is None:
            return
        voice = self._pool.get(number)
        if voice is not None:
            self._pool.remove(number)
            self._pool.replace(sharpened(voice, answer.place))
        case = self._cases.get(self._owned.get(number, ""))
        if case is not None:
            life.sharpen(case, answer.post_id, answer.place)

    def _change_settings(self, change: SettingsChange) -> None:
        section = tomllib.loads(change.toml).get("detector", {})
        self._settings = DetectorSettings.model_validate(section)
        self._baseline = Baseline(self._settings, self._baseline.history)
        self._reach = Reach(self._cases.values(), self._settings)
        self._baseline.turn(self._now_at)

    # -- deciding -----------------------------------------------------------------------------------------------------

    def _echo_rate(self, hazard: str, place: Place | None) -> float:
        if self._echo is None:
            self._echo = Echo(self._cases.values(), self._now_at, self._baseline, self._settings)
        return self._echo.rate(hazard, place)

    def _weigh(self, hazard: str, seed: Place) -> Hypothesis | None:
        return weigh(hazard, seed, self._now_at, self._pool, self._baseline, self._echo_rate, self._settings)

    def _consider(self, hazard: str, seed: Place) -> Hypothesis | None:
        """Weigh a hypothesis, unless what may be told of it cannot meet the floors and no explanation is to be shown."""
        told = listen(hazard, seed, self._now_at, self._pool, self._settings)
        if not may_pass(told, hazard, self._settings) and standing(told.other, told.located) is None:
            return None
        least = least_threshold(self._settings)
        return weigh_told(hazard, seed, self._now_at, told, self._baseline, self._echo_rate, self._settings, least)

    def _passes(self, found: Hypothesis) -> bool:
        return passes(found, self._settings)

    def _seeds(self, new: Sequence[Voice]) -> list[tuple[str, Place]]:
        """Give the hazards and places worth weighing because of new voices, in a fixed order: those most named in the pane."""
        named: dict[tuple[str, str], tuple[int, Place]] = {}

        def name(hazards: Sequence[str], places: Sequence[Place]) -> None:
            for hazard in hazards:
                for place in places:
                    times, _ = named.pop((hazard, place.id), (0, place))
                    named[hazard, place.id] = (times + 1, place)

        events = [voice for voice in new if voice.role == "event"]
        for voice in events:
            if voice.fine:
                name(touched(voice.hazards), voice.fine)
        for voice in events[-MOST_SEEDS:]:
            hazards = touched(voice.hazards)
            if not voice.fine or not hazards:
                others = self._pool.latest_located(voice, SEEDS_OF_UNLOCATED)
                places = voice.fine or [other.fine[0] for other in others]
                name(hazards or tuple(dict.fromkeys(h for other in others for h in touched(other.hazards))), places)
        latest_first = list(named.items())[::-1]
        latest_first.sort(key=lambda item: -item[1][0])
        seeds = {key: place for key, (_, place) in latest_first[:MOST_SEEDS]}
        seeds |= {(watch.hazard, watch.seed.id): watch.seed for watch in list(self._watches.values())[-MOST_SEEDS:]}
        return [(hazard, place) for (hazard, _), place in seeds.items()]

    def _raise_what_passes(self, new: Sequence[Voice], spoken_at: int, pane_start_at: int) -> list[Incident]:
        self._echo = None
        written: list[Incident] = []
        found = [(seed, weighed) for hazard, seed in self._seeds(new) if (weighed := self._consider(hazard, seed))]
        found.sort(key=lambda pair: (-pair[1].nats, pair[1].hazard, pair[0].id))
        changed = False
        for seed, weighed in found:
            hypothesis = self._weigh(weighed.hazard, seed) if changed else weighed
            if hypothesis is None:
                continue
            if not self._passes(hypothesis):
                if hypothesis.explained is not None:
                    written += self._hold(hypothesis, seed, spoken_at, hypothesis.explained)
                continue
            heard_for_ms = self._now_at - hypothesis.voices[0].at
            if hypothesis.mere_perception and heard_for_ms < self._settings.watch_secs * 1_000:
                written += self._hold(hypothesis, seed, spoken_at, "")
                continue
            written.append(self._raise(hypothesis, spoken_at, pane_start_at))
            changed = True
        return written

    def _hold(self, found: Hypothesis, seed: Place, spoken_at: int, explained: str) -> list[Incident]:
        key = f"{found.hazard}:{seed.id}:{explained}"
        if key in self._watches or len(self._watches) >= self._settings.max_open_incidents:
            return []
        wait_ms = self._settings.explanation_mins * MINUTE_MS if explained else self._settings.watch_secs * 2_000
        watch = watch_hold(found, seed, spoken_at, spoken_at + int(wait_ms), explained)
        self._watches[key] = watch
        return [watch_revision(watch, found, spoken_at, "explained" if explained else "raised", self._settings)]

    def _raise(self, found: Hypothesis, spoken_at: int, pane_start_at: int) -> Incident:
        warm = self._baseline.warm(found.where.place)
        case = life.open_case(found, spoken_at, pane_start_at, self._settings, warm=warm)
        self._cases[case.incident_id] = case
        self._give_up([voice for voice in found.voices if voice.number in self._owned])
        for voice in found.voices:
            self._pool.remove(voice.number)
            self._pending.pop(voice.number, None)
            self._owned[voice.number] = case.incident_id
        for voice in self._pool.near(case.place, case.reach_km(self._settings)):
            if owner_of(voice, (case,), self._settings) is not None:
                self._own(case, voice)
        case.touched = False
        self._echo = None
        self._reach_holds = False
        return life.revise(case, spoken_at, "raised", self._settings)

    def _give_up(self, voices: Sequence[Voice]) -> None:
        """Let incidents give up voices that they claimed softly and that now speak for another."""
        by_case: dict[str, set[str]] = {}
        for voice in voices:
            by_case.setdefault(self._owned[voice.number], set()).add(voice.post_id)
        for incident_id, post_ids in by_case.items():
            if incident_id in self._cases:
                life.take_back(self._cases[incident_id], post_ids, self._settings)

    # -- speaking again -----------------------------------------------------------------------------------------------

    def _speak(self, spoken_at: int) -> list[Incident]:
        written: list[Incident] = []
        touched = [case for case in self._cases.values() if case.touched]
        if touched:
            self._reach_holds = False
        for case in touched:
            case.touched = False
            life.locate(case, self._settings)
        for case in touched:
            written += self._merge(case, spoken_at)
        for case in touched:
            reason = life.next_reason(case, spoken_at, self._settings)
            if reason is not None:
                case.state = "explained" if reason == "withdrawn" else "open"
                written.append(life.revise(case, spoken_at, reason, self._settings))
        return written

    def _merge(self, case: Case, spoken_at: int) -> list[Incident]:
        for other in list(self._cases.values()):
            if other is case or not {other.state, case.state} <= life.RAISED_STATES:
                continue
            if are_one(case, other, self._settings):
                older, younger = sorted((case, other), key=lambda c: (c.raised_at, c.incident_id))
                merge(older, younger, self._settings)
                cancelled = life.revise(younger, spoken_at, "merged", self._settings)
                older.touched = False
                return [cancelled, life.revise(older, spoken_at, "merged", self._settings)]
        return []

    def _grow_old(self, spoken_at: int) -> list[Incident]:
        """Let the silent go quiet and close, the old voices go, and the past become history."""
        self._echo = None
        self._learn()
        keep_mins = max(*self._settings.windows_mins, self._settings.baseline_guard_mins)
        self._pool.expire(self._now_at - int(keep_mins * MINUTE_MS))
        self._pool.talk.forget(self._now_at)
        for key in [key for key, watch in self._watches.items() if watch.until_at <= spoken_at]:
            del self._watches[key]
        written: list[Incident] = []
        for case in list(self._cases.values()):
            written += self._fall_silent(case, spoken_at)
        return written

    def _learn(self) -> None:
        """Let ordinary voices that are old enough become history."""
        guard_at = self._now_at - int(self._settings.baseline_guard_mins * MINUTE_MS)
        while self._pending:
            voice = self._pool.get(next(iter(self._pending)))
            if voice is not None and voice.at > guard_at:
                break
            if voice is not None and voice.role == "event":
                self._baseline.learn(voice)
            del self._pending[next(iter(self._pending))]

    def _fall_silent(self, case: Case, spoken_at: int) -> list[Incident]:
        silent_ms = self._now_at - case.last_voice_at
        if case.state == "closed" or silent_ms >= self._settings.close_mins * MINUTE_MS:
            self._reach_holds = False
            del self._cases[case.incident_id]
            was_raised, case.state = case.state in life.RAISED_STATES, "closed"
            return [life.revise(case, spoken_at, "closed", self._settings)] if was_raised else []
        if case.state == "open" and silent_ms >= self._settings.quiet_mins * MINUTE_MS:
            case.state = "quiet"
            return [life.revise(case, spoken_at, "quiet", self._settings)]
        return []

    # -- memory -------------------------------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """Give all that is remembered, as bytes from which ``restore`` makes an equal detector."""
        items, posts, closed_before = self._buffer.snapshot()
        prints, print_numbers, print_next, print_posts = self._copies.snapshot()
        state = State(
            following=self._following,
            now_at=self._now_at,
            pool=list(self._pool),
            pending=list(self._pending),
            cases=list(self._cases.values()),
            watches=list(self._watches.items()),
            history=self._baseline.history,
            prints=prints,
            print_numbers=print_numbers,
            print_next=print_next,
            print_posts=print_posts,
            owned=self._owned,
            mentions=[item for item in items if isinstance(item, Mention)],
            retractions=[item for item in items if isinstance(item, Retraction)],
            answers=[item for item in items if isinstance(item, GeocodeResult)],
            changes=[item for item in items if isinstance(item, SettingsChange)],
            posts=posts,
            closed_before=closed_before,
            settings=self._settings.model_dump_json(),
        )
        return msgspec.msgpack.encode(state)

    @classmethod
    def restore(cls, data: bytes, panes: Panes | None = None) -> Detector:
        """Make the detector of a snapshot, with the settings that were in force.

        Raises:
            msgspec.DecodeError: the bytes are no snapshot of this version.
        """
        state = msgspec.msgpack.decode(data, type=State)
        detector = cls(DetectorSettings.model_validate_json(state.settings), panes)
        items: list[Item] = [*state.mentions, *state.retractions, *state.answers, *state.changes]
        detector._buffer.restore(items, state.posts, state.closed_before)
        detector._pool.restore(state.pool)
        detector._pool.talk.forget(state.now_at)
        detector._copies.restore(state.prints, state.print_numbers, state.print_next, state.print_posts)
        detector._baseline = Baseline(detector._settings, state.history)
        detector._now_at, detector._following = state.now_at, state.following
        if state.now_at:
            detector._baseline.turn(state.now_at)
        detector._pending = dict.fromkeys(state.pending)
        detector._owned = state.owned
        detector._cases = {case.incident_id: case for case in state.cases}
        detector._reach_holds = False
        detector._watches = dict(state.watches)
        return detector
