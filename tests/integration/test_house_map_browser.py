"""The map in a real browser, from a file, with no network: what it shows, what it never asks for, what it does not obey."""

from __future__ import annotations

import pytest
from examples import incident

from dispatch.map import Assets, page
from tocsin.model import Zone
from tocsin.time import parse_instant

START = parse_instant("2026-06-01T20:00:00Z")
MINUTE = 60_000
HOSTILE = "</script><img src=x onerror=\"document.title='owned'\"><b>Nantes"


def revision(name, number, at, **changed):
    fields = {
        "incident_id": name,
        "raised_at": START,
        "updated_at": at,
        "first_voice_at": START - 5 * MINUTE,
        "terms": ("flammes", "fumee noire"),
        "sentence": "Three voices tell of a fire at Nantes.",
    }
    return incident(number, **fields | changed)


REVISIONS = [
    revision("a", 1, START),
    revision("a", 2, START + 20 * MINUTE),
    revision(
        "b",
        1,
        START + 10 * MINUTE,
        raised_at=START + 10 * MINUTE,
        hazard="flood",
        hazards={"flood": 1.0},
        place=HOSTILE,
        terms=(HOSTILE,),
        sentence=HOSTILE,
        lat=43.6045,
        lon=1.444,
    ),
    revision("c", 1, START + 12 * MINUTE, state="explained", raised_at=START + 12 * MINUTE, lat=48.8566, lon=2.3522),
]


@pytest.fixture
def opened(chromium, tmp_path):
    """The page, opened from a file in a window that has no network; what it asked for and complained of."""
    path = tmp_path / "map.html"
    path.write_bytes(page(REVISIONS, Assets.load(), title="A test", lang="en"))
    context = chromium.new_context(offline=True, viewport={"width": 1280, "height": 800})
    window = context.new_page()
    asked, complaints = [], []
    window.on("request", lambda request: asked.append(request.url))
    window.on("pageerror", lambda error: complaints.append(str(error)))
    window.on("console", lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None)
    window.goto(path.as_uri())
    window.wait_for_selector("html[data-ready=true]", state="attached")
    yield window, asked, complaints, path
    context.close()


def rows(window):
    return window.locator("#list button[data-incident]").evaluate_all("all => all.map(one => one.dataset.incident)")


def set_clock(window, share):
    slider = window.locator("#clock")
    slider.evaluate(
        "(slider, share) => { slider.value = Math.round(share * slider.max); slider.dispatchEvent(new Event('input')); }",
        share,
    )


def test_it_opens_offline_and_asks_for_nothing_but_itself(opened):
    window, asked, complaints, path = opened
    assert asked == [path.as_uri()]
    assert complaints == []
    assert window.locator("#map svg, #map canvas").count() > 0
    assert "IGN" in window.locator(".leaflet-control-attribution").inner_text()


def test_it_lists_what_was_raised_newest_first_and_marks_it_on_the_map(opened):
    window, *_ = opened
    assert rows(window) == ["b", "a"]
    marked = window.locator("#map path[data-incident]").evaluate_all("all => all.map(one => one.dataset.incident)")
    assert sorted(marked) == ["a", "b"]


def test_what_was_explained_is_shown_only_when_asked_for(opened):
    window, *_ = opened
    window.locator("#silent").click()
    assert rows(window) == ["c", "b", "a"]


def test_it_shows_what_was_known_at_the_chosen_instant(opened):
    window, *_ = opened
    window.locator("#list button[data-incident=a]").click()
    assert window.locator("#detail tbody tr").count() == 2
    # From six minutes before the raise to 21 minutes after it: 5/12 of the way is five minutes after.
    set_clock(window, 11 / 27)
    assert rows(window) == ["a"]
    assert window.locator("#detail tbody tr").count() == 1
    set_clock(window, 0)
    assert rows(window) == []


def test_the_detail_says_place_evidence_and_words(opened):
    window, *_ = opened
    window.locator("#list button[data-incident=a]").click()
    said = window.locator("#detail").inner_text()
    for part in ("Nantes", "47.2180", "-1.5530", "12.5", "10.7", "flammes", "fumee noire", "bluesky, mastodon"):
        assert part in said
    window.keyboard.press("Escape")
    assert window.locator("#detail").is_hidden()


def test_the_notice_and_the_sources_stay_in_sight_beside_an_open_incident(opened):
    window, *_ = opened
    window.locator("#list button[data-incident=a]").click()
    edge = window.locator("#detail").bounding_box()["x"]
    for part in ("#notice", ".leaflet-control-attribution"):
        box = window.locator(part).bounding_box()
        assert box["x"] + box["width"] <= edge + 1, part


def test_data_is_never_markup(opened):
    window, _, complaints, _ = opened
    window.locator("#list button[data-incident=b]").click()
    assert HOSTILE in window.locator("#detail").inner_text()
    assert window.locator("img[src=x]").count() == 0
    assert "owned" not in window.title()
    assert complaints == []


def test_both_languages_and_both_themes(opened):
    window, _, complaints, _ = opened
    english = window.locator("#heading").inner_text()
    window.locator("#lang").click()
    assert window.locator("html").get_attribute("lang") == "fr"
    assert window.locator("#heading").inner_text() != english
    before = window.locator("html").get_attribute("data-theme")
    window.locator("#theme").click()
    assert window.locator("html").get_attribute("data-theme") != before
    assert complaints == []


def test_the_zones_of_a_mass_event_are_circles_and_a_table(chromium, tmp_path):
    zones = (
        Zone(place="Nantes", place_id="n", lat=47.22, lon=-1.55, radius_km=6.0, voices=31, first_at=START, consequences={"trapped": 4}),
        Zone(place=HOSTILE, place_id="x", lat=47.06, lon=-0.88, radius_km=4.0, voices=5, first_at=START + MINUTE),
    )  # fmt: skip
    storm = {"hazard": "storm", "hazards": {"storm": 1.0}, "radius_km": 60.0, "r50_km": 25.0}
    path = tmp_path / "map.html"
    path.write_bytes(
        page(
            [revision("a", 1, START, **storm), revision("a", 2, START + MINUTE, **storm, zones=zones)],
            Assets.load(),
            lang="en",
        )
    )
    window = chromium.new_page()
    window.goto(path.as_uri())
    window.wait_for_selector("html[data-ready=true]", state="attached")
    assert window.locator("#map path.zone").count() == 2
    window.click("#list [data-incident=a]")
    told = window.locator("#detail table.zones tbody tr").all_inner_texts()
    assert [row.split("\t") for row in told] == [
        ["Nantes", "31", "20:00:00", "people trapped 4"],
        [HOSTILE, "5", "20:01:00", ""],
    ]
    assert "owned" not in window.title()
    set_clock(window, 0.0)
    assert window.locator("#map path.zone").count() == 0, "not known yet"
    window.close()
