"""An explanation as one page: sentences, the time line of evidence against the threshold, the map of voices, the tables."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tocsin.analysis import drawing
from tocsin.analysis.explain_words import of_what_if, of_why, of_why_not, of_would
from tocsin.analysis.outlines import ground
from tocsin.analysis.saying import hazard_at, instant_words
from tocsin.time import format_instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from detectors.looking import Floor
    from tocsin.analysis.stage import VoiceRow
    from tocsin.analysis.watching import Moment
    from tocsin.analysis.why import Why
    from tocsin.analysis.whynot import WhyNot
    from tocsin.model import Place
    from tocsin.settings.detector import DetectorSettings

VOICE_HEAD: Final = ("heard", "hazard", "how", "who", "real", "mark", "place", "words", "worth")
SHORT_VOICE_HEAD: Final = ("heard", "who", "mark", "place", "words", "worth")
MAP_LEAST_KM: Final = 8.0
KM_PER_DEGREE: Final = 111.195
MOST_LABELS: Final = 12


def page_of_why(found: Why) -> bytes:
    """Write why an incident was raised as one HTML page."""
    incident = found.incident
    title = f"Why {hazard_at(incident.hazard, incident.place)} was raised"
    revisions = [
        (instant_words(r.at), r.reason, r.state, r.hazard, r.place, r.voices, r.denials) for r in found.revisions
    ]
    parts = [
        *[drawing.words(sentence) for sentence in of_why(found)],
        drawing.section(
            "Evidence against the threshold",
            time_line(found.moments, found.threshold, found.voices, raised=(incident.raised_at, incident.evidence)),
            drawing.words("Beyond the raise the line goes on as if nothing had been raised.", note=True),
        ),
        drawing.section("Where", voice_map(found.voices, (incident.lat, incident.lon), incident.radius_km)),
        drawing.section("Voices", drawing.table(VOICE_HEAD, [voice_cells(voice) for voice in found.voices], number)),
        _floors(found.floors),
        _what_if("What would have prevented it", [of_what_if(one) for one in found.what_if]),
        drawing.section(
            "What it said",
            drawing.table(("when", "reason", "state", "hazard", "place", "voices", "against"), revisions),
        ),
    ]
    return drawing.page(title, parts)


def page_of_why_not(found: WhyNot, settings: DetectorSettings, unheard: Sequence[str] = ()) -> bytes:
    """Write why nothing was raised as one HTML page; ``unheard`` says what gave no mention at all."""
    title = f"Why no {hazard_at(found.hazard, found.place.name)} was raised"
    raised = None if not found.raised else (found.raised[0].raised_at, found.raised[0].evidence)
    rows = [(*voice_cells(voice)[:-1], voice.fate) for voice in found.voices]
    parts = [
        *[drawing.words(sentence) for sentence in (*of_why_not(found, settings), *unheard)],
        drawing.section(
            "Evidence against the threshold", time_line(found.moments, found.threshold, found.voices, raised)
        ),
        drawing.section(
            "Where", voice_map(found.voices, (found.place.lat, found.place.lon), found.place.uncertainty_km)
        ),
        drawing.section("Voices", drawing.table((*VOICE_HEAD[:-1], "what became of it"), rows, number)),
        _floors(found.floors),
        _what_if("What would have raised it", [of_would(one) for one in found.what_if]),
    ]
    return drawing.page(title, parts)


def number(value: object) -> str:
    """Write a number for reading."""
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def place_words(place: Place | None) -> str:
    """Name the place of a voice, with how surely it is meant and how it was found."""
    return "none" if place is None else f"{place.name} ({place.score:.0%}, {place.method or place.kind})"


def voice_cells(voice: VoiceRow) -> tuple[object, ...]:
    """Give the cells of a voice, under ``VOICE_HEAD``."""
    return (
        format_instant(voice.at)[11:19],
        voice.hazard if voice.role == "event" else voice.role,
        voice.how,
        voice.witness,
        voice.probability,
        voice.mark,
        place_words(voice.place),
        ", ".join((*voice.terms[:4], *voice.consequences)),
        voice.worth_nats,
    )


def short_voice_cells(voice: VoiceRow) -> tuple[object, ...]:
    """Give the cells of a voice, under ``SHORT_VOICE_HEAD``."""
    cells = voice_cells(voice)
    worth = voice.fate if voice.worth_nats is None else voice.worth_nats
    return (
        cells[0],
        cells[3],
        cells[5],
        "none" if voice.place is None else voice.place.name,
        ", ".join(voice.terms[:3]),
        worth,
    )


def _floors(floors: Sequence[Floor]) -> str:
    if not floors:
        return ""
    rows = [
        (f.name, f.has, f"{'at most' if f.name == 'radius_km' else 'at least'} {f.needs:g}", "yes" if f.met else "no")
        for f in floors
    ]
    return drawing.section("Floors", drawing.table(("demand", "there was", "needed", "met"), rows, number))


def _what_if(title: str, tried: Sequence[str]) -> str:
    if not tried:
        return ""
    return drawing.section(
        title,
        drawing.listed(tried),
        drawing.words("Each is a real run of the detector over the recording, so changed.", note=True),
    )


def time_line(
    moments: Sequence[Moment], threshold: float, voices: Sequence[VoiceRow], raised: tuple[int, float] | None = None
) -> str:
    """Draw the evidence over time against the threshold, and the voices below it, as SVG."""
    with drawing.figure(inches_high=3.4) as (made, panels):
        axes = panels[0]
        known = [(_moment(m.at), m.nats) for m in moments if m.nats is not None]
        axes.axhline(threshold, color=drawing.SIGNAL, linestyle="--", linewidth=1, label="threshold")
        axes.step([at for at, _ in known], [n for _, n in known], where="post", color=drawing.CALM, label="evidence")
        if raised is not None:
            axes.plot([_moment(raised[0])], [raised[1]], "v", color=drawing.SIGNAL, markersize=8, label="raised")
        floor = min([0.0, *[n for _, n in known]]) - 1.5
        for role, colour, name in (
            ("event", drawing.INK, "a voice"),
            ("other", drawing.SECOND, "a denial, another explanation"),
        ):
            at = [_moment(v.at) for v in voices if (v.role == "event") == (role == "event")]
            if at:
                axes.plot(at, [floor] * len(at), "|", color=colour, markersize=9, label=name)
        axes.set_ylabel("nats")
        axes.set_xlabel("UTC")
        _clock(axes)
        axes.legend(loc="upper left")
        return drawing.svg(made)


def _clock(axes: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415  # only who draws loads it

    locator = AutoDateLocator(tz=UTC)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))  # type: ignore[no-untyped-call]


def _moment(at: int) -> Any:
    return datetime.fromtimestamp(at / 1_000, UTC)


def voice_map(voices: Sequence[VoiceRow], centre: tuple[float, float], radius_km: float) -> str:
    """Draw where voices say it is around a centre with its radius, over the packaged outlines, as SVG."""
    placed = [voice for voice in voices if voice.place is not None]
    half_km = max(
        [MAP_LEAST_KM, 1.6 * radius_km, *[1.2 * _apart_km(v, centre) for v in placed if _apart_km(v, centre) < 400.0]]
    )
    narrow = max(0.05, math.cos(math.radians(centre[0])))
    with drawing.figure(inches_high=5.2) as (made, panels):
        axes = panels[0]
        angles = [math.tau * step / 72 for step in range(73)]
        axes.plot(
            [centre[1] + radius_km / KM_PER_DEGREE / narrow * math.cos(a) for a in angles],
            [centre[0] + radius_km / KM_PER_DEGREE * math.sin(a) for a in angles],
            color=drawing.SIGNAL,
            linewidth=1.2,
            label=f"{radius_km:.1f} km",
        )
        for first_hand, colour, name in ((True, drawing.CALM, "first hand"), (False, drawing.SECOND, "others")):
            own = [v for v in placed if (v.witness == "first_hand") == first_hand and v.place is not None]
            if own:
                axes.scatter(
                    [v.place.lon for v in own if v.place],
                    [v.place.lat for v in own if v.place],
                    s=[18 + 14 * v.mark for v in own],
                    color=colour,
                    alpha=0.55,
                    linewidths=0,
                    label=name,
                    zorder=3,
                )
        _names(axes, placed)
        high, wide = half_km / KM_PER_DEGREE, 1.5 * half_km / KM_PER_DEGREE / narrow
        ground(axes, (centre[1] - wide, centre[1] + wide, centre[0] - high, centre[0] + high))
        missing = len(voices) - len(placed)
        axes.set_title(f"{len(placed)} voices name a place" + (f", {missing} name none" if missing else ""))
        axes.legend(loc="upper right")
        return drawing.svg(made)


def _names(axes: Axes, placed: Sequence[VoiceRow]) -> None:
    counts: dict[str, tuple[int, float, float]] = {}
    for voice in placed:
        if voice.place is not None:
            many, _, _ = counts.get(voice.place.name, (0, 0.0, 0.0))
            counts[voice.place.name] = (many + 1, voice.place.lon, voice.place.lat)
    for name, (many, lon, lat) in sorted(counts.items(), key=lambda kv: (-kv[1][0], kv[0]))[:MOST_LABELS]:
        label = name if many == 1 else f"{name} ({many})"
        axes.annotate(label, (lon, lat), textcoords="offset points", xytext=(6, 4), fontsize=8, clip_on=True)


def _apart_km(voice: VoiceRow, centre: tuple[float, float]) -> float:
    assert voice.place is not None, "asked of placed voices only"
    narrow = math.cos(math.radians(centre[0]))
    return KM_PER_DEGREE * math.hypot(voice.place.lat - centre[0], (voice.place.lon - centre[1]) * narrow)
