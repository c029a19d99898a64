"""A simulated scenario through the real gate and the real extractor: on one machine and over Kafka, the same bytes."""

import gzip
import subprocess
import sys

import pytest
from fleet import REAL


@pytest.mark.timeout(400)
def test_a_simulated_scenario_gives_the_incidents_of_one_machine(tmp_path, fleet_of):
    def tocsin(*words):
        done = subprocess.run(
            [sys.executable, "-m", "tocsin", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr

    options = ["--seed", "5", "--hours", "1", "--rate", "20", "--incidents", "3", "--decoys", "1", "--country", "FR"]
    tocsin("simulate", "--out", "whole.jsonl.gz", *options, "--broken", "0.01")
    lines = gzip.decompress((tmp_path / "whole.jsonl.gz").read_bytes()).splitlines()
    for start, name in enumerate("ab"):
        (tmp_path / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines[start::2]))
    tocsin("replay", "a.jsonl", "b.jsonl", "--incidents", "expected.jsonl", "--processes", "0")
    origins = {"a": [tmp_path / "a.jsonl"], "b": [tmp_path / "b.jsonl"]}
    fleet = fleet_of("real", origins, launcher=REAL, progress_secs=5.0)
    fleet.start()
    fleet.wait()
    fleet.stop()
    expected = (tmp_path / "expected.jsonl").read_bytes().splitlines()
    assert len(expected) > 1, "the scenario raises something"
    assert fleet.lines() == expected, fleet.logs()
    assert fleet.restarts == 0, fleet.logs()
