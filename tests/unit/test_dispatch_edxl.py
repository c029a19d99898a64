"""EMSI in EDXL-DE: what an alert says in it; the models of the French hub are the judge."""

from __future__ import annotations

import json
import re

import pytest
from dispatch_schemas import emsi_model, order_of
from examples import LOIRE, MAINE, T0, alert, incident, verdict
from lxml import etree

from dispatch import edxl, words
from dispatch.verdicts import VerdictGate
from dispatch.xml import MAX_BYTES, XmlError
from tocsin.model import HAZARDS, Reference

SENDER = "fr.health.tocsin"


def one(**other):
    return edxl.envelopes(alert(**other), SENDER)[0]


def message(**other):
    return json.loads(edxl.write_json(one(**other)))["content"][0]["jsonContent"]["embeddedJsonContent"]["message"]


def test_what_an_unjudged_alert_says():
    told = message()
    context, event = told["emsi"]["CONTEXT"], told["emsi"]["EVENT"]
    assert (told["status"], context["MODE"], context["MSGTYPE"], event["CERTAINTY"]) == (
        "Exercise",
        "SYSTEM",
        "ALERT",
        50,
    )
    assert context["ID"] == told["messageId"] == "fr.health.tocsin.a1b2c3d4e5f60718"
    assert (event["ID"], event["SOURCE"], event["STATUS"]) == ("i1", "HUMOBS", "NST")
    assert event["ETYPE"] == {"CATEGORY": ["FIR/UKN"], "ACTOR": ["PPL"], "LOCTYPE": ["OTH"], "ENV": "DIS/FIRE"}
    assert event["EGEO"][0]["POSITION"]["COORD"] == [{"LAT": 47.218, "LONG": -1.553}]
    assert event["OCC_DATIME"] == "2026-04-07T05:46:00-00:00"


@pytest.mark.parametrize("kind", ["Draft", "Exercise", "Test", "System"])
def test_only_actual_is_actual_anywhere_in_the_envelope(kind):
    for written in (edxl.write_json(one(status=kind)), edxl.write_xml(one(status=kind))):
        assert not re.search(rb"actual", written, re.IGNORECASE)
    actual = edxl.write_json(one(status="Actual", evaluation="confirmed"))
    assert re.findall(rb"actual", actual, re.IGNORECASE) == [b"Actual", b"Actual", b"ACTUAL"]
    assert message(status="Actual", evaluation="confirmed")["emsi"]["EVENT"]["CERTAINTY"] == 100


def test_it_proposes_and_never_mints_a_shared_file():
    judge = VerdictGate((LOIRE, MAINE))
    for told in [*judge.feed(incident()), *judge.feed(verdict()), *judge.feed(incident(2))]:
        for envelope in edxl.envelopes(told, SENDER):
            assert b"MAIN_EVENT_ID" not in edxl.write_xml(envelope) + edxl.write_json(envelope)
            assert b"MISSION" not in edxl.write_xml(envelope)


def test_each_addressee_has_an_envelope_of_its_own():
    made = edxl.envelopes(alert(recipients=("fr.health.samu440", "fr.fire.sdis440")), SENDER)
    assert [(envelope.address, envelope.distribution_id) for envelope in made] == [
        ("fr.health.samu440", "fr.health.tocsin_a1b2c3d4e5f60718"),
        ("fr.fire.sdis440", "fr.health.tocsin_a1b2c3d4e5f60718-1"),
    ]
    assert [envelope.address for envelope in edxl.envelopes(alert(recipients=()), SENDER)] == ["cta-44"]


def test_updates_supersede_by_link():
    told = message(msg_type="Update", references=(Reference("f0", T0),))
    assert told["kind"] == "Update"
    assert told["emsi"]["CONTEXT"]["LINK"] == [{"ID": "fr.health.tocsin.f0", "LINK_ROLE": "SPRSDS"}]


@pytest.mark.parametrize("hazard", [*HAZARDS, "open"])
def test_the_models_of_the_hub_take_every_hazard(hazard):
    emsi_model().model_validate(message(incident=incident(hazard=hazard))["emsi"])
    assert words.hazard_words(hazard).emsi


def test_the_models_of_the_hub_are_a_judge_that_can_say_no():
    told = message()["emsi"]
    told["EVENT"]["ETYPE"]["CATEGORY"] = ["NOPE"]
    with pytest.raises(ValueError, match="CATEGORY"):
        emsi_model().model_validate(told)


def test_elements_stand_in_the_order_of_the_schema():
    root = etree.fromstring(edxl.write_xml(one(msg_type="Update", references=(Reference("f0", T0),))))
    told = root.find(f".//{{{edxl.EMSI}}}emsi")
    fields = emsi_model().model_fields
    for part in ("CONTEXT", "EVENT"):
        model = next(field.annotation for name, field in fields.items() if (field.alias or name) == part)
        order = order_of(model)
        written = [etree.QName(child).localname for child in told.find(f"{{{edxl.EMSI}}}{part}")]
        assert written == sorted(written, key=order.index)
        assert len(written) >= 8


def test_the_xml_and_the_json_say_the_same():
    envelope = one(incident=incident(witnesses=0, state="quiet", place_kind="road", consequences={"trapped": 2}))
    assert edxl.read_xml(edxl.write_xml(envelope)) == envelope
    assert edxl.read_json(edxl.write_json(envelope)) == envelope
    assert envelope.message.emsi.EVENT.RISK_ASSESMENT == "DECREA"
    assert "personnes coincées (2 voix)" in (envelope.message.emsi.EVENT.FREETEXT or "")


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b"\xff", b'{"descriptor": 3}', b" " * (MAX_BYTES + 1)])
def test_what_is_no_envelope_is_refused_with_a_reason(document):
    with pytest.raises(XmlError, match="expected"):
        edxl.read_json(document)
    with pytest.raises(XmlError, match="expected"):
        edxl.read_xml(document)


def test_an_envelope_without_emsi_is_refused():
    with pytest.raises(XmlError, match="emsi"):
        edxl.read_xml(re.sub(rb"<emsi.*</emsi>", b"", edxl.write_xml(one()), flags=re.DOTALL))
