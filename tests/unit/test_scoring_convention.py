"""The scoring convention on hand-made cases; every expected number was computed by hand."""

from __future__ import annotations

import gzip
import json

import pytest

from tocsin.scoring import ScoringError, read_alerts, read_truth, read_voices, score

EVENT = {
    "name": "e",
    "hazard": ["fire"],
    "lat": 47.0,
    "lon": 0.0,
    "radius_km": 15,
    "felt_radius_km": 50,
    "start": "2026-01-01T12:00:00Z",
    "first_relevant_post": "2026-01-01T12:01:00Z",
}
KM_PER_DEGREE = 111.195  # of latitude, on a sphere of 6,371 km


def alert(identity="i", hazard="fire", lat=47.0, lon=0.0, raised="2026-01-01T12:05:00Z", **more):
    return {
        "incident_id": identity,
        "hazard": hazard,
        "lat": lat,
        "lon": lon,
        "raised_at": raised,
        "radius_km": 3,
        **more,
    }


def scored(tmp_path, alerts, **truth):
    path = tmp_path / "incidents.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in alerts))
    return score({"events": [EVENT], **truth}, read_alerts(path))


def test_a_hit_is_placed_covered_and_delayed(tmp_path):
    got = scored(tmp_path, [alert(lat=47.02)])
    assert (got["hits"], got["placed"], got["covered"], got["false_alarms"]) == (1, 1, 1, 0)
    assert got["median_delay_s"] == 240.0
    assert got["per_event"][0]["first_error_km"] == pytest.approx(0.02 * KM_PER_DEGREE, abs=0.01)


@pytest.mark.parametrize(
    ("raised", "key"),
    [
        ("2026-01-01T11:59:59Z", "false_alarms"),  # a minute and a second before the first relevant post
        ("2026-01-01T12:00:00Z", "hits"),  # exactly a minute before it
        ("2026-01-01T18:01:00Z", "hits"),  # exactly six hours after it
        ("2026-01-01T18:01:01Z", "late"),
        ("2026-01-02T12:00:01Z", "false_alarms"),  # more than a day after the start
    ],
)
def test_time_borders(tmp_path, raised, key):
    got = scored(tmp_path, [alert(raised=raised)])
    assert got[key] == 1
    assert got["hits"] + got["late"] + got["false_alarms"] == 1


def test_felt_area_hits_without_being_placed(tmp_path):
    got = scored(tmp_path, [alert(lat=47.3)])  # 33 km
    assert (got["hits"], got["placed"]) == (1, 0)


def test_second_fitting_incident_is_a_split_and_the_second_split_costs(tmp_path):
    got = scored(tmp_path, [alert("a"), alert("b"), alert("c")])
    assert (got["hits"], got["splits"], got["precision"], got["notification_precision"]) == (1, 2, 1.0, 0.5)


def test_wrong_hazard_inside_the_radius(tmp_path):
    assert scored(tmp_path, [alert(hazard="flood")])["wrong_hazard"] == 1
    assert scored(tmp_path, [alert(hazard="flood", lat=47.3)])["false_alarms"] == 1


def test_decoy_counts_once_in_decoy_alarms_but_each_time_in_precision(tmp_path):
    decoy = {
        "name": "d",
        "lat": 40.0,
        "lon": 0.0,
        "radius_km": 10,
        "start": "2026-01-01T12:00:00Z",
        "end": "2026-01-01T13:00:00Z",
    }
    got = scored(tmp_path, [alert(), alert("x", lat=40.0), alert("y", lat=40.01)], decoys=[decoy])
    assert (got["decoys"], got["decoy_alarms"], got["precision"]) == (1, 1, 0.3333)


def test_a_minor_incident_is_neutral_once(tmp_path):
    minor = {"name": "m", "lat": None, "lon": None, "start": "2026-01-01T12:00:00Z", "end": "2026-01-01T13:00:00Z"}
    got = scored(tmp_path, [alert("x", lat=30.0), alert("y", lat=31.0)], minor_incidents=[minor])
    assert (got["neutral"], got["false_alarms"]) == (1, 1)


def test_revisions_jump_when_the_centre_leaves_the_former_radius(tmp_path):
    revisions = [
        alert(),
        alert(lat=47.02, updated_at="2026-01-01T12:06:00Z"),  # 2.2 km: inside 3 km
        alert(lat=47.1, updated_at="2026-01-01T12:07:00Z"),  # 8.9 km further: a jump
        alert(lat=10.0, updated_at="2026-01-01T12:08:00Z", msg_type="Cancel"),
    ]
    got = scored(tmp_path, revisions)
    assert (got["incidents"], got["jumps"], got["notification_precision"]) == (1, 1, 0.5)
    assert got["per_event"][0]["last_error_km"] == pytest.approx(0.1 * KM_PER_DEGREE, abs=0.01)


def test_excess_counts_from_the_third_author_without_reposts(tmp_path):
    posts = [
        {"id": str(n), "created_at": f"2026-01-01T12:0{minute}:00Z", "author": author, "text": text, "repost_of": None}
        for n, (minute, author, text) in enumerate(
            [(1, "a", "x"), (2, "a", "x"), (2, "b", "x"), (3, "z", "RT @x: x"), (4, "c", "x"), (9, "d", "x")]
        )
    ]
    (tmp_path / "posts.jsonl.gz").write_bytes(gzip.compress("".join(json.dumps(p) + "\n" for p in posts).encode()))
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps({"id": p["id"], "relevant": True}) + "\n" for p in posts))
    voices = read_voices(tmp_path / "posts.jsonl.gz", tmp_path / "labels.jsonl")
    path = tmp_path / "incidents.jsonl"
    path.write_text(json.dumps(alert()) + "\n")
    got = score({"events": [EVENT]}, read_alerts(path), voices)
    assert (got["median_excess_s"], got["median_delay_posts"]) == (60.0, 5)


def test_nothing_to_score_gives_no_ratio():
    got = score({"events": []}, [])
    assert (got["precision"], got["recall"], got["notification_precision"], got["median_delay_s"]) == (None,) * 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "2: expected a JSON object"),
        ("[1]", "2: expected a JSON object, got list"),
        ('{"raised_at": "x"}', "2: raised_at"),
    ],
)
def test_bad_lines_are_named(tmp_path, content, said):
    path = tmp_path / "bad.jsonl"
    path.write_text("\n" + content + "\n")
    with pytest.raises(ScoringError, match=said):
        read_alerts(path)


def test_bad_truth_is_named(tmp_path):
    path = tmp_path / "truth.json"
    path.write_text("[]")
    with pytest.raises(ScoringError, match="expected a JSON object, got list"):
        read_truth(path)
