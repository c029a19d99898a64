"""Conservation to the post over 300,000 simulated posts with bad ones among them: on one machine, and over Kafka."""

import pytest
from fleet import WORDS
from words import WordExtractor

from ingest.files import Reading, read_blocks
from ingest.privacy import PublicPseudonyms
from ingest.record import Limits
from nlp.gate import Gate
from nlp.lexicon import Lexicon
from tocsin.pipeline.detect import Detect
from tocsin.pipeline.hear import Hear
from tocsin.pipeline.outputs import LineOutputs
from tocsin.pipeline.run import run
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.stop import Stop
from tocsin.settings import Settings
from tocsin.simulation.draw import drawn
from tocsin.simulation.scenario import Faults
from tocsin.simulation.stream import Stream

POSTS = 300_000


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The files of two origins, and what the simulator says of their lines: how many, how many bad ones by reason."""
    folder = tmp_path_factory.mktemp("world")
    faults = Faults(broken_share=0.01, duplicate_share=0.01, disorder_share=0.02, disorder_secs=4.0)
    plan = drawn(
        seed=7,
        hours=10,
        rate_per_min=600,
        incidents=4,
        decoys=2,
        start="2026-06-01T06:00:00Z",
        country="FR",
        faults=faults,
    )
    paths = folder / "a.jsonl", folder / "b.jsonl"
    lines, bad = 0, {}
    with paths[0].open("wb") as a, paths[1].open("wb") as b:
        for sent in Stream(plan):
            (a if lines % 2 else b).write(sent.line + b"\n")
            lines += 1
            if sent.broken is not None:
                bad[sent.broken] = bad.get(sent.broken, 0) + 1
    assert lines >= POSTS
    assert sum(bad.values()) > POSTS / 200
    return paths, lines, bad


def test_on_one_machine_every_line_has_one_fate(world, tmp_path):
    paths, lines, bad = world
    settings = Settings.model_validate({"runtime": {"extract_processes": 0}})
    hear = Hear(Gate(Lexicon.load(None)), WordExtractor(), PublicPseudonyms(), Limits(), 5_000)
    with (tmp_path / "incidents.jsonl").open("wb") as out:
        detect = Detect(settings, LineOutputs(out), Metrics())
        counts = run(
            read_blocks([str(path) for path in paths], Reading()), detect, lambda: hear, settings, Stop()
        ).counts
    assert counts.received == lines
    assert counts.balanced
    assert dict(counts.dead) == bad
    assert counts.used > 0
    assert counts.duplicate > 0


@pytest.mark.timeout(900)
def test_over_kafka_every_line_has_one_fate(world, fleet_of):
    paths, lines, bad = world
    origins = {path.stem: [path] for path in paths}
    fleet = fleet_of("conserve", origins, launcher=(*WORDS, "--packaged-gate"), progress_secs=30.0)
    fleet.config.write_text(fleet.config.read_text().replace("block_lines = 25", "block_lines = 500"))
    fleet.patience_secs = 600
    fleet.start()
    fleet.wait()
    fleet.stop()
    tally = fleet.tally()

    def of(stage, *outcomes):
        return sum(n for name, n in tally.items() if name.split(".")[0] == stage and name.split(".")[1] in outcomes)

    fates = ("used", "filtered", "late", "duplicate", "dead")
    assert of("ingest", "received") == of("ingest", *fates) == lines
    assert {name.split(".")[2]: n for name, n in tally.items() if name.startswith("ingest.dead.")} == bad
    assert of("ingest", "used") == of("extract", "received") == of("extract", *fates)
    assert of("extract", "used") == of("detect", "received") == of("detect", *fates)
    assert fleet.restarts == 0, fleet.logs()
