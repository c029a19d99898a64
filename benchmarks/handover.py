"""Every CAP, EDXL-DE/EMSI and JSON message of recorded incidents, against the schemas of others.

Usage: python benchmarks/handover.py INCIDENTS… [--schemas FOLDER] [--verdicts] [--out FILE]

INCIDENTS are files of `tocsin replay --incidents`, or posts to be replayed first (`*.posts.jsonl*`). Every revision goes through the verdict
gate of all French départements and a rest of the world; with --verdicts persons of several centres decide, each in their turn, so that
updates, confirmations and cancellations are written too. FOLDER holds the official schemas (`cap/CAP-v1.2.xsd`, `hub-sante/*.json`,
`hub-sante/xsd/*.xsd`); without it those that packages ship are used, and what they do not ship is not checked (and says so).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import jsonschema
import msgspec
from lxml import etree
from referencing import Registry, Resource

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from dispatch_schemas import cap_schema, emsi_model

from dispatch import cap, cap_notice, edxl, public
from dispatch.territory import EVERYWHERE
from dispatch.verdicts import VerdictGate
from tocsin.model import Alert, Incident, Verdict
from tocsin.settings.territory import TerritorySettings
from tocsin.time import parse_instant

SENDER = "fr.health.tocsin"
DECISIONS = ("confirmed", "checking", "rejected", "already_known", "not_ours", "seen", "duplicate")
TERRITORIES = (
    *(
        TerritorySettings(centre=f"cta-{code.lower()}", departements=(code,), recipients=(f"fr.fire.sdis{code}0",))
        for code in [f"{n:02d}" for n in range(1, 96) if n != 20] + ["2A", "2B", "971", "972", "973", "974", "976"]
    ),
    EVERYWHERE,
)


def read_incidents(path):
    """Read the public JSON lines of incidents."""
    for line in path.read_text(encoding="utf-8").splitlines():
        values = json.loads(line)
        values.pop("evaluation")
        values["evidence"] = values["evidence"] or 0.0  # older recordings wrote null where none spoke
        for key in ("raised_at", "updated_at", "first_voice_at", "closed_at"):
            values[key] = None if values[key] is None else parse_instant(values[key])
        for zone in values.get("zones", ()):
            zone["first_at"] = parse_instant(zone["first_at"])
        yield msgspec.convert(values, Incident)


def replayed(path, folder):
    """Replay posts; give the incidents file."""
    out = folder / f"{path.name}.incidents.jsonl"
    command = [
        sys.executable,
        "-m",
        "tocsin",
        "replay",
        str(path),
        "--incidents",
        str(out),
        "--all",
        "--processes",
        "0",
    ]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return out


def story(incidents, *, with_verdicts):
    """Feed the gate; every third incident is judged by the centres that were told, each in its turn."""
    gate = VerdictGate(TERRITORIES)
    for number, incident in enumerate(incidents):
        alerts = gate.feed(incident)
        yield from alerts
        if with_verdicts and number % 3 == 0:
            for turn, alert in enumerate(alerts):
                decision = DECISIONS[(number // 3 + turn) % len(DECISIONS)]
                yield from gate.feed(
                    Verdict(
                        incident_id=incident.incident_id,
                        centre=alert.centre,
                        operator="benchmark",
                        at=incident.updated_at + 60_000 * (turn + 1),
                        decision=decision,
                        reason="benchmark" if decision == "rejected" else "",
                        duplicate_of="another" if decision == "duplicate" else "",
                    )
                )
    refused = gate.refused()
    assert not refused, refused[0]


class Judges:
    """The schemas of others."""

    def __init__(self, folder):
        self.checked = Counter()
        self.faults = Counter()
        self.examples = []
        self._alert = jsonschema.Draft202012Validator(public.schema(Alert))
        self._cap = [("cap (package)", cap_schema())]
        self._xml, self._json = [], []
        if folder is None:
            print("no --schemas: EDXL-DE and the header are judged by nobody, EMSI by the package's models alone")
            return
        self._cap.append(("cap (official xsd)", etree.XMLSchema(etree.parse(str(folder / "cap" / "CAP-v1.2.xsd")))))
        hub = folder / "hub-sante"
        self._xml = [
            (
                "emsi (official xsd)",
                f"{{{edxl.EMSI}}}emsi",
                etree.XMLSchema(etree.parse(str(hub / "xsd" / "EMSI.xsd"))),
            ),
            ("rc-de header + emsi (official xsd)", f"{{{edxl.RC}}}message", message_schema(hub / "xsd")),
            (
                "edxl-de envelope (official xsd, others' parts stubbed)",
                f"{{{edxl.DE}}}edxlDistribution",
                envelope_schema(hub / "xsd"),
            ),
        ]
        self._json = [("edxl-de + rc-de + emsi (official json schema)", json_schema(hub))]

    def note(self, name, faults):
        """Count one look, and what it found."""
        self.checked[name] += 1
        if faults:
            self.faults[name] += 1
            self.examples.append((name, str(faults[0])[:300]))

    def judge(self, alert):
        """Write an alert in every format and let everybody look at it."""
        self.note(
            "json (own schema)", [error.message for error in self._alert.iter_errors(json.loads(public.encode(alert)))]
        )
        document = cap_notice.document(alert, SENDER)
        for name, schema in self._cap:
            schema.validate(etree.fromstring(document))
            self.note(name, list(schema.error_log))
        self.note("cap read again", [] if cap.write(cap.read(document)) == document else ["differs"])
        for envelope in edxl.envelopes(alert, SENDER):
            written, as_json = edxl.write_xml(envelope), json.loads(edxl.write_json(envelope))
            root = etree.fromstring(written)
            for name, tag, schema in self._xml:
                element = root if root.tag == tag else root.find(f".//{tag}")
                schema.validate(etree.fromstring(etree.tostring(element)))
                self.note(name, list(schema.error_log))
            for name, validator in self._json:
                self.note(name, [error.message for error in validator.iter_errors(as_json)])
            told = as_json["content"][0]["jsonContent"]["embeddedJsonContent"]["message"]["emsi"]
            try:
                emsi_model().model_validate(told)
                self.note("emsi (package's models)", [])
            except ValueError as error:
                self.note("emsi (package's models)", [error])
            self.note(
                "edxl read again",
                [] if edxl.read_xml(written) == envelope == edxl.read_json(edxl.write_json(envelope)) else ["differs"],
            )


def message_schema(folder):
    """The official header and EMSI, tied together as the official content type ties them (which needs files that are not there)."""
    header, emsi = (folder / name for name in ("RC-DE.xsd", "EMSI.xsd"))
    return etree.XMLSchema(
        etree.fromstring(f"""
    <schema xmlns="http://www.w3.org/2001/XMLSchema" xmlns:x="{edxl.RC}" xmlns:e="{edxl.EMSI}"
            targetNamespace="{edxl.RC}" elementFormDefault="qualified">
      <include schemaLocation="{header.resolve().as_uri()}"/>
      <import namespace="{edxl.EMSI}" schemaLocation="{emsi.resolve().as_uri()}"/>
      <element name="message"><complexType><complexContent><extension base="x:distributionElement">
        <sequence><element ref="e:emsi"/></sequence></extension></complexContent></complexType></element>
    </schema>""")
    )


STUBS = {
    "xlink.xsd": """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/1999/xlink">
      <xs:attribute name="type" type="xs:string"/>
      <xs:attributeGroup name="extendedAttrs"><xs:attribute ref="l:type" fixed="extended" use="required" xmlns:l="http://www.w3.org/1999/xlink"/></xs:attributeGroup>
      <xs:attributeGroup name="resourceAttrs"><xs:attribute ref="l:type" fixed="resource" use="required" xmlns:l="http://www.w3.org/1999/xlink"/></xs:attributeGroup>
      <xs:attributeGroup name="arcAttrs"/></xs:schema>""",
    "edxl-gsf.v1.0.xsd": """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:oasis:names:tc:emergency:edxl:gsf:1.0">
      <xs:element name="EDXLGeoLocation" type="xs:string"/></xs:schema>""",
    "edxl-ct-v1.0-wd05.xsd": r"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:oasis:names:tc:emergency:edxl:ct:1.0">
      <xs:simpleType name="EDXLStringType"><xs:restriction base="xs:string"><xs:minLength value="1"/></xs:restriction></xs:simpleType>
      <xs:simpleType name="EDXLDateTimeType"><xs:restriction base="xs:dateTime"><xs:pattern value="\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-,+]\d\d:\d\d"/></xs:restriction></xs:simpleType>
      <xs:complexType name="ValueListType"/><xs:complexType name="EDXLGeoPoliticalLocationType"/></xs:schema>""",
    "edxl-ext-v1.0.xsd": """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:oasis:names:tc:emergency:edxl:extension:1.0">
      <xs:element name="extension" type="xs:string"/></xs:schema>""",
    "RC-XML-ContentType.xsd": f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:x="{edxl.RC}" targetNamespace="{edxl.RC}" elementFormDefault="qualified">
      <xs:complexType name="cisuXMLContentType"><xs:sequence><xs:element name="message" type="xs:anyType"/></xs:sequence></xs:complexType></xs:schema>""",
}
"""Stand-ins for the parts of others that the official envelope imports: as narrow as the standard where a message of ours has them."""


class Stubbed(etree.Resolver):
    """Gives the stand-ins."""

    def resolve(self, url, _public_id, context):
        """Give the stand-in of a file, if there is one."""
        name = url.rsplit("/", 1)[-1]
        return self.resolve_string(STUBS[name], context) if name in STUBS else None


def envelope_schema(folder):
    """The official envelope; the message in it is judged by ``message_schema``."""
    parser = etree.XMLParser()
    parser.resolvers.add(Stubbed())
    return etree.XMLSchema(etree.parse(str(folder / "EDXL-DE-full.xsd"), parser))


def json_schema(folder):
    """The official JSON schema of the whole; messages of kinds that are not there never match."""

    def retrieve(uri):
        path = folder / uri.rsplit("/", 1)[-1]
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"not": {}}
        if path.exists():
            found.pop("$id", None)
        return Resource.from_contents(
            found, default_specification=__import__("referencing.jsonschema", fromlist=["DRAFT7"]).DRAFT7
        )

    whole = json.loads((folder / "EDXL-DE-full.schema.json").read_text(encoding="utf-8"))
    whole.pop("$id", None)
    return jsonschema.Draft7Validator(whole, registry=Registry(retrieve=retrieve))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("incidents", nargs="+", type=Path)
    parser.add_argument("--schemas", type=Path)
    parser.add_argument("--verdicts", action="store_true")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    judges, kinds, total = Judges(chosen.schemas), Counter(), Counter()
    with tempfile.TemporaryDirectory() as folder:
        for path in chosen.incidents:
            given = replayed(path, Path(folder)) if ".posts.jsonl" in path.name else path
            incidents = list(read_incidents(given))
            alerts = list(story(incidents, with_verdicts=chosen.verdicts))
            for alert in alerts:
                kinds[f"{alert.status} {alert.msg_type}"] += 1
                judges.judge(alert)
            total["revisions"] += len(incidents)
            total["alerts"] += len(alerts)
            print(f"{path.name}: {len(incidents)} revisions, {len(alerts)} alerts", flush=True)
    report = {
        "revisions": total["revisions"],
        "alerts": total["alerts"],
        "by_status_and_type": dict(sorted(kinds.items())),
        "checked": dict(judges.checked),
        "faults": dict(judges.faults),
        "examples": judges.examples[:5],
    }
    text = json.dumps(report, indent=1, ensure_ascii=False)
    print(text)
    if chosen.out:
        chosen.out.write_text(text + "\n", encoding="utf-8")
    sys.exit(1 if judges.faults or not total["alerts"] else 0)


if __name__ == "__main__":
    main()
