"""The console in a real browser, over a real socket: what a dispatcher sees, hears and presses."""

from __future__ import annotations

import contextlib
import queue
import re
import time

import pytest
from examples import AuditInMemory, incident

from console.accounts import Account, Accounts
from console.coverage import Source
from dispatch.verdicts import VerdictGate
from tocsin.model import ExerciseWindow, Incident, Zone
from tocsin.pipeline.page import open_console
from tocsin.settings.console import ConsoleSettings
from tocsin.settings.territory import TerritorySettings
from tocsin.time import parse_instant

START = parse_instant("2026-06-01T20:00:00Z")
MINUTE = 60_000
HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"><b>Nantes"


def revision(name, number=1, **changed):
    fields = {
        "incident_id": name,
        "hazards": {"fire": 0.9, "explosion": 0.1},
        "raised_at": START,
        "updated_at": START + number * MINUTE,
        "first_voice_at": START - 5 * MINUTE,
        "terms": ("flammes", "fumee noire"),
        "reported": ("people trapped: 2 voices",),
        "unknown": ("whether help is there",),
        "sentence": "3 voices tell of a fire at Nantes.",
    }
    return incident(number, **fields | changed)


DRILL = ExerciseWindow(
    window_id="a drill/1",
    centre="sdis44",
    operator="op1",
    declared_at=START,
    from_at=START,
    until_at=START + 60 * MINUTE,
    label="A drill",
)


class Room:
    """A console with the verdict gate behind it, as the pipeline's thread would run them."""

    def __init__(self):
        self.server = None
        self.decided = queue.Queue()
        self.gate = VerdictGate([TerritorySettings(centre="sdis44", departements=("44",))])
        self.alerts = []

    def feed(self, item):
        if isinstance(item, Incident):
            self.server.incident(item)
        for alert in self.gate.feed(item):
            self.alerts.append(alert)
            self.server.alert(alert)

    def pump(self, wanted, limit_s=10.0):
        """Hand decisions on until one is what was wanted."""
        until = time.monotonic() + limit_s
        while time.monotonic() < until:
            with contextlib.suppress(queue.Empty):
                verdict = self.decided.get(timeout=0.1)
                self.feed(verdict)
                if verdict.decision == wanted:
                    return
        pytest.fail(f"nobody decided {wanted!r} within {limit_s} s")


@pytest.fixture
def room():
    settings = ConsoleSettings(port=0, lang="en")
    made = Room()
    with open_console(
        settings, Accounts([]), decide=made.decided.put, audit=AuditInMemory(), now=lambda: START + 10 * MINUTE
    ) as made.server:
        yield made


@contextlib.contextmanager
def entered(chromium, room, role="operator", **options):
    """A window of somebody who followed an invitation; it must not complain of anything."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce", **options)
    window = context.new_page()
    complaints, outside = [], []
    window.on("pageerror", lambda error: complaints.append(str(error)))
    window.on("console", lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None)
    window.on(
        "request", lambda asked: outside.append(asked.url) if not asked.url.startswith(room.server.address) else None
    )
    window.goto(room.server.invite(Account(name="op1", role=role, centre="sdis44", password="")))
    window.wait_for_selector("html[data-ready=true]", state="attached")
    yield window
    assert complaints == []
    assert [url for url in outside if not url.startswith("data:")] == []
    context.close()


def test_an_incident_appears_without_loading_within_two_seconds(chromium, room):
    with entered(chromium, room) as window:
        assert window.locator(".row").count() == 0
        window.evaluate("window.untouched = true")
        began = time.monotonic()
        room.feed(revision("a"))
        window.wait_for_selector("#row-a.unseen", timeout=2_000)
        assert time.monotonic() - began < 2.0
        assert window.evaluate("window.untouched") is True
        assert "Fire" in window.locator("#row-a").inner_text()
        assert "Nantes" in window.locator("#shout").inner_text(), "it is said aloud"
        assert window.title().startswith("(1)")


def test_one_key_confirms_and_the_alert_goes_out(chromium, room):
    room.feed(revision("a"))
    with entered(chromium, room) as window:
        window.keyboard.press("j")
        window.keyboard.press("Enter")
        window.wait_for_selector("#sheet .sheet[data-id=a]")
        room.pump("seen")
        assert [alert.status for alert in room.alerts] == ["Draft"] * len(room.alerts)
        window.wait_for_selector("#row-a:not(.unseen)")
        window.keyboard.press("c")
        room.pump("confirmed")
        actual = [alert for alert in room.alerts if alert.status == "Actual"]
        assert [(alert.centre, alert.incident_id) for alert in actual] == [("sdis44", "a")]
        window.wait_for_selector("#sheet .notices li:has-text('Actual')", timeout=2_000)
        assert "confirmed" in window.locator("#row-a .judged").inner_text()


def test_the_screen_says_things_in_the_order_they_are_needed(chromium, room):
    room.feed(revision("a"))
    room.server.source(Source("rss", START, down=True))
    with entered(chromium, room) as window:
        window.locator("#row-a a").click()
        window.wait_for_selector("#sheet .sheet")
        text = window.locator("#sheet").inner_text()
        order = [
            "Fire", "Unconfirmed", "Where", "Nantes", "First voice", "Trend", "Reported", "people trapped", "Inferred", "Unknown",
            "whether help is there", "Independent voices", "Direct witnesses", "Networks", "Contradicted by", "Track record",
            "not yet known", "Cost of a forgery", "at least 3", "Sources down", "rss",
        ]  # fmt: skip
        at = [text.find(words) for words in order]
        assert -1 not in at, order[at.index(-1)]
        assert at == sorted(at)


def test_a_rejection_asks_for_its_reason_first(chromium, room):
    room.feed(revision("a"))
    with entered(chromium, room) as window:
        window.locator("#row-a a").click()
        window.wait_for_selector("#sheet .sheet")
        room.pump("seen")
        window.keyboard.press("r")
        assert window.evaluate("document.activeElement.id") == "reason"
        assert room.decided.empty()
        window.locator("#reason").select_option("fiction")
        window.keyboard.press("Tab")
        window.locator("button[value=rejected]").click()
        room.pump("rejected")
        window.wait_for_selector(".told li:has-text('Fiction')")


def test_a_correction_is_said_aloud_and_what_is_typed_survives(chromium, room):
    room.feed(revision("a"))
    with entered(chromium, room) as window:
        window.locator("#row-a a").click()
        window.wait_for_selector("#sheet .sheet")
        window.locator("#reason").select_option("elsewhere")
        room.feed(revision("a", 2, reason="corrected", place="Angers", lat=47.47, lon=-0.55))
        window.wait_for_selector("#sheet .big:has-text('Angers')")
        assert "Angers" in window.locator("#shout").inner_text()
        assert window.locator("#reason").input_value() == "elsewhere"
        assert window.locator("[name=revision]").input_value() == "2"


def test_watched_and_explained_signals_are_visible_and_silent(chromium, room):
    with entered(chromium, room) as window:
        room.feed(revision("w", state="watch"))
        room.feed(revision("x", state="explained"))
        window.wait_for_selector("#row-x", state="attached")
        assert window.locator("[data-count=silent]").inner_text() == "2"
        assert window.locator("[data-count=open]").inner_text() == "0"
        assert window.locator("#shout").inner_text() == ""
        assert not window.title().startswith("(")


def test_the_line_is_told_when_it_is_lost_and_nothing_is_missed(chromium, room):
    room.feed(revision("a"))
    with entered(chromium, room) as window:
        # The browser's connection is cut and taken up again from the last number it saw.
        window.evaluate("live.source.close()")
        room.feed(revision("b", place="Angers"))
        room.feed(revision("c", place="Rennes"))
        window.evaluate(
            "() => { const next = new EventSource(`/events?since=${FACTS.seq}`);"
            " next.addEventListener('change', (event) => live.dispatchEvent(new CustomEvent('change', { detail: JSON.parse(event.data) }))); }"
        )
        window.wait_for_selector("#row-c")
        assert sorted(window.locator(".row").evaluate_all("all => all.map((one) => one.dataset.id)")) == ["a", "b", "c"]


def test_words_from_outside_are_never_markup(chromium, room):
    room.feed(revision("a", place=HOSTILE, terms=(HOSTILE,), reported=(HOSTILE,), networks=(HOSTILE,)))
    with entered(chromium, room) as window:
        window.locator("#row-a a").click()
        window.wait_for_selector("#sheet .sheet")
        room.feed(revision("a", 2, place=HOSTILE, terms=(HOSTILE,)))
        window.wait_for_selector("#sheet .sheet[data-seq='4'], #sheet .sheet:has([name=revision][value='2'])")
        assert HOSTILE in window.locator("#sheet").inner_text()
        assert window.locator("img[src=x]").count() == 0
        assert "owned" not in window.title()


def test_a_viewer_has_no_buttons_and_the_letters_can_be_turned_off(chromium, room):
    room.feed(revision("a"))
    with entered(chromium, room, role="viewer") as window:
        window.locator("#row-a a").click()
        window.wait_for_selector("#sheet .sheet")
        assert window.locator("#sheet button").count() == 0
        window.keyboard.press("c")
    with entered(chromium, room) as window:
        window.keyboard.press("?")
        window.locator("#letters").uncheck()
        window.keyboard.press("Escape")
        window.locator("#row-a a").click()
        window.wait_for_selector("#sheet .sheet")
        room.pump("seen")
        window.keyboard.press("c")
        assert room.decided.empty()


def test_both_languages_and_both_themes(chromium, room):
    room.feed(revision("a"))
    with entered(chromium, room) as window:
        window.locator(".menu summary").click()
        window.locator("#theme").click()
        assert window.locator("html").get_attribute("data-theme") == "light"
        window.locator(".menu button[lang=fr]").click()
        window.wait_for_selector("html[lang=fr][data-ready=true]", state="attached")
        assert "Incendie" in window.locator("#row-a").inner_text()
        assert window.locator("html").get_attribute("data-theme") == "light", "the choice is kept"


def test_the_console_works_by_forms_alone_without_scripts(chromium, room):
    room.feed(revision("a"))
    context = chromium.new_context(java_script_enabled=False)
    window = context.new_page()
    window.goto(room.server.invite(Account(name="op1", role="operator", centre="sdis44", password="")))
    window.locator("#row-a a").click()
    window.locator("button[value=confirmed]").click()
    room.pump("confirmed")
    assert re.search(r"/incidents/a$", window.url)
    context.close()


def test_an_exercise_is_declared_and_ended_by_keyboard_alone(chromium, room):
    with entered(chromium, room, role="analyst") as window:
        window.goto(room.server.address + "/exercises")
        window.locator("#label").focus()
        window.keyboard.type("Crue 44")
        for _ in range(20):  # the parts of the times, and what they offer, are stops too
            if window.evaluate("document.activeElement.id") == "area":
                break
            window.keyboard.press("Tab")
        window.keyboard.type("44109")
        for _ in range(20):
            if window.evaluate("document.activeElement.name") == "hazard_flood":
                break
            window.keyboard.press("Tab")
        window.keyboard.press("Space")
        window.keyboard.press("Enter")
        window.wait_for_selector("td .chip")
        declared = room.decided.get(timeout=10)
        assert (declared.label, declared.communes, declared.hazards) == ("Crue 44", ("44109",), ("flood",))
        assert declared.from_at == START + 10 * MINUTE, "the form proposes from now on"
        window.goto(room.server.address + "/")
        assert "1 running" in window.locator("nav").inner_text()
        room.feed(declared)
        room.feed(revision("f", hazard="flood", raised_at=START + 11 * MINUTE))
        assert room.alerts[-1].status == "Exercise"
        window.goto(room.server.address + "/exercises")
        window.locator("td button").focus()
        window.keyboard.press("Enter")
        ended = room.decided.get(timeout=10)
        assert (ended.window_id, ended.withdrawn) == (declared.window_id, False)
        assert ended.until_at == START + 10 * MINUTE + 1, "at once, and no earlier than it began"


SERIOUS = {"serious", "critical"}


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_axe_finds_no_fault_of_weight_on_any_page(chromium, room, theme, lang):
    sync_playwright = pytest.importorskip("axe_playwright_python.sync_playwright")
    room.feed(revision("a"))
    room.feed(revision("b", state="quiet", place="Angers"))
    room.feed(revision("w", state="watch"))
    room.server.source(Source("rss", START, down=True))
    room.server.exercise(DRILL)
    with entered(chromium, room, role="analyst") as window:
        window.evaluate("(theme) => localStorage.setItem('theme', theme)", theme)
        if lang == "fr":
            window.locator(".menu summary").click()
            window.locator(".menu button[lang=fr]").click()
        for path in ("/", "/incidents/a", "/coverage", "/shift", "/audit", "/exercises"):
            window.goto(room.server.address + path)
            window.wait_for_selector(
                "html[data-ready=true]" if path in {"/", "/incidents/a"} else "main", state="attached"
            )
            for folded in window.locator("#side details").all():
                folded.evaluate("one => one.setAttribute('open', '')")
            found = sync_playwright.Axe().run(window).response["violations"]
            told = [(one["id"], one["impact"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found]
            assert [one for one in told if one[1] in SERIOUS] == [], f"{path} in {lang}, {theme}"


def test_axe_finds_no_fault_of_weight_at_the_door(chromium, room):
    sync_playwright = pytest.importorskip("axe_playwright_python.sync_playwright")
    window = chromium.new_context().new_page()
    window.goto(room.server.address + "/login")
    assert [
        one["id"] for one in sync_playwright.Axe().run(window).response["violations"] if one["impact"] in SERIOUS
    ] == []
    # The instrument itself works: a picture without words is found.
    window.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert "image-alt" in [one["id"] for one in sync_playwright.Axe().run(window).response["violations"]]
    window.context.close()


def test_the_zones_of_a_mass_event_are_on_the_map_and_on_the_card(chromium, room):
    zones = (
        Zone(place="Nantes", place_id="n", lat=47.22, lon=-1.55, radius_km=6.0, voices=31, first_at=START, consequences={"damage": 4}),
        Zone(place=HOSTILE, place_id="x", lat=47.06, lon=-0.88, radius_km=4.0, voices=5, first_at=START + MINUTE),
    )  # fmt: skip
    with entered(chromium, room) as window:
        room.feed(revision("a", hazard="storm", hazards={"storm": 1.0}, radius_km=60.0, r50_km=25.0))
        window.wait_for_selector("#row-a")
        assert window.locator("#map path.zone").count() == 0
        room.feed(revision("a", 2, hazard="storm", hazards={"storm": 1.0}, radius_km=60.0, r50_km=25.0, zones=zones))
        window.wait_for_selector("#map path.zone >> nth=1", state="attached")
        window.click("#row-a a")
        window.wait_for_selector("#sheet .zones")
        told = window.locator("#sheet .zones tr").all_inner_texts()
        assert [row.split("\t") for row in told] == [
            ["Nantes", "31 voices", "22:00", "damage 4"],
            [HOSTILE, "5 voices", "22:01", ""],
        ]
        assert "owned" not in window.title()
