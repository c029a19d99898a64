"""The stream and its truth: same seed, same bytes; rates, shares and places as declared; every fault is really there."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections import Counter

import msgspec
import pytest
from scipy.stats import chisquare

from tocsin.model import HAZARDS
from tocsin.simulation.draw import drawn
from tocsin.simulation.scenario import Background, DecoyPlan, Faults, IncidentPlan, Scenario
from tocsin.simulation.stream import BREAK_REASONS, Stream, label

CLEAN = Faults(disorder_share=0, late_share=0, skew_share=0, broken_share=0, duplicate_share=0, retract_share=0)


def at(text):
    return dt.datetime.fromisoformat(text)


def sent_of(scenario):
    stream = Stream(scenario)
    return list(stream), stream.ledger.truth()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    first, second, other = (sent_of(drawn(seed=seed, hours=1.0, incidents=3)) for seed in (11, 11, 12))
    assert [sent.line for sent in first[0]] == [sent.line for sent in second[0]]
    assert first[1] == second[1]
    assert {sent.line for sent in first[0]}.isdisjoint(sent.line for sent in other[0])


def test_lines_come_in_order_of_arrival_and_say_so():
    lines, _ = sent_of(drawn(seed=3, hours=2.0))
    received = [sent.received_at for sent in lines]
    assert received == sorted(received)
    for sent in lines:
        if sent.what in ("post", "copy"):
            post = json.loads(sent.line)
            said = post.get("received_at", post["created_at"])
            assert round(at(said).timestamp() * 1_000) == sent.received_at


def test_posts_have_the_fields_of_the_contract_and_identities_of_their_own():
    lines, _ = sent_of(drawn(seed=4, hours=1.0))
    posts = [json.loads(sent.line) for sent in lines if sent.what == "post"]
    assert len({post["id"] for post in posts}) == len(posts)
    known = {post["id"] for post in posts}
    for post in posts:
        assert set(post) - {"received_at"} == {
            "id", "source", "created_at", "author", "text", "lang", "lat", "lon", "place", "repost_of",
        }  # fmt: skip
        assert post["text"].strip()
        assert (post["lat"] is None) == (post["lon"] is None)
        assert post["repost_of"] is None or post["repost_of"] in known
        assert at(post["created_at"]).tzinfo is not None


@pytest.mark.parametrize("lang_town", ["Nantes", "Leeds"])
@pytest.mark.parametrize("hazard", HAZARDS)
def test_every_hazard_in_both_languages_is_told_about_its_place(hazard, lang_town):
    plan = IncidentPlan(name="it", hazard=hazard, town=lang_town, after_secs=60, witnesses=60)
    scenario = Scenario(hours=4.0, background=Background(rate_per_min=0), faults=CLEAN, incidents=(plan,))
    lines, truth = sent_of(scenario)
    kinds = Counter(sent.said.kind for sent in lines)
    assert kinds["witness"] + kinds["cry"] + kinds["detail"] == pytest.approx(60, abs=3)
    assert {"relay", "question", "repost"} <= set(kinds)
    told = [sent.said.text for sent in lines]
    assert 0.15 < sum(lang_town.lower() in text.lower() for text in told) / len(told) < 0.85
    assert truth["events"][0]["hazard"][0] == hazard


def test_the_truth_is_that_of_the_posts():
    lines, truth = sent_of(drawn(seed=21, hours=4.0, incidents=8, decoys=3))
    labels = [label(sent, n, 21) for n, sent in enumerate(lines, 1)]
    for event in truth["events"]:
        told = [
            sent
            for sent, tag in zip(lines, labels, strict=True)
            if sent.what == "post" and tag["event"] == event["name"] and tag["relevant"] is True
        ]
        assert len(told) == event["relevant_posts"] > 0
        first = min(sent.said.told_at for sent in told)
        assert round(at(event["first_relevant_post"]).timestamp() * 1_000) == first
        assert at(event["start"]) < at(event["first_relevant_post"])
    for decoy in truth["decoys"]:
        times = [sent.said.told_at for sent in lines if sent.said and sent.said.event == decoy["name"]]
        assert times
        assert at(decoy["start"]).timestamp() * 1_000 <= min(times)
        assert max(times) < at(decoy["end"]).timestamp() * 1_000
    assert sum(tag["kind"] == "single_true" for tag in labels) == len(truth["minor_incidents"])


def test_labelled_places_are_where_the_label_says():
    lines, _ = sent_of(drawn(seed=8, hours=1.0))
    spans = 0
    for n, sent in enumerate(lines, 1):
        if sent.said is None:
            continue
        text = json.loads(sent.line)["text"]
        for place in label(sent, n, 8)["places"]:
            assert text[place["start"] : place["end"]] == place["text"]
            spans += 1
    assert spans > 300


def test_the_background_rate_follows_the_day():
    scenario = Scenario(
        start="2026-06-01T00:00:00Z", hours=24.0, seed=5, faults=CLEAN,
        background=Background(rate_per_min=40.0, night_floor=0.2),
    )  # fmt: skip
    lines, _ = sent_of(scenario)
    hours = Counter(at(json.loads(sent.line)["created_at"]).hour for sent in lines)
    observed = [hours[hour] for hour in range(24)]
    # A cosine with its top at 18:00 UTC and a floor of a fifth of the top; each hour's mean by the middle of its minutes.

    swing = (1 - 0.2) / (1 + 0.2)
    expected = [
        sum(40 * (1 + swing * math.cos((hour + minute / 60 - 18) * math.pi / 12)) for minute in range(60))
        for hour in range(24)
    ]
    assert sum(observed) == pytest.approx(sum(expected), rel=0.02)
    scaled = [value * sum(observed) / sum(expected) for value in expected]
    assert chisquare(observed, scaled).pvalue > 0.001


def test_shares_of_places_languages_and_reposts_are_those_declared():
    plan = IncidentPlan(name="it", hazard="fire", town="Lyon", quarter="Gerland", after_secs=30, witnesses=4_000)
    scenario = Scenario(hours=8.0, background=Background(rate_per_min=0), faults=CLEAN, incidents=(plan,))
    lines, truth = sent_of(scenario)
    first_hand = [sent.said for sent in lines if sent.said.kind in ("cry", "witness", "detail")]
    assert sum(said.lat is not None for said in first_hand) / len(first_hand) == pytest.approx(0.03, abs=0.01)
    assert sum(said.profile is not None for said in first_hand) / len(first_hand) == pytest.approx(0.25, abs=0.03)
    reposts = sum(sent.said.repost_of is not None for sent in lines)
    assert reposts / 4_000 == pytest.approx(0.40, abs=0.03)
    assert (truth["events"][0]["lat"], truth["events"][0]["lon"]) == (45.7270, 4.8320)


def test_every_fault_is_there_in_its_share():
    faults = Faults(
        disorder_share=0.1,
        late_share=0.05,
        skew_share=0.05,
        broken_share=0.05,
        duplicate_share=0.05,
        retract_share=0.05,
    )
    scenario = msgspec.structs.replace(drawn(seed=6, hours=2.0, rate_per_min=100.0), faults=faults)
    lines, truth = sent_of(scenario)
    posts = truth["counts"]["posts"]
    for count in (
        sum(sent.late and sent.what == "post" for sent in lines),
        sum(sent.skewed and sent.what == "post" for sent in lines),
        sum(sent.what == "broken" for sent in lines),
        sum(sent.what == "copy" for sent in lines),
    ):
        assert count / posts == pytest.approx(0.05, abs=0.012)
    known = {json.loads(sent.line)["id"] for sent in lines if sent.what == "post"}
    taken_back = [json.loads(sent.line) for sent in lines if sent.what == "retraction"]
    assert taken_back
    assert all(line["retract"] in known and at(line["at"]) for line in taken_back)


def test_broken_lines_are_broken_in_the_way_their_label_says():
    faults = msgspec.structs.replace(CLEAN, broken_share=0.5)
    scenario = Scenario(hours=0.5, background=Background(rate_per_min=60), faults=faults)
    by_reason = {}
    for sent in sent_of(scenario)[0]:
        if sent.what == "broken":
            by_reason.setdefault(sent.broken, []).append(sent.line)
    assert set(by_reason) == set(BREAK_REASONS)
    for line in by_reason["not_utf8"]:
        with pytest.raises(UnicodeDecodeError):
            line.decode()
    for line in by_reason["not_json"]:
        with pytest.raises(ValueError):
            json.loads(line)
    assert all(isinstance(json.loads(line), list) for line in by_reason["not_an_object"])
    for line in by_reason["missing_field"]:
        assert {"id", "author", "text", "created_at"} - set(json.loads(line))
    assert all(isinstance(json.loads(line)["text"], int) for line in by_reason["wrong_type"])
    for line in by_reason["bad_time"]:
        with pytest.raises(ValueError):
            at(json.loads(line)["created_at"])
    assert all(abs(json.loads(line)["lat"]) > 90 for line in by_reason["bad_position"])


def test_bots_say_nearly_one_thing_in_five_minutes_by_accounts_of_their_own():
    decoy = DecoyPlan(name="ads", kind="advert", hazard="fire", town="Caen", after_secs=10, posts=1, bots=40)
    scenario = Scenario(hours=1.0, background=Background(rate_per_min=0), faults=CLEAN, decoys=(decoy,))
    lines, _ = sent_of(scenario)
    posts = [json.loads(sent.line) for sent in lines]
    assert len(posts) == 41
    assert len({post["author"] for post in posts}) == 41
    longest = max(len(post["text"]) for post in posts)
    assert min(len(post["text"]) for post in posts) >= longest - 6
    times = [sent.received_at for sent in lines]
    assert max(times) - min(times) <= 300_000
