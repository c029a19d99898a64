"""``tocsin demo``: simulated France, played live through the whole pipeline on this machine."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from cyclopts import Parameter
from rich.console import Console

from dispatch.json import RaisedOnly
from dispatch.map import Assets, page
from tocsin.analysis.recording import made
from tocsin.analysis.recording import write as write_recording
from tocsin.cli.demo_desk import Desk
from tocsin.cli.demo_feed import Feed
from tocsin.cli.demo_view import View, show_score
from tocsin.pipeline.detect import Detect
from tocsin.pipeline.hear import HearFactory
from tocsin.pipeline.outputs import LineOutputs
from tocsin.pipeline.run import run
from tocsin.runtime import metrics as declared
from tocsin.runtime.embedded import WorkerError
from tocsin.runtime.failures import StageIllError
from tocsin.runtime.files import whole_file
from tocsin.runtime.health import HealthServer
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.stop import Stop
from tocsin.scoring import read_alerts
from tocsin.scoring import score as score_alerts
from tocsin.settings import load_settings
from tocsin.simulation import scenario as declared_scenario
from tocsin.simulation.stream import Stream

if TYPE_CHECKING:
    from typing import BinaryIO

    from tocsin.model import Incident, Mention
    from tocsin.pipeline.detect import Summary
    from tocsin.settings import Settings
    from tocsin.simulation.scenario import Scenario

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
STAY_SECS: Final = 0.2


def demo(
    *,
    secs: Annotated[float, Parameter(help="How long the three hours take, in seconds; 0: as fast as it goes.")] = 45.0,
    map_path: Annotated[
        Path, Parameter(name="--map", help="Where the map goes; the incidents and the truth beside it.")
    ] = Path("out/demo-map.html"),
    scenario: Annotated[Path | None, Parameter(help="Another scenario (TOML) than the packaged one.")] = None,
    stay: Annotated[
        bool, Parameter(negative="", help="Keep serving console and metrics at the end, until Ctrl-C.")
    ] = False,
    config: Annotated[Path | None, Parameter(help="Settings file (TOML).")] = None,
) -> int:
    """Play a simulated afternoon in France live: each incident as it is raised, a map at the end, and how true it was.

    All posts are invented on the spot; nothing is fetched and nothing leaves this machine. While it plays, the console and `/metrics`
    are served on loopback. It ends by itself with 0 if the pipeline was healthy, whatever the score it says.
    """
    if not 0 <= secs <= 86_400:
        return _refuse(f"--secs: expected 0 to 86400 seconds, got {secs:g}", BAD_INPUT)
    settings = load_settings(config, os.environ)
    try:
        plan = declared_scenario.demo() if scenario is None else declared_scenario.load(scenario)
    except (declared_scenario.ScenarioError, OSError) as error:
        return _refuse(str(error), BAD_INPUT)
    try:
        with ExitStack() as stack:
            return _play(plan, settings, secs, map_path, stay=stay, stack=stack)
    except OSError as error:
        return _refuse(str(error), BAD_INPUT)
    except (WorkerError, StageIllError) as error:
        return _refuse(str(error), FAILED)


def _play(  # noqa: PLR0913  # what the command line says
    plan: Scenario, settings: Settings, secs: float, map_path: Path, *, stay: bool, stack: ExitStack
) -> int:
    console = Console()
    stop, metrics, stream = Stop(), Metrics(), Stream(plan)
    # Before anything is served: who sees the page may ask for the end.
    stack.enter_context(stop.on_signals())
    server = _serve(settings, metrics, stack)
    events, decoys = len(plan.incidents), len(plan.decoys)
    console.print(
        f"Playing {plan.hours:g} simulated hours: {events} incidents and {decoys} decoys in the noise of a country. "
        f"Metrics: {f'http://{server.address}/metrics' if server else 'off'}",
        highlight=False,
    )
    feed = Feed(stream, secs, block_lines=settings.runtime.block_lines)
    desk = Desk(settings, feed, map_path, metrics, stack)
    console.print(f"Console: {desk.invite()}", highlight=False, soft_wrap=True)
    incidents_path = map_path.with_suffix(".incidents.jsonl")
    map_path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(str(incidents_path)) as lines, View(console, plan, feed) as view:
        outputs = DemoOutputs(lines, view, metrics, desk)
        detect = Detect(settings, outputs, metrics)
        desk.watches(detect)
        summary = run(feed.blocks(), detect, HearFactory(settings), settings, stop)
    took = time.monotonic() - feed.began if feed.began is not None else 0.0
    truth = stream.ledger.truth()
    truth_path = map_path.with_suffix(".truth.json")
    truth_path.write_bytes(msgspec.json.format(msgspec.json.encode(truth), indent=1) + b"\n")
    # What was heard, for the console's tuning page and `tocsin tune`.
    write_recording(made(plan.name, outputs.mentions), map_path.with_suffix(".mentions.jsonl"))
    title = f"{plan.name}, {plan.start[:10]}"
    span = (plan.start_at, feed.clock_at)
    map_path.write_bytes(page(outputs.revisions, Assets.load(), title=title, truth=truth, span=span))
    if stop.wanted:
        console.print("stopped before the end: what was heard is on the map, the score is not told")
    else:
        show_score(console, score_alerts(truth, read_alerts(incidents_path), feed.voices), plan)
    counts = summary.counts
    console.print(
        f"{counts.received:,} posts in {took:.1f} s ({counts.received / took if took else 0:,.0f} posts/s), of them "
        f"{counts.late:,} late, {counts.duplicate:,} sent twice; {summary.gate_open:,} held a term, {view.mentions:,} told of an emergency",
        highlight=False,
    )
    console.print(
        f"Map:       {map_path}  (opens offline: {map_path.resolve().as_uri()})", highlight=False, soft_wrap=True
    )
    console.print(f"Incidents: {incidents_path}\nTruth:     {truth_path}", highlight=False, soft_wrap=True)
    if not counts.balanced or counts.dead["stage_error"]:
        return _refuse("the pipeline was not healthy: its counts do not add up, or a stage failed on a post", FAILED)
    if stop.wanted:
        return INTERRUPTED
    if stay and server:
        console.print(
            f"Still serving {desk.address} and http://{server.address}/metrics; Ctrl-C ends it.", highlight=False
        )
        console.print(f"Enter by: {desk.invite()}", highlight=False, soft_wrap=True)
        while not stop.wanted:
            desk.tick()
            time.sleep(STAY_SECS)
    return DONE


class DemoOutputs(LineOutputs):
    """Writes the raised incidents, shows them, and keeps all revisions for the map."""

    def __init__(self, incidents: BinaryIO, view: View, metrics: Metrics, desk: Desk) -> None:
        super().__init__(incidents)
        self._desk = desk
        self._view = view
        self._metrics = metrics
        self._shown = RaisedOnly()
        self._told: set[str] = set()
        self.revisions: list[Incident] = []
        """Of all signals, silent ones too: a demonstration is short."""
        self.mentions: list[Mention] = []

    def incident(self, incident: Incident) -> None:
        """Write, keep and show one revision."""
        super().incident(incident)
        self.revisions.append(incident)
        self._desk.incident(incident)
        if self._shown.passes(incident):
            self._view.incident(incident, first=incident.incident_id not in self._told)
            self._told.add(incident.incident_id)

    def mention(self, mention: Mention) -> None:
        """Count one mention."""
        self._view.mention(mention.event_at)
        self.mentions.append(mention)
        self._desk.mention(mention)

    def progress(self, summary: Summary) -> None:
        """Show how far it is."""
        self._metrics.set(declared.READY, 1)
        self._view.progress(summary)
        self._desk.tick()


def _serve(settings: Settings, metrics: Metrics, stack: ExitStack) -> HealthServer | None:
    """Serve the metrics on loopback, on a free port if the usual one is taken; a demonstration never fails for that."""
    if not settings.metrics.enabled:
        return None
    try:
        return stack.enter_context(HealthServer(metrics, "127.0.0.1", settings.metrics.port))
    except OSError:
        return stack.enter_context(HealthServer(metrics, "127.0.0.1", 0))


def _refuse(message: str, code: int) -> int:
    sys.stderr.write(f"tocsin demo: {message}\n")
    return code
