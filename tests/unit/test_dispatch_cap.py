"""CAP 1.2: what an alert says in it, and what the reader refuses."""

from __future__ import annotations

import pytest
from dispatch_schemas import cap_faults
from examples import LOIRE, MAINE, T0, alert, incident, verdict
from lxml import etree

from dispatch import cap, cap_notice, words
from dispatch.verdicts import VerdictGate
from dispatch.xml import MAX_BYTES, XmlError
from tocsin.model import Reference

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


def xml(one):
    document = cap_notice.document(one, "tocsin.example")
    assert cap_faults(document) == []
    return etree.fromstring(document)


def texts(root, path):
    return [found.text for found in root.findall("/".join(CAP + part for part in path.split("/")))]


def test_what_an_unjudged_alert_says():
    root = xml(alert())
    assert texts(root, "identifier") == ["a1b2c3d4e5f60718"]
    assert texts(root, "sent") == ["2026-04-07T05:48:00-00:00"]
    assert [texts(root, tag) for tag in ("status", "msgType", "scope", "incidents", "addresses")] == [
        ["Draft"],
        ["Alert"],
        ["Restricted"],
        ["i1"],
        ["fr.fire.sdis440"],
    ]
    assert texts(root, "restriction")[0].startswith("For emergency services only")
    assert texts(root, "info/language") == ["fr-FR", "en-GB"]
    assert texts(root, "info/event") == ["Incendie", "Fire"]
    assert texts(root, "info/headline")[0] == "[NON CONFIRMÉ] Incendie – Nantes (rayon 2,0 km)"
    assert texts(root, "info/responseType") == ["Assess", "Assess"]
    assert [texts(root, f"info/{tag}")[0] for tag in ("urgency", "severity", "certainty")] == [
        "Immediate",
        "Unknown",
        "Possible",
    ]
    assert texts(root, "info/area/circle")[0] == "47.218000,-1.553000 2.000"
    codes = list(zip(texts(root, "info/area/geocode/valueName"), texts(root, "info/area/geocode/value"), strict=True))
    assert codes[:5] == [
        ("INSEE:commune", "44109"),
        ("INSEE:commune", "49007"),
        ("INSEE:departement", "44"),
        ("INSEE:departement", "49"),
        ("INSEE:region", "52"),
    ]
    assert "feu" in texts(root, "info/description")[0]


def test_a_centre_that_reads_english_has_it_first():
    assert texts(xml(alert(lang="en")), "info/language") == ["en-GB", "fr-FR"]


def test_updates_and_cancels_name_what_they_replace():
    one = alert(msg_type="Cancel", references=(Reference("f0", T0 - 5_999), Reference("f1", T0)))
    assert texts(xml(one), "references") == [
        "tocsin.example,f0,2026-04-07T05:47:54-00:00 tocsin.example,f1,2026-04-07T05:48:00-00:00"
    ]
    assert texts(xml(one), "info/responseType") == ["None", "None"]


def test_a_whole_story_validates_and_every_reference_was_sent():
    judge = VerdictGate((LOIRE, MAINE))
    story = [
        incident(),
        incident(2),
        verdict(),
        incident(3),
        verdict("rejected", at=T0 + 300_000),
        incident(4, reason="surge"),
    ]
    sent = set()
    for one in [told for item in story for told in judge.feed(item)]:
        message = cap.read(cap_notice.document(one, "tocsin.example"))
        assert cap_faults(cap.write(message)) == []
        assert {(reference.sender, reference.identifier, reference.sent_at) for reference in message.references} <= sent
        assert (message.msg_type == "Alert") <= (not message.references or message.status == "Actual")
        sent.add((message.sender, message.identifier, message.sent_at))
    assert len(sent) >= 9


def test_markup_in_texts_stays_text():
    evil = '</description><status>Actual</status><!-- & ]]> "quoted"'
    one = alert(incident=incident(place=evil, terms=(evil,)), recipients=(evil, "a b"))
    root = xml(one)
    assert texts(root, "status") == ["Draft"]
    assert evil in texts(root, "info/description")[0]
    assert cap.read(cap_notice.document(one, "s")).addresses == (evil.replace('"', "'"), "a b")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<alert/>",
        b"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'/>",
        b"<!DOCTYPE alert [<!ENTITY x 'y'>]><alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>&x;</identifier></alert>",
        (
            b"<!DOCTYPE a [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;'>]>"
            b"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>&c;</identifier></alert>"
        ),
        b" " * (MAX_BYTES + 1),
        b"\x00\xff",
        cap_notice.document(alert(), "s").replace(b"<status>Draft", b"<status>Maybe"),
        cap_notice.document(alert(), "s").replace(b"<sent>2026", b"<sent>never"),
        cap_notice.document(alert(), "s").replace(b"47.218000,-1.553000 2.000", b"here"),
    ],
)
def test_what_is_no_cap_is_refused_with_a_reason(document):
    with pytest.raises(XmlError, match="expected"):
        cap.read(document)


def test_a_file_named_in_a_document_is_never_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("TOP")
    document = (
        f"<!DOCTYPE alert [<!ENTITY x SYSTEM 'file://{secret}'>]>"
        "<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>&x;</identifier></alert>"
    )
    with pytest.raises(XmlError) as refused:
        cap.read(document.encode())
    assert "TOP" not in str(refused.value)


def test_a_message_of_another_writer_is_read():
    document = b"""<?xml version="1.0" encoding="utf-8"?>
    <cap:alert xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2">
      <cap:identifier>KSTO1055887203</cap:identifier><cap:sender>KSTO@NWS.NOAA.GOV</cap:sender>
      <cap:sent>2003-06-17T14:57:00-07:00</cap:sent><cap:status>Actual</cap:status><cap:msgType>Alert</cap:msgType>
      <cap:scope>Public</cap:scope>
      <cap:info><cap:category>Met</cap:category><cap:event>SEVERE THUNDERSTORM</cap:event>
        <cap:urgency>Immediate</cap:urgency><cap:severity>Severe</cap:severity><cap:certainty>Observed</cap:certainty>
        <cap:area><cap:areaDesc>EXTREME NORTH CENTRAL TUOLUMNE COUNTY</cap:areaDesc></cap:area></cap:info>
    </cap:alert>"""
    assert cap_faults(document) == []
    read = cap.read(document)
    assert (read.sent_at, read.status, read.infos[0].language) == (1_055_887_020_000, "Actual", "en-US")


# The words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({}, "Unknown"),
        ({"voices": 900}, "Unknown"),
        ({"consequences": {"damage": 40, "blocked": 9, "evacuated": 9}}, "Unknown"),
        ({"consequences": {"injured": 1}}, "Severe"),
        ({"consequences": {"trapped": 1}}, "Severe"),
        ({"consequences": {"dead": 1, "injured": 2}}, "Extreme"),
        ({"hazard": "collapse", "hazards": {"collapse": 0.8, "earthquake": 0.2}}, "Extreme"),
        ({"hazard": "collapse", "hazards": {"collapse": 0.4, "earthquake": 0.3, "open": 0.3}}, "Unknown"),
    ],
)
def test_severity_comes_from_reported_consequences_alone(other, expected):
    assert words.severity(incident(**other)) == expected


@pytest.mark.parametrize(
    ("other", "after_mins", "expected"),
    [
        ({}, 0, "Immediate"),
        ({"witnesses": 0}, 0, "Unknown"),
        ({}, 13, "Unknown"),  # first heard two minutes before
        ({"state": "quiet"}, 0, "Unknown"),
        ({"state": "closed"}, 0, "Past"),
        ({"msg_type": "Cancel"}, 0, "Past"),
        ({"state": "explained"}, 0, "Past"),
    ],
)
def test_urgency_is_immediate_only_while_fresh_and_first_hand(other, after_mins, expected):
    assert words.urgency(incident(**other), T0 + after_mins * 60_000) == expected


def test_the_machine_says_at_most_possible():
    assert words.certainty(incident(evidence=5_000.0, voices=9_999)) == "Possible"
    assert words.certainty(incident(denials=2)) == "Unlikely"
    assert words.certainty(incident(msg_type="Cancel")) == "Unlikely"


@pytest.mark.parametrize(
    ("evidence", "evaluation", "expected"),
    [
        (10.7, "unjudged", 50),
        (5_000.0, "unjudged", 50),
        (10.7 - 1.0986, "checking", 25),
        (0.0, "unjudged", 0),
        (9.0, "confirmed", 100),
        (99.0, "rejected", 0),
    ],
)
def test_certainty_in_percent_is_the_posterior_and_at_most_fifty_before_a_verdict(evidence, evaluation, expected):
    # odds e^(evidence - threshold): at the threshold one to one; ln 3 below it one to three
    assert words.percent(incident(evidence=evidence), evaluation) == expected
