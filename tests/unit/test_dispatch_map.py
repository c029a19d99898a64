"""The map page: whole in itself, inert to what its data say, within its limits."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import get_args

import pytest
from examples import incident

from dispatch.map import MAX_INCIDENTS, MAX_REVISIONS, Assets, page
from tocsin.model import HAZARDS, IncidentState, Reason

ASSETS = Assets.load()
AT = 1_780_000_000_000


def revision(name="i", number=1, **changed):
    return incident(number, **{"incident_id": name, "raised_at": AT, "updated_at": AT} | changed)


class Reader(HTMLParser):
    """Collects elements that could load something, and the text of scripts by their id."""

    def __init__(self):
        super().__init__()
        self.loads, self.scripts, self.policy, self._id = [], {}, "", None

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            if given.get(name):
                self.loads.append((tag, given[name]))
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]
        self._id = given.get("id", f"script-{len(self.scripts)}") if tag == "script" else None

    def handle_data(self, data):
        if self._id:
            self.scripts[self._id] = self.scripts.get(self._id, "") + data

    def handle_endtag(self, tag):
        self._id = None


def read(raw):
    reader = Reader()
    reader.feed(raw.decode())
    return reader


def test_nothing_in_the_page_loads_anything():
    reader = read(page([revision()], ASSETS))
    assert reader.loads == [("link", "data:,")]
    assert "default-src 'none'" in reader.policy
    raw = page([revision()], ASSETS).decode()
    styles = re.findall(r"<style>(.*?)</style>", raw, re.DOTALL)
    assert len(styles) == 2
    assert not any("url(" in style for style in styles)
    assert "sourceMappingURL" not in raw
    assert not re.search(r"@import|fetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts", raw)
    assert "@@" not in raw


def test_the_data_are_the_public_fields_of_every_revision():
    truth = {"events": [{"name": "e", "lat": 47.0, "lon": -1.0}], "decoys": [], "counts": {}}
    reader = read(
        page([revision(), revision(number=2, voices=9)], ASSETS, title="T", truth=truth, span=(AT, AT + 1_000))
    )
    data = json.loads(reader.scripts["data"])
    assert [[one["voices"] for one in history] for history in data["incidents"]] == [[3, 9]]
    assert data["incidents"][0][0]["raised_at"] == "2026-05-28T20:26:40.000Z"
    assert data["span"] == ["2026-05-28T20:26:40.000Z", "2026-05-28T20:26:41.000Z"]
    assert data["truth"] == {"events": truth["events"], "decoys": []}
    assert json.loads(reader.scripts["basemap"])["france"]["shapes"]


@pytest.mark.parametrize(
    "hostile", ["</script><script>alert(1)</script>", "<!--<script>", "\u2028", "@@basemap@@", "a & b < c"]
)
def test_data_stay_data(hostile):
    raw = page([revision(place=hostile, terms=(hostile,))], ASSETS, title=hostile)
    reader = read(raw)
    assert json.loads(reader.scripts["data"])["incidents"][0][0]["place"] == hostile
    assert json.loads(reader.scripts["data"])["title"] == hostile
    assert len(reader.scripts) == len(read(page([], ASSETS)).scripts)


def test_the_limits_keep_the_latest_incidents_and_the_first_revision():
    many = [revision(f"i{n:05d}", raised_at=AT + n) for n in range(MAX_INCIDENTS + 5)]
    long = [revision("long", n, voices=n, raised_at=AT + 10**6) for n in range(1, MAX_REVISIONS + 50)]
    data = json.loads(read(page(many + long, ASSETS)).scripts["data"])
    assert len(data["incidents"]) == MAX_INCIDENTS
    names = {history[0]["incident_id"] for history in data["incidents"]}
    assert "i00000" not in names
    assert "long" in names
    (kept,) = [history for history in data["incidents"] if history[0]["incident_id"] == "long"]
    assert len(kept) == MAX_REVISIONS
    assert (kept[0]["revision"], kept[-1]["revision"]) == (1, MAX_REVISIONS + 49)


def test_an_empty_map_is_a_map():
    data = json.loads(read(page([], ASSETS, span=(AT, AT + 5))).scripts["data"])
    assert data["incidents"] == []
    assert data["truth"] is None


def words_of(lang):
    """The source text of one language's words."""
    source = ASSETS.scripts["words.js"]
    french, english = source.index("  fr: {"), source.index("  en: {")
    return source[french:english] if lang == "fr" else source[english : source.index("};\nconst SIGNS")]


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_every_word_that_the_page_asks_for_is_there(lang):
    words = words_of(lang)
    scripts = "".join(ASSETS.scripts.values())
    for key in set(re.findall(r"\bwords\.(\w+)", scripts)):
        assert re.search(rf"\b{key}: ", words), key
    hazards = re.search(r"hazard: \{(.*?)\}", words)[1]
    assert set(re.findall(r"(\w+): \"", hazards)) == {*HAZARDS, "open"}
    reasons = re.search(r"why: \{(.*?)\}", words)[1]
    assert set(re.findall(r"(\w+): \"", reasons)) == set(get_args(Reason))
    for state in get_args(IncidentState):
        assert re.search(rf"\b{state}: \"", words)
