"""``tocsin explain``: why an incident was raised, or why nothing was, by playing a recording again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from cyclopts import Parameter
from rich import box
from rich.console import Console
from rich.table import Table

from tocsin.analysis import explain_page
from tocsin.analysis.explain_words import of_what_if, of_why, of_why_not, of_would
from tocsin.analysis.knobs import KnobError
from tocsin.analysis.recording import Recording, RecordingError, is_recording
from tocsin.analysis.saying import instant_words
from tocsin.analysis.stage import ExplainError
from tocsin.analysis.unheard import unheard
from tocsin.analysis.unheard import words as unheard_words
from tocsin.analysis.whereabouts import meant
from tocsin.analysis.why import raised_incidents, why
from tocsin.analysis.whynot import AFTER_MS, BEFORE_MS, WhyNot, why_not
from tocsin.cli.heard import Changes, Config, Keep, heard
from tocsin.model import Hazard
from tocsin.settings import Settings
from tocsin.time import parse_instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tocsin.analysis.stage import VoiceRow
    from tocsin.settings.detector import DetectorSettings


UNEXPOSED: Final = (
    "tocsin explain: nothing recorded says how many posts the sources had, so rates are measured against the packaged pace, and a replay "
    "of the posts may decide otherwise; a recording that `--keep` wrote knows it.\n"
)


def explain(  # noqa: PLR0913  # each is an option of the command line
    *recordings: Annotated[
        Path, Parameter(help="Posts, or mentions that `tocsin replay --mentions` or `--keep` wrote.")
    ],
    incident: Annotated[str | None, Parameter(help="Why was it raised? Its identity, or the beginning of it.")] = None,
    place: Annotated[
        str | None, Parameter(help="Why was nothing raised there? A name, an identity of the gazetteer, or lat,lon.")
    ] = None,
    at: Annotated[
        str | None, Parameter(help="When nothing was raised, ISO 8601; an hour before and after are looked at.")
    ] = None,
    hazard: Annotated[
        Hazard | None, Parameter(help="Which hazard was not raised; that which came nearest by default.")
    ] = None,
    config: Config = None,
    settings: Changes = (),
    posts: Annotated[
        tuple[Path, ...],
        Parameter(negative="", help="The posts of recorded mentions: with them, what was not heard at all is counted."),
    ] = (),
    keep: Keep = None,
    page: Annotated[
        Path | None, Parameter(help="Write the answer with its pictures as one HTML file that opens offline.")
    ] = None,
    as_json: Annotated[
        bool, Parameter(name="--json", negative="", help="Print the whole answer as one JSON object.")
    ] = False,
) -> int:
    """Ask a recording why: why an incident was raised (`--incident`), or why nothing was raised (`--place` and `--at`).

    Without either, the incidents that were raised are listed. What would have prevented it, or would have raised it, is found by running
    the detector again with that changed. No text and no author is shown. Exits with 0 when answered, with 2 when it cannot be.
    """
    try:
        _refuse(incident, place, at)
        recording, loaded, chosen = heard(recordings, config, settings, keep)
        if not recording.exposures:
            sys.stderr.write(UNEXPOSED)
        if incident is not None:
            return _why(recording, loaded, chosen, incident, page, as_json=as_json)
        if place is not None and at is not None:
            said = posts or tuple(path for path in recordings if not is_recording(path))
            return _why_not(recording, loaded, chosen, _Question(place, at, hazard, said), page, as_json=as_json)
        return _list(recording, loaded, chosen, as_json=as_json)
    except (ExplainError, KnobError, RecordingError) as error:
        sys.stderr.write(f"tocsin explain: {error}\n")
        return 2


def _refuse(incident: str | None, place: str | None, at: str | None) -> None:
    if (place is None) != (at is None) or (incident is not None and place is not None):
        raise ExplainError("expected --incident, or --place with --at")


class _Question(msgspec.Struct, frozen=True):
    place: str
    at: str
    hazard: str | None
    posts: tuple[Path, ...]

    @property
    def instant(self) -> int:
        try:
            return parse_instant(self.at)
        except ValueError as error:
            raise ExplainError(f"--at: expected an ISO 8601 date-time, got {self.at}") from error


def _list(recording: Recording, settings: Settings, chosen: DetectorSettings, *, as_json: bool) -> int:
    raised = raised_incidents(recording, chosen, settings.time.panes())
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(raised) + b"\n")
        return 0
    rows = [(i.incident_id, instant_words(i.raised_at), i.hazard, i.place, str(i.voices)) for i in raised]
    _table(Console(), "Incidents raised", ("incident", "raised", "hazard", "place", "voices"), rows)
    return 0


def _why(  # noqa: PLR0913  # what is asked, of what, and how it is shown
    recording: Recording,
    settings: Settings,
    chosen: DetectorSettings,
    incident: str,
    page: Path | None,
    *,
    as_json: bool,
) -> int:
    with Console(stderr=True).status("Playing again") as status:
        found = why(recording, chosen, incident, settings.time.panes(), lambda tried: status.update(f"Trying {tried}"))
    if page is not None:
        page.write_bytes(explain_page.page_of_why(found))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
        return 0
    console = Console()
    _say(console, of_why(found))
    _voices(console, found.voices)
    _say(
        console, ["What would have prevented it (each a real run):", *(f"  {of_what_if(one)}" for one in found.what_if)]
    )
    return 0


def _why_not(  # noqa: PLR0913  # what is asked, of what, and how it is shown
    recording: Recording,
    settings: Settings,
    chosen: DetectorSettings,
    asked: _Question,
    page: Path | None,
    *,
    as_json: bool,
) -> int:
    at = asked.instant
    where = meant(asked.place, recording)
    with Console(stderr=True).status("Playing again"):
        found = why_not(recording, chosen, where, at, asked.hazard, settings.time.panes())
        lost = (
            unheard(asked.posts, recording, settings, where.name, at - BEFORE_MS, at + AFTER_MS)
            if asked.posts
            else None
        )
    also = [] if lost is None else [unheard_words(lost, where.name)]
    if page is not None:
        page.write_bytes(explain_page.page_of_why_not(found, chosen, also))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode({**_plain(found, chosen), "unheard": lost}) + b"\n")
        return 0
    console = Console()
    _say(console, [f"{found.hazard.replace('_', ' ')} at {found.place.name}, {instant_words(at)}:"])
    _say(console, [*of_why_not(found, chosen), *also])
    _voices(console, found.voices, "what became of it")
    if found.what_if:
        _say(
            console,
            ["What would have raised it (each a real run):", *(f"  {of_would(one)}" for one in found.what_if)],
        )
    return 0


def _plain(found: WhyNot, chosen: DetectorSettings) -> dict[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(found)
    return {"reasons": of_why_not(found, chosen), **plain}


def _say(console: Console, sentences: Sequence[str]) -> None:
    for sentence in sentences:
        console.print(sentence, soft_wrap=True, markup=False, highlight=False)


def _voices(console: Console, voices: Sequence[VoiceRow], last: str = "worth") -> None:
    if voices:
        rows = [tuple(explain_page.number(cell) for cell in explain_page.short_voice_cells(v)) for v in voices]
        _table(console, "Voices", (*explain_page.SHORT_VOICE_HEAD[:-1], last), rows)


def _table(console: Console, title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*head, title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for cells in rows:
        table.add_row(*cells)
    console.print(table)
