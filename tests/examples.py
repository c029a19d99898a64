"""Incidents, verdicts, territories and an audit log that tests share; and random ones."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st

from tocsin.model import HAZARDS, Alert, AreaMass, Incident, Reference, Verdict
from tocsin.runtime.audit import AuditEntry
from tocsin.settings.territory import TerritorySettings

T0 = 1_775_540_880_000  # 2026-04-07T05:48:00Z
LOIRE = TerritorySettings(centre="cta-44", name="CTA 44", departements=("44",), recipients=("fr.fire.sdis440",))
MAINE = TerritorySettings(centre="cta-49", name="CTA 49", departements=("49",), recipients=("fr.fire.sdis490",))
VENDEE = TerritorySettings(centre="cta-85", name="CTA 85", departements=("85",), lang="en")
NANTES = AreaMass(
    place="Nantes", mass=0.7, lat=47.218, lon=-1.553, country="FR", region="52", departement="44", commune="44109"
)
ANGERS = AreaMass(
    place="Angers", mass=0.2, lat=47.473, lon=-0.555, country="FR", region="52", departement="49", commune="49007"
)
LUCON = AreaMass(
    place="Luçon", mass=0.1, lat=46.455, lon=-1.166, country="FR", region="52", departement="85", commune="85128"
)


def incident(revision=1, **other):
    """One revision of a fire in Nantes; anything else by name."""
    values = {
        "incident_id": "i1",
        "revision": revision,
        "msg_type": "Alert" if revision == 1 else "Update",
        "reason": "raised" if revision == 1 else "grown",
        "state": "open",
        "hazard": "fire",
        "hazards": {"fire": 1.0},
        "lat": 47.218,
        "lon": -1.553,
        "radius_km": 2.0,
        "r50_km": 1.0,
        "place": "Nantes",
        "place_id": "fr:44109",
        "country": "FR",
        "region": "52",
        "departement": "44",
        "commune": "44109",
        "raised_at": T0,
        "updated_at": T0 + (revision - 1) * 60_000,
        "first_voice_at": T0 - 120_000,
        "voices": 3 * revision,
        "witnesses": 2,
        "networks": ("bluesky", "mastodon"),
        "evidence": 12.5,
        "threshold": 10.7,
        "expected": 0.01,
        "window_ms": 600_000,
        "forgery_cost": 3,
        "terms": ("feu", "fumée"),
        "areas": (NANTES, ANGERS, LUCON),
    }
    return Incident(**(values | other))


def verdict(decision="confirmed", centre="cta-44", **other):
    """A verdict of one operator of a centre."""
    values = {
        "incident_id": "i1",
        "centre": centre,
        "operator": "operator-7",
        "at": T0 + 90_000,
        "decision": decision,
        "reason": "nothing seen on site" if decision == "rejected" else "",
        "duplicate_of": "i0" if decision == "duplicate" else "",
    }
    return Verdict(**(values | other))


def alert(**other):
    """One unjudged alert on ``incident()``."""
    values = {
        "alert_id": "a1b2c3d4e5f60718",
        "incident_id": "i1",
        "centre": "cta-44",
        "sequence": 1,
        "sent_at": T0,
        "status": "Draft",
        "msg_type": "Alert",
        "cause": "raised",
        "delivery": "interrupt",
        "mass": 0.7,
        "lead": True,
        "centres": ("cta-44", "cta-49"),
        "recipients": ("fr.fire.sdis440",),
        "urgency": "Immediate",
        "incident": incident(),
    }
    return Alert(**(values | other))


words = st.text(max_size=24)  # markup, control characters, quotes, right-to-left marks and all
instants = st.integers(0, 4_000_000_000_000)
degrees = st.floats(-89.0, 89.0).map(lambda value: round(value, 6))
radii = st.floats(0.5, 400.0).map(lambda value: round(value, 3))
consequences = st.dictionaries(
    st.sampled_from(["dead", "injured", "trapped", "missing", "damage", "blocked"]), st.integers(1, 50)
)
areas = st.builds(
    AreaMass,
    place=words,
    mass=st.floats(0.01, 1.0).map(lambda value: round(value, 4)),
    lat=degrees,
    lon=degrees,
    country=st.sampled_from(["FR", "", "GB"]),
    departement=st.sampled_from([None, "44", "49", "2A"]),
    commune=st.sampled_from([None, "44109", "2A004"]),
)


@st.composite
def random_incidents(draw):
    """Incidents of every hazard and state, with any text in them."""
    return incident(
        draw(st.integers(1, 9)),
        incident_id=draw(st.from_regex(r"[0-9a-f]{16}", fullmatch=True)),
        msg_type=draw(st.sampled_from(["Alert", "Update", "Cancel"])),
        state=draw(st.sampled_from(["watch", "open", "quiet", "closed", "explained"])),
        hazard=draw(st.sampled_from([*HAZARDS, "open", "something new"])),
        lat=draw(degrees),
        lon=draw(degrees),
        radius_km=draw(radii),
        place=draw(words),
        country=draw(st.sampled_from(["FR", "", "GB"])),
        raised_at=draw(instants),
        updated_at=draw(instants),
        first_voice_at=draw(instants),
        voices=draw(st.integers(1, 10_000)),
        witnesses=draw(st.integers(0, 50)),
        denials=draw(st.integers(0, 50)),
        networks=tuple(draw(st.lists(words, max_size=3))),
        evidence=draw(st.floats(-50, 5_000)),
        terms=tuple(draw(st.lists(words, max_size=8))),
        areas=tuple(draw(st.lists(areas, max_size=4))),
        consequences=draw(consequences),
        lineage=tuple(draw(st.lists(st.from_regex(r"[0-9a-f]{16}", fullmatch=True), max_size=2))),
    )


@st.composite
def random_alerts(draw):
    """Alerts of every kind on random incidents."""
    told = draw(random_incidents())
    return msgspec.structs.replace(
        alert(),
        incident=told,
        incident_id=told.incident_id,
        sent_at=draw(instants),
        status=draw(st.sampled_from(["Actual", "Exercise", "Test", "Draft"])),
        msg_type=draw(st.sampled_from(["Alert", "Update", "Cancel"])),
        cause=draw(st.sampled_from(["raised", "verdict:confirmed", "left", "exercise"])),
        evaluation=draw(st.sampled_from(["unjudged", "confirmed", "rejected", "checking"])),
        references=tuple(
            draw(st.lists(st.builds(Reference, st.from_regex(r"[0-9a-f]{16}", fullmatch=True), instants), max_size=3))
        ),
        recipients=tuple(draw(st.lists(words, max_size=3))),
        lang=draw(st.sampled_from(["fr", "en"])),
        exercise=draw(words),
        exercise_of=draw(st.sampled_from(["", "cta-44"])),
        urgency=draw(st.sampled_from(["Immediate", "Past", "Unknown"])),
        severity=draw(st.sampled_from(["Extreme", "Severe", "Unknown"])),
        certainty=draw(st.sampled_from(["Observed", "Possible", "Unlikely"])),
    )


class AuditInMemory:
    """An audit log in memory."""

    def __init__(self):
        self.entries = []

    def append(self, *, at, who, action, about, detail):
        entry = AuditEntry(number=len(self.entries) + 1, at=at, who=who, action=action, about=about, detail=detail)
        self.entries.append(entry)
        return entry

    def latest(self, count):
        return self.entries[::-1][:count]

    def verify(self):
        return True, len(self.entries)
