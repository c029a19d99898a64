"""What a screen says of an incident: plain values for the templates, in the reader's language. Pure: no clock, no I/O."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from console.board import Board, Change, Entry
from console.trend import TREND_MS, Trend, trend
from console.words import HAZARDS, REASONS, WORDS, Lang, number, placed, span, told
from tocsin.model import HAZARDS as HAZARD_NAMES
from tocsin.model import OPEN, Incident, Zone
from tocsin.time import MINUTE_MS, SECOND_MS, format_instant

LEAST_SHARE: Final = 0.05
"""Other hazards are named down to this share."""
LEAST_JUDGED: Final = 20
"""A track record is said from so many judged signals on."""
SIGNS: Final = dict(zip((*HAZARD_NAMES, OPEN), "FRTAE!WSQCIPL?", strict=True))
"""One letter a hazard for the map and the list; the word always stands beside it."""


class Moment(msgspec.Struct, frozen=True):
    """An instant for reading: machine form, local clock, and how long ago."""

    iso: str
    clock: str
    ago: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list."""

    incident_id: str
    section: str
    sign: str
    state: str
    hazard: str
    place: str
    voices: str
    state_word: str
    raised: Moment
    raised_at: int
    verdicts: tuple[str, ...]
    seen_by: tuple[str, ...]
    """Centres: the sound stops for them."""


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One screen of one incident, in the order a dispatcher needs it."""

    row: Row
    seq: int
    revision: int
    hazards: str
    """Other hazards it might be, with their shares."""
    lat: float
    lon: float
    r50_km: float
    r90_km: float
    within: str
    first: Moment
    trend: Trend
    trend_word: str
    trend_detail: str
    reported: tuple[str, ...]
    inferred: tuple[str, ...]
    unknown: tuple[str, ...]
    voices: int
    witnesses: int
    located: int
    networks: str
    against: str
    track: str
    forgery: str
    usual: str
    evidence: str
    share: int
    """Evidence as a percentage of a bar on which the threshold stands at two thirds."""
    terms: tuple[str, ...]
    zones: tuple[tuple[Moment, str, str, str], ...]
    """Of a mass event: when its first voice was heard, where, how many voices, what they report."""
    history: tuple[tuple[Moment, str, str, str, int], ...]
    verdicts: tuple[tuple[Moment, str, str, str, str], ...]
    notices: tuple[tuple[Moment, str, str], ...]
    others: tuple[tuple[str, str], ...]
    """Identity and words of the signals it might repeat, the nearest first."""


def state_of(incident: Incident) -> str:
    """Give the state a reader sees: a cancelled signal was withdrawn, unless it closed or was explained."""
    if incident.msg_type == "Cancel" and incident.state != "explained" and incident.reason != "closed":
        return "withdrawn"
    return incident.state


def moment(at: int, now_at: int, lang: Lang, zone: ZoneInfo) -> Moment:
    """Give an instant for reading.

    >>> moment(0, 90_000, "en", ZoneInfo("Europe/Paris"))
    Moment(iso='1970-01-01T00:00:00.000Z', clock='01:00', ago='1 min ago')
    """
    local = datetime.fromtimestamp(at / SECOND_MS, tz=zone)
    today = datetime.fromtimestamp(now_at / SECOND_MS, tz=zone).date()
    clock = local.strftime("%H:%M") if local.date() == today else local.strftime("%d/%m %H:%M")
    seconds = max(0, now_at - at) // SECOND_MS
    words = WORDS[lang]
    if seconds < 60:
        ago = words["ago_s"].format(seconds)
    elif seconds < 7_200:
        ago = words["ago_min"].format(seconds // 60)
    else:
        ago = words["ago_h"].format(seconds // 3_600)
    return Moment(format_instant(at), clock, ago)


def voices(count: int, lang: Lang) -> str:
    """Write a count of voices.

    >>> voices(1, "en"), voices(2, "en"), voices(1, "fr")
    ('1 voice', '2 voices', '1 voix')
    """
    return "1 voice" if lang == "en" and count == 1 else WORDS[lang]["voices_n"].format(count)


def row(entry: Entry, now_at: int, lang: Lang, zone: ZoneInfo) -> Row:
    """Give one line of the list."""
    incident, words = entry.incident, WORDS[lang]
    state = state_of(incident)
    return Row(
        incident_id=incident.incident_id,
        section=entry.section,
        sign=SIGNS.get(incident.hazard, "?"),
        state="closed" if state == "withdrawn" else state,
        hazard=HAZARDS[lang].get(incident.hazard, incident.hazard),
        place=placed(incident.place, lang),
        voices=voices(incident.voices, lang),
        state_word=words[f"state_{state}"],
        raised=moment(incident.raised_at, now_at, lang, zone),
        raised_at=incident.raised_at,
        verdicts=tuple(
            f"{centre} : {words['done_' + verdict.decision]}" for centre, verdict in sorted(entry.standing().items())
        ),
        seen_by=entry.seen_by,
    )


def sheet(  # noqa: PLR0913  # what one screen is made of
    entry: Entry, now_at: int, lang: Lang, zone: ZoneInfo, *, record: tuple[int, int], alike: list[Entry]
) -> Sheet:
    """Give the screen of one incident.

    Args:
        entry: what is known of it.
        now_at: the stream's clock.
        lang: the reader's language.
        zone: the reader's time zone.
        record: how many signals of this kind were judged true here, and how many were judged.
        alike: signals it might repeat.
    """
    incident, words = entry.incident, WORDS[lang]
    grown = trend(entry.steps, incident.first_voice_at, now_at)
    others = [
        f"{HAZARDS[lang].get(name, name)} {round(share * 100)} %"
        for name, share in sorted(incident.hazards.items(), key=lambda one: (-one[1], one[0]))
        if name != incident.hazard and share >= LEAST_SHARE
    ]
    true, judged = record
    top = max(incident.threshold * 1.5, incident.evidence, 0.001)
    length = span(incident.window_ms, lang)
    usual = (
        words["usual_none"].format(length)
        if incident.expected < 0.05
        else words["usual_n"].format(number(incident.expected, lang), length)
    )
    return Sheet(
        row=row(entry, now_at, lang, zone),
        seq=entry.seq,
        revision=incident.revision,
        hazards=", ".join(others),
        lat=incident.lat,
        lon=incident.lon,
        r50_km=incident.r50_km,
        r90_km=incident.radius_km,
        within=words["within"].format(number(incident.radius_km, lang), number(incident.r50_km, lang)),
        first=moment(incident.first_voice_at, now_at, lang, zone),
        trend=grown,
        trend_word=words[f"trend_{grown.name}"],
        trend_detail=words["trend_detail"].format(grown.now, grown.before, TREND_MS // MINUTE_MS),
        reported=tuple(told(text, lang) for text in incident.reported),
        inferred=tuple(told(text, lang) for text in incident.inferred) if lang == "en" else _inferred(incident, lang),
        unknown=tuple(told(text, lang) for text in incident.unknown),
        voices=incident.voices,
        witnesses=incident.witnesses,
        located=incident.located_voices,
        networks=", ".join(incident.networks),
        against=words["against_n"].format(incident.denials) if incident.denials else words["against_none"],
        track=(words["track_known"] if judged >= LEAST_JUDGED else words["track_unknown"]).format(
            *((true, judged) if judged >= LEAST_JUDGED else (judged,))
        ),
        forgery=words["forgery_n"].format(incident.forgery_cost),
        usual=usual if incident.warm else f"{usual} ({words['cold']})",
        evidence=words["evidence_detail"].format(number(incident.evidence, lang), number(incident.threshold, lang)),
        share=round(100 * max(0.0, incident.evidence) / top),
        terms=incident.terms,
        zones=tuple(
            (moment(one.first_at, now_at, lang, zone), one.place, voices(one.voices, lang), _reports(one, lang))
            for one in incident.zones
        ),
        history=tuple(
            (
                moment(step.at, now_at, lang, zone),
                REASONS[lang].get(step.reason, step.reason),
                placed(step.place, lang),
                f"{number(step.radius_km, lang)} km",
                step.voices,
            )
            for step in reversed(entry.steps)
        ),
        verdicts=tuple(
            (
                moment(one.at, now_at, lang, zone),
                one.centre,
                one.operator,
                words["done_" + one.decision],
                words.get(f"reason_{one.reason}", one.reason),
            )
            for one in sorted((one for all_ in entry.verdicts.values() for one in all_), key=lambda one: -one.at)
        ),
        notices=tuple(
            (moment(one.at, now_at, lang, zone), one.centre, f"{one.status} · {one.msg_type}")
            for one in reversed(entry.notices)
        ),
        others=tuple((one.incident.incident_id, _named(one, now_at, lang, zone)) for one in alike),
    )


def _reports(zone: Zone, lang: Lang) -> str:
    ranked = sorted(zone.consequences.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{told(name, lang)} {count}" for name, count in ranked)


def _named(entry: Entry, now_at: int, lang: Lang, zone: ZoneInfo) -> str:
    found = row(entry, now_at, lang, zone)
    return f"{found.hazard} · {found.place} · {found.raised.clock}"


def _inferred(incident: Incident, lang: Lang) -> tuple[str, ...]:
    """Say in French what the detector concluded, from the same facts."""
    share = round(100 * incident.hazards.get(incident.hazard, 0.0))
    return (
        f"nature : {HAZARDS[lang].get(incident.hazard, incident.hazard).lower()} ({share} % de ce qui est dit)",
        f"lieu : {placed(incident.place, lang)}, à {number(incident.radius_km, lang)} km près neuf fois sur dix",
    )


def spoken(board: Board, change: Change, lang: Lang) -> str:
    """Give the words said aloud for a change, or nothing for a silent one."""
    entry = board.get(change.incident_id)
    if not change.loud or entry is None:
        return ""
    incident, words = entry.incident, WORDS[lang]
    hazard, place = HAZARDS[lang].get(incident.hazard, incident.hazard), placed(incident.place, lang)
    if change.kind == "verdict":
        latest = max((one for all_ in entry.verdicts.values() for one in all_), key=lambda one: one.at)
        return words["say_verdict"].format(hazard, place, words["done_" + latest.decision], latest.centre)
    if change.kind == "alert":
        return words["say_alert"].format(hazard, place, entry.notices[-1].centre)
    return words[f"say_{incident.reason}"].format(hazard, place, incident.voices)
