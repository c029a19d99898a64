"""The zones of a mass event on their way out: who is told, what rings, and what every form says of them."""

from __future__ import annotations

import json

import jsonschema
import msgspec
import pytest
from dispatch_schemas import cap_faults, emsi_model
from examples import LOIRE, MAINE, NANTES, T0, VENDEE, alert, incident

from dispatch import cap, cap_notice, edxl, tell
from dispatch.geojson import write
from dispatch.interruption import ZONES_AN_HOUR
from dispatch.json import line
from dispatch.public import decode, encode, schema
from dispatch.territory import TOLD_MASS
from dispatch.verdicts import VerdictGate
from tocsin import wire
from tocsin.model import Alert, Incident, Zone


def zone(name, lat, lon, voices, departement="44", **other):
    values = {"place": name, "place_id": name.lower(), "lat": lat, "lon": lon, "voices": voices, "radius_km": 4.5}
    codes = {"country": "FR", "region": "52", "departement": departement, "first_at": T0 - 60_000}
    return Zone(**(values | codes | other))


CITY = zone("Nantes", 47.218, -1.553, 30, consequences={"damage": 4, "injured": 1})
PORT = zone("Saint-Nazaire", 47.273, -2.214, 8)
NORTH = zone("Châteaubriant", 47.717, -1.376, 5)
EAST = zone("Ancenis", 47.366, -1.176, 4)
ANGERS = zone("Angers", 47.473, -0.555, 6, "49")


def storm(revision=1, *zones, **other):
    values = {"hazard": "storm", "hazards": {"storm": 1.0}, "radius_km": 60.0, "areas": (NANTES,), "zones": zones}
    return incident(revision, **(values | other))


# -- who is told


def test_a_centre_is_told_when_people_of_its_territory_tell_of_it():
    gate = VerdictGate((LOIRE, MAINE, VENDEE))
    assert [one.centre for one in gate.feed(storm())] == ["cta-44"]
    told = gate.feed(storm(2, CITY, ANGERS))
    assert [(one.centre, one.msg_type, one.delivery) for one in told] == [
        ("cta-44", "Update", "silent"),
        ("cta-49", "Alert", "interrupt"),
    ]
    assert told[1].mass == TOLD_MASS
    assert not told[1].lead


# -- what rings


def deliveries(gate, *revisions):
    return [one.delivery for revision in revisions for one in gate.feed(revision) if one.centre == "cta-44"]


def test_a_new_zone_of_the_territory_rings_and_the_third_within_the_hour_is_told_in_the_digest():
    gate = VerdictGate((LOIRE, MAINE), an_hour=100)
    revisions = [storm(), storm(2, CITY), storm(3, CITY, PORT), storm(4, CITY, PORT, NORTH)]
    assert deliveries(gate, *revisions) == ["interrupt", "silent", "interrupt", "interrupt"]
    assert ZONES_AN_HOUR == 2
    (fifth,) = gate.feed(storm(5, CITY, PORT, NORTH, EAST))
    assert (fifth.delivery, fifth.delivery_reason) == (
        "digest",
        "enough new zones of it have rung within the hour: told in the digest",
    )
    assert deliveries(gate, storm(6, CITY, PORT, NORTH, EAST)) == ["silent"]  # nothing is told twice
    (digest,) = gate.digests(T0 + 3_600_000)
    assert digest.alerts == (fifth.alert_id,)


def test_an_hour_later_a_new_zone_rings_again():
    gate = VerdictGate((LOIRE,))
    later = storm(4, CITY, PORT, NORTH, EAST, updated_at=T0 + 2 * 3_600_000)
    assert deliveries(gate, storm(), storm(2, PORT), storm(3, PORT, NORTH), later)[-1] == "interrupt"


def test_a_zone_near_what_was_told_or_in_another_territory_does_not_ring():
    gate = VerdictGate((LOIRE,))
    near = zone("Rezé", 47.19, -1.55, 9)
    assert deliveries(gate, storm(), storm(2, near, ANGERS)) == ["interrupt", "silent"]


def test_new_zones_obey_the_budget_of_all_interruptions():
    gate = VerdictGate((LOIRE,), an_hour=1, distant_km=20.0)
    others = [storm(incident_id=name) for name in ("a", "b")]
    near_port = storm(incident_id="c", lat=47.27, lon=-2.2)
    for one in (*others, near_port):
        gate.feed(one)
    assert deliveries(gate, storm(2, PORT, incident_id="a")) == ["digest"]


def test_a_snapshot_keeps_what_was_told_and_rung():
    whole, first = VerdictGate((LOIRE,)), VerdictGate((LOIRE,))
    story = [storm(), storm(2, PORT), storm(3, PORT, NORTH), storm(4, PORT, NORTH, EAST)]
    expected = deliveries(whole, *story)
    before = deliveries(first, *story[:3])
    second = VerdictGate((LOIRE,))
    second.restore(first.memory.snapshot())
    assert before + deliveries(second, story[3]) == expected == ["interrupt", "interrupt", "interrupt", "digest"]


# -- what is said


def told(**other):
    return alert(incident=storm(2, CITY, PORT, **other))


def test_cap_has_an_area_a_zone_and_the_official_schema_takes_it():
    document = cap_notice.document(told(), "tocsin.example")
    assert cap_faults(document) == []
    french, english = cap.read(document).infos
    assert [area.description for area in french.areas] == [
        "Nantes",
        "Nantes (30 voix : dégâts 4, blessés 1)",
        "Saint-Nazaire (8 voix)",
    ]
    assert english.areas[1].description == "Nantes (30 voices: damage 4, injured 1)"
    assert french.areas[2].circles == (cap.CapCircle(47.273, -2.214, 4.5),)
    assert ("INSEE:departement", "44") in {(code.name, code.value) for code in french.areas[2].geocodes}


def test_emsi_has_a_place_a_zone_and_the_models_of_the_hub_take_it():
    (envelope,) = edxl.envelopes(told(), "fr.health.tocsin")
    message = json.loads(edxl.write_json(envelope))["content"][0]["jsonContent"]["embeddedJsonContent"]["message"]
    emsi_model().model_validate(message["emsi"])
    places = message["emsi"]["EVENT"]["EGEO"]
    assert [one["POSITION"]["NAME"] for one in places] == ["Nantes", "Nantes", "Saint-Nazaire"]
    assert places[2]["FREETEXT"] == "zone, 8 voices, r90 4.5 km"
    assert places[2]["POSITION"]["COORD"] == [{"LAT": 47.273, "LONG": -2.214}]
    assert edxl.read_json(edxl.write_json(envelope)) == envelope
    assert edxl.read_xml(edxl.write_xml(envelope)) == envelope


def test_geojson_draws_the_zones_after_the_area():
    features = json.loads(write([storm(2, CITY, PORT)], with_areas=True))["features"]
    assert [one["id"] for one in features] == ["i1", "i1/r90", "i1/zone/1", "i1/zone/2"]
    port = features[3]
    assert port["geometry"]["type"] == "Polygon"
    assert (port["properties"]["place"], port["properties"]["voices"]) == ("Saint-Nazaire", 8)


def test_lines_and_public_alerts_write_instants():
    written = json.loads(line(storm(2, CITY, PORT)))["zones"]
    assert [one["first_at"] for one in written] == ["2026-04-07T05:47:00.000Z"] * 2
    assert written[0]["consequences"] == {"damage": 4, "injured": 1}
    assert json.loads(encode(told()))["incident"]["zones"] == written
    assert decode(encode(told()), Alert) == told()


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_description_lists_them(lang):
    zones = "Nantes (30 voix : dégâts 4, blessés 1); Saint-Nazaire (8 voix)"
    zones = zones if lang == "fr" else "Nantes (30 voices: damage 4, injured 1); Saint-Nazaire (8 voices)"
    assert zones in tell.description(told(), lang)
    assert "Zones" not in tell.description(alert(), lang)


def test_records_of_before_are_read_and_readers_of_before_pass_zones_over():
    old_fields = [(f.name, f.type) for f in msgspec.structs.fields(Incident) if f.name != "zones"]
    before = msgspec.defstruct("Incident", [(name, object) for name, _ in old_fields], kw_only=True)
    new = msgspec.msgpack.encode(storm(2, CITY))
    assert msgspec.msgpack.decode(new, type=before).revision == 2
    old = {key: value for key, value in msgspec.to_builtins(storm(2, CITY)).items() if key != "zones"}
    assert msgspec.convert(old, Incident) == storm(2)
    assert wire.decode(wire.encode(storm(2, CITY, PORT))) == storm(2, CITY, PORT)


def test_the_published_schema_takes_an_alert_with_zones():
    judge = jsonschema.Draft202012Validator(schema(Alert), format_checker=jsonschema.FormatChecker())
    public = json.loads(encode(told()))
    assert list(judge.iter_errors(public)) == []
    del public["incident"]["zones"][0]["first_at"]
    assert [error.message for error in judge.iter_errors(public)] == ["'first_at' is a required property"]
