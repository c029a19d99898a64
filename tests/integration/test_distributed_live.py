"""Followed files, stamped on arrival: an ingest worker killed while they grow reads every line once."""

import pytest
from words import stream


@pytest.fixture
def fleet(tmp_path, fleet_of):
    paths = {name: tmp_path / "posts" / name for name in "ab"}
    for path in paths.values():
        path.mkdir(parents=True)
    made = fleet_of("live", {name: [path] for name, path in paths.items()}, follow=True, progress_secs=0.5)
    made.config.write_text(
        made.config.read_text() + "tick_secs = 0.5\n[ingest]\nfrom_start = true\nfollow_poll_secs = 0.05\n"
    )
    made.paths = paths
    del made.roles["detect-2"]
    made.roles["detect-1"].remove("--until-end")
    return made


def test_a_killed_reader_of_growing_files_loses_and_doubles_nothing(fleet):
    lines = [line for line in stream(minutes=40) if line.strip()]

    def write(part):
        for index, name in enumerate("ab"):
            with (fleet.paths[name] / "day.jsonl").open("ab") as file:
                file.write(b"".join(line + b"\n" for line in part[index::2]))

    fleet.start()
    third = len(lines) // 3
    write(lines[:third])
    fleet.until(lambda: fleet.tally().get("ingest.received", 0) > 0)
    write(lines[third : 2 * third])
    assert fleet.kill("ingest-a")
    fleet.until(lambda: fleet.restarts == 1)
    (fleet.paths["b"] / "day.jsonl").rename(fleet.paths["b"] / "day.jsonl.1")  # rotated under the reader
    write(lines[2 * third :])
    fleet.until(lambda: fleet.tally().get("ingest.received", 0) >= len(lines))
    assert fleet.kill("ingest-b")
    assert fleet.kill("detect-1")
    fleet.until(lambda: fleet.restarts == 3)
    fleet.until(lambda: fleet.tally().get("extract.received", 0) == fleet.tally().get("ingest.used", -1))
    fleet.stop()
    found = fleet.tally()
    fates = sum(items for name, items in found.items() if name.startswith("ingest.") and name != "ingest.received")
    assert found["ingest.received"] == fates == len(lines), fleet.logs()
