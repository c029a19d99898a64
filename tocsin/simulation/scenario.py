"""What a simulated stream holds, as a declaration in TOML: background, incidents, look-alikes and faults."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from tocsin.model import Hazard
from tocsin.simulation.world import Language, by_name
from tocsin.time import HOUR_MS, parse_instant

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0.0)]
Positive = Annotated[float, msgspec.Meta(gt=0.0)]
MAX_WITNESSES: Final = 20_000
"""Most first-hand posts of one incident: they are held in memory while it lasts."""
MAX_RATE_PER_MIN: Final = 10_000_000.0
DecoyKind = Literal[
    "exercise",
    "commemoration",
    "match",
    "fireworks",
    "fiction",
    "advert",
    "old_news",
    "warning",
    "politics",
    "game",
]
DECOY_KINDS: Final[tuple[DecoyKind, ...]] = (
    "exercise",
    "commemoration",
    "match",
    "fireworks",
    "fiction",
    "advert",
    "old_news",
    "warning",
    "politics",
    "game",
)


class _Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Curve(_Declared, frozen=True, kw_only=True):
    """How the rate of posts rises and falls: nothing for ``onset_secs``, a linear rise to the peak, then an exponential decay."""

    onset_secs: NotNegative = 25.0
    """From the event to the first possible post."""
    growth_secs: Positive = 150.0
    """From the first possible post to the peak."""
    decay_secs: Positive = 1_500.0
    """Time constant of the decay after the peak."""


class Places(_Declared, frozen=True, kw_only=True):
    """How posts of an incident say where. The shares up to ``silent`` are relative to their sum; GPS and profile come on top."""

    town: NotNegative = 0.32
    quarter: NotNegative = 0.14
    street: NotNegative = 0.10
    near: NotNegative = 0.06
    silent: NotNegative = 0.38
    """No place in the text."""
    gps: Share = 0.03
    """Share of posts with a device position."""
    profile: Share = 0.25
    """Share of authors with their town in the profile."""


class Voices(_Declared, frozen=True, kw_only=True):
    """How many posts of each other kind come for each first-hand post."""

    relays: NotNegative = 0.35
    questions: NotNegative = 0.20
    media: NotNegative = 0.10
    official: NotNegative = 0.04
    reposts: NotNegative = 0.40
    denials: NotNegative = 0.02
    after: NotNegative = 0.05


class IncidentPlan(_Declared, frozen=True, kw_only=True):
    """One real emergency of the simulated world."""

    name: str
    hazard: Hazard
    town: str
    quarter: str | None = None
    after_secs: NotNegative
    """From the start of the stream to the event itself."""
    witnesses: Annotated[int, msgspec.Meta(ge=1, le=MAX_WITNESSES)] = 30
    lang: Language | None = None
    """Language of the posts; the town's own when left out."""
    curve: Curve = Curve()
    places: Places = Places()
    voices: Voices = Voices()
    bots: Annotated[int, msgspec.Meta(ge=0, le=MAX_WITNESSES)] = 0
    """Near-duplicates of one post by accounts made for it."""


class DecoyPlan(_Declared, frozen=True, kw_only=True):
    """A burst that looks like an emergency and is none."""

    name: str
    kind: DecoyKind
    hazard: Hazard
    """The hazard it looks like."""
    town: str
    after_secs: NotNegative
    posts: Annotated[int, msgspec.Meta(ge=1, le=MAX_WITNESSES)] = 25
    lasts_secs: Positive = 2_400.0
    bots: Annotated[int, msgspec.Meta(ge=0, le=MAX_WITNESSES)] = 0


class Background(_Declared, frozen=True, kw_only=True):
    """The ordinary noise around it."""

    rate_per_min: Annotated[float, msgspec.Meta(ge=0.0, le=MAX_RATE_PER_MIN)] = 60.0
    """Mean over a whole day."""
    share_fr: Share = 0.7
    hot_share: Share = 0.03
    """Share of ordinary posts with words of emergencies (figurative, past, far away)."""
    single_share: Share = 0.0004
    """Share of lone posts of small true incidents somewhere."""
    gps_share: Share = 0.01
    profile_share: Share = 0.2
    night_floor: Share = 0.15
    """Rate of the deepest night over the rate of the busiest hour."""
    authors: Annotated[int, msgspec.Meta(ge=1, le=100_000_000)] = 50_000


class Faults(_Declared, frozen=True, kw_only=True):
    """What goes wrong between people and us. All shares are of all posts."""

    disorder_share: Share = 0.05
    disorder_secs: NotNegative = 4.0
    """Longest ordinary delay of a post."""
    late_share: Share = 0.002
    late_secs: NotNegative = 600.0
    """Longest delay of a late post."""
    skew_share: Share = 0.002
    skew_secs: NotNegative = 7_200.0
    """Largest error of an author's clock, either way."""
    broken_share: Share = 0.0
    """Broken lines put in between, over posts. None by default: a file with broken lines can be replayed, yet not scored with its posts."""
    duplicate_share: Share = 0.001
    """Share of lines that the source sends twice."""
    retract_share: Share = 0.0
    """Share of posts whose author deletes them within the hour. None by default, as for broken lines: a retraction is no post."""


class Scenario(_Declared, frozen=True, kw_only=True):
    """A whole simulated stream."""

    name: str = "simulated"
    start: str = "2026-06-01T06:00:00Z"
    hours: Positive = 3.0
    seed: int = 1
    background: Background = Background()
    faults: Faults = Faults()
    incidents: tuple[IncidentPlan, ...] = ()
    decoys: tuple[DecoyPlan, ...] = ()

    @property
    def start_at(self) -> int:
        """The first instant of the stream."""
        return parse_instant(self.start)

    @property
    def end_at(self) -> int:
        """The (exclusive) last instant of the stream."""
        return self.start_at + round(self.hours * HOUR_MS)


class ScenarioError(ValueError):
    """A declaration is wrong: the message names the field and what was expected."""


def checked(scenario: Scenario) -> Scenario:
    """Give the scenario back if all its names and times fit the world.

    Raises:
        ScenarioError: a bad start, an unknown town or quarter, a name used twice, or an event after the end; all problems at once.
    """
    problems: list[str] = []
    try:
        parse_instant(scenario.start)
    except ValueError:
        raise ScenarioError(f"start: expected an ISO 8601 date-time, got {scenario.start!r}") from None
    plans: list[IncidentPlan | DecoyPlan] = [*scenario.incidents, *scenario.decoys]
    names = [plan.name for plan in plans]
    problems.extend(f"{name}: this name is used twice" for name in sorted({n for n in names if names.count(n) > 1}))
    for plan in plans:
        town = by_name().get(plan.town)
        if town is None:
            problems.append(f"{plan.name}: no town {plan.town!r}; there are: {', '.join(sorted(by_name()))}")
        elif isinstance(plan, IncidentPlan) and plan.quarter not in {None, *(spot[0] for spot in town.quarters)}:
            known = ", ".join(spot[0] for spot in town.quarters)
            problems.append(f"{plan.name}: no quarter {plan.quarter!r} in {town.name}; there are: {known}")
        if plan.after_secs * 1_000 >= scenario.hours * HOUR_MS:
            problems.append(f"{plan.name}: after_secs {plan.after_secs:g} lies beyond the end ({scenario.hours:g} h)")
        if isinstance(plan, IncidentPlan) and not _places_sum(plan.places):
            problems.append(f"{plan.name}: places: the shares of town, quarter, street, near and silent are all zero")
    if problems:
        raise ScenarioError("\n".join(problems))
    return scenario


def _places_sum(places: Places) -> float:
    return places.town + places.quarter + places.street + places.near + places.silent


def demo() -> Scenario:
    """Give the packaged scenario that ``tocsin demo`` plays."""
    raw = resources.files("tocsin.simulation").joinpath("data/demo.toml").read_bytes()
    return checked(msgspec.toml.decode(raw, type=Scenario))


def load(path: Path) -> Scenario:
    """Read a scenario from a TOML file.

    Raises:
        ScenarioError: the file is no TOML, or holds an unknown field, a wrong type or a name the world does not know.
        OSError: the file cannot be read.
    """
    try:
        return checked(msgspec.toml.decode(path.read_bytes(), type=Scenario))
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from None
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: {error}") from None
