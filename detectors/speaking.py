"""Speaking again: incidents that heard something are located anew, merged, revised; silent ones go quiet and close."""

from __future__ import annotations

from detectors.case import RAISED_STATES, Case
from detectors.incident import locate
from detectors.memory import Memory
from detectors.merge import are_one, merge
from detectors.revision import new_zones, next_reason, revise
from tocsin.model import Incident
from tocsin.time import MINUTE_MS


def speak(memory: Memory, spoken_at: int) -> list[Incident]:
    """Give the revisions of the incidents that this pane touched and that have something to say."""
    written: list[Incident] = []
    touched = [case for case in memory.cases.values() if case.touched]
    if touched:
        memory.cases_changed()
    for case in touched:
        case.touched = False
        locate(case, memory.settings)
    for case in touched:
        written += _merge(memory, case, spoken_at)
    for case in touched:
        reason = next_reason(case, spoken_at, memory.settings)
        if reason is not None:
            case.state = "explained" if reason == "withdrawn" else "open"
            written.append(revise(case, spoken_at, reason, memory.settings))
        elif case.state == "open" and new_zones(case):
            written.append(revise(case, spoken_at, "grown", memory.settings, zones_only=True))
    return written


def grow_old(memory: Memory, spoken_at: int) -> list[Incident]:
    """Let the old voices, the watches that are over and the silent incidents go; give what the last have to say."""
    settings = memory.settings
    keep_mins = max(*settings.windows_mins, settings.baseline_guard_mins)
    memory.pool.expire(memory.now_at - int(keep_mins * MINUTE_MS))
    memory.pool.talk.forget(memory.now_at)
    for key in [key for key, watch in memory.watches.items() if watch.until_at <= spoken_at]:
        del memory.watches[key]
    return [said for case in list(memory.cases.values()) for said in _fall_silent(memory, case, spoken_at)]


def _merge(memory: Memory, case: Case, spoken_at: int) -> list[Incident]:
    for other in memory.cases.values():
        if other is case or not {other.state, case.state} <= RAISED_STATES:
            continue
        if are_one(case, other, memory.settings):
            older, younger = sorted((case, other), key=lambda c: (c.raised_at, c.incident_id))
            merge(older, younger, memory.settings)
            cancelled = revise(younger, spoken_at, "merged", memory.settings)
            older.touched = False
            return [cancelled, revise(older, spoken_at, "merged", memory.settings)]
    return []


def _fall_silent(memory: Memory, case: Case, spoken_at: int) -> list[Incident]:
    silent_ms = memory.outages.heard_ms(case.last_voice_at, memory.now_at)
    if case.state == "closed" or silent_ms >= memory.settings.close_mins * MINUTE_MS:
        memory.cases_changed()
        del memory.cases[case.incident_id]
        was_raised, case.state = case.state in RAISED_STATES, "closed"
        return [revise(case, spoken_at, "closed", memory.settings)] if was_raised else []
    if case.state == "open" and silent_ms >= memory.settings.quiet_mins * MINUTE_MS:
        case.state = "quiet"
        case.silent_at = case.silent_at or spoken_at
        return [revise(case, spoken_at, "quiet", memory.settings)]
    if case.state == "open" and memory.now_at - case.last_voice_at >= memory.settings.quiet_mins * MINUTE_MS:
        return _silent_unheard(memory, case, spoken_at)
    return []


def _silent_unheard(memory: Memory, case: Case, spoken_at: int) -> list[Incident]:
    """Say once an outage that nothing is heard of an incident because a source is away: it stays open."""
    latest = max((one.from_at for one in case.away), default=None)
    if latest is None or latest == case.said_away_at:
        return []
    case.said_away_at = latest
    return [revise(case, spoken_at, "quiet", memory.settings)]
