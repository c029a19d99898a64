"""The GeoJSON file of a live run: what stands now, and never half of it."""

import json

import msgspec
import pytest
from examples import incident

from tocsin.pipeline.standing import StandingFile

RAISED = incident(incident_id="i")


def changed(**fields):
    return msgspec.structs.replace(RAISED, **fields)


def shown(path):
    features = json.loads(path.read_bytes())["features"]
    return [
        (feature["properties"]["incident_id"], feature["properties"]["revision"])
        for feature in features
        if feature["geometry"]["type"] == "Point"
    ]


def test_it_begins_empty_whatever_stood_there(tmp_path):
    path = tmp_path / "folder" / "now.geojson"
    path.parent.mkdir()
    path.write_text("an earlier run")
    StandingFile(path)
    assert shown(path) == []


def test_it_shows_the_latest_revision_of_what_stands(tmp_path):
    path = tmp_path / "now.geojson"
    standing = StandingFile(path)
    standing.incident(RAISED)
    assert shown(path) == [("i", 1)]
    standing.incident(changed(incident_id="k"))
    standing.incident(changed(revision=2, msg_type="Update", reason="grown", voices=9))
    assert shown(path) == [("i", 2), ("k", 1)]
    areas = [one for one in json.loads(path.read_bytes())["features"] if one["geometry"]["type"] == "Polygon"]
    assert len(areas) == 2


@pytest.mark.parametrize(
    "end",
    [
        {"msg_type": "Update", "state": "closed", "reason": "closed"},
        {"msg_type": "Cancel", "state": "closed", "reason": "withdrawn"},
        {"msg_type": "Cancel", "state": "explained", "reason": "explained"},
        {"msg_type": "Cancel", "state": "open", "reason": "merged"},
    ],
    ids=["closed", "withdrawn", "explained", "merged"],
)
def test_what_has_ended_leaves_the_file(tmp_path, end):
    path = tmp_path / "now.geojson"
    standing = StandingFile(path)
    standing.incident(RAISED)
    standing.incident(changed(revision=2, **end))
    assert shown(path) == []


def test_what_was_never_raised_is_not_shown_and_writes_nothing(tmp_path):
    path = tmp_path / "now.geojson"
    standing = StandingFile(path)
    path.unlink()
    standing.incident(changed(state="watch"))
    assert not path.exists()


def test_no_part_of_a_file_is_left_behind(tmp_path):
    standing = StandingFile(tmp_path / "now.geojson")
    standing.incident(RAISED)
    assert [path.name for path in tmp_path.iterdir()] == ["now.geojson"]
