"""The form of a scenario test: who says what when, and what Tocsin must make of it (in words: ``docs/how-to/test-scenarios.md``).

Times are relative to the start of the file: ``90s``, ``5m``, ``1h30m``, ``3d``. A span is ``1m..5m``, ``..5m`` or ``1m..``; a single time
stands for "at the latest"; a single number for exactly so many.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from tocsin.analysis.yaml_lines import KeyPath, Lines, YamlError, read
from tocsin.model import HAZARDS, OPEN, Hazard, Modality, PlaceKind, Reason, Witness
from tocsin.time import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pydantic_core import ErrorDetails

ORDINARY_SOURCE: Final = "test"
"""Where posts come from, unless a test says another."""
MAX_REPEATS: Final = 10_000
MAX_SPAN_MS: Final = 90 * DAY_MS
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT_MS: Final = {"ms": 1, "s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}


def duration_ms(text: object) -> int:
    """Read a relative time.

    Raises:
        ValueError: it has another form.

    >>> duration_ms("1h30m"), duration_ms("0s"), duration_ms("2.5s")
    (5400000, 0, 2500)
    """
    parts = _PART.findall(str(text))
    if not parts or "".join(f"{number}{unit}" for number, unit in parts) != str(text):
        raise ValueError(f"expected a time such as 90s, 5m, 1h30m or 3d, got {text}")
    total = round(sum(float(number) * _UNIT_MS[unit] for number, unit in parts))
    if total > MAX_SPAN_MS:
        raise ValueError(f"expected at most 90d, got {text}")
    return total


def time_span(text: object) -> tuple[int, int]:
    """Read a span of relative times; a single one is the latest.

    >>> time_span("1m..5m"), time_span("5m"), time_span("1m..")[0]
    ((60000, 300000), (0, 300000), 60000)
    """
    first, dots, last = str(text).partition("..")
    if not dots:
        return 0, duration_ms(first)
    return duration_ms(first) if first else 0, duration_ms(last) if last else MAX_SPAN_MS


def number_span(text: object) -> tuple[float, float]:
    """Read a span of numbers; a single one is exact.

    >>> number_span("3..6"), number_span(4), number_span("..2")
    ((3.0, 6.0), (4.0, 4.0), (-inf, 2.0))
    """
    first, dots, last = str(text).partition("..")
    try:
        if not dots:
            return float(first), float(first)
        return float(first or "-inf"), float(last or "inf")
    except ValueError:
        raise ValueError(f"expected a number or a span such as 3..6, got {text}") from None


def _hazards(value: object) -> object:
    return {value: 1.0} if isinstance(value, str) else value


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) or value is None else [value]


Duration = Annotated[int, BeforeValidator(duration_ms)]
TimeSpan = Annotated[tuple[int, int], BeforeValidator(time_span)]
NumberSpan = Annotated[tuple[float, float], BeforeValidator(number_span)]
Share = Annotated[float, Field(gt=0.0, le=1.0)]
AnyHazard = Literal[Hazard, "open"]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Spot(_Form):
    """A place written out, for one that the gazetteer does not have."""

    name: str
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    kind: PlaceKind = "town"
    uncertainty_km: float = Field(3.0, gt=0, le=1_000)
    country: str = "FR"
    region: str | None = None
    departement: str | None = None
    commune: str | None = None
    population: int = Field(0, ge=0)
    score: Share = 0.9


class _Repeated(_Form):
    at: Duration = 0
    count: int = Field(1, ge=1, le=MAX_REPEATS)
    every: Duration = 10_000
    id: str | None = None
    """A name for it; with a count, the first is ``name``, the others ``name-2``, ``name-3``…"""
    author: str | None = None
    """One author for all of them; each its own by default."""
    source: str = ORDINARY_SOURCE
    repost_of: str | None = None


class MentionPlan(_Repeated):
    """What one post, or a row of posts by people each of their own, was understood to say."""

    hazard: Annotated[dict[AnyHazard, Share], BeforeValidator(_hazards)]
    place: str | Spot | None = None
    """A name or identity of the gazetteer; a place written out; none by default."""
    score: Share = 0.9
    """How surely the place is meant."""
    witness: Witness = "first_hand"
    modality: Modality = "asserted"
    probability: Share = 0.7
    denial: bool = False
    perception_only: bool = False
    consequences: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    terms: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    copies: bool = False
    """Nearly the same words each time."""


class PostPlan(_Repeated):
    """One post in its own words (or the same words ``count`` times), as a source would give it."""

    text: str
    lang: str | None = None
    place: str | None = None
    """The author's profile."""
    lat: float | None = None
    lon: float | None = None


class Withdrawal(_Form):
    """A post is deleted."""

    at: Duration
    of: str


class Absence(_Form):
    """A source is away, and the detector is told; the ordinary posts of the test are those of ``ORDINARY_SOURCE``."""

    at: Duration
    until: Duration | None = None
    """When it is back; never, by default."""
    source: str = ORDINARY_SOURCE


class Expected(_Form):
    """One incident that must be, must be held back, or must not be."""

    incident: Annotated[tuple[AnyHazard, ...] | None, BeforeValidator(_listed)] = None
    held: Annotated[tuple[AnyHazard, ...] | None, BeforeValidator(_listed)] = None
    """The same for a signal that is seen and not raised."""
    none: Annotated[tuple[AnyHazard | Literal["any"], ...] | None, BeforeValidator(_listed)] = None
    place: str | Spot | None = None
    within_km: float = Field(15.0, gt=0, le=20_000)
    raised: TimeSpan = (0, MAX_SPAN_MS)
    at: Duration | None = None
    """When the fields below must hold; at the end by default."""
    state: Literal["watch", "open", "quiet", "closed", "explained"] | None = None
    hazard: AnyHazard | None = None
    voices: NumberSpan | None = None
    witnesses: NumberSpan | None = None
    denials: NumberSpan | None = None
    radius_km: NumberSpan | None = None
    commune: str | None = None
    reasons: tuple[Reason, ...] = ()
    """Revisions that must be among those written by then, in this order."""

    @model_validator(mode="after")
    def _one_kind(self) -> Expected:
        given = [name for name in ("incident", "held", "none") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"expected one of incident, held, none; got {', '.join(given) or 'none of them'}")
        return self


class ScenarioTest(_Form):
    """One test: what is said, and what must come of it."""

    name: str
    posts_a_minute: float = Field(20.0, gt=0, le=1e6)
    """How many posts the sources had, with or without a term, beside those of the test; the default is the packaged pace."""
    mentions: tuple[MentionPlan, ...] = ()
    posts: tuple[PostPlan, ...] = ()
    deleted: tuple[Withdrawal, ...] = ()
    away: tuple[Absence, ...] = ()
    until: Duration | None = None
    """The end; by default two minutes after the last thing said."""
    expect: tuple[Expected, ...] = ()
    others: Literal["refused", "allowed"] = "refused"
    """Whether incidents may be raised that are not expected."""
    fails: str | None = None
    """Why it is known not to hold yet: then it must not hold."""

    @model_validator(mode="after")
    def _something_is_said(self) -> ScenarioTest:
        if not self.mentions and not self.posts:
            raise ValueError("expected mentions or posts, got neither")
        return self


class ScenarioFile(_Form):
    """A file of scenario tests."""

    start: str = "2026-03-02T12:00:00Z"
    settings: dict[Literal["detector"], dict[str, Any]] = {}
    tests: tuple[ScenarioTest, ...]

    @model_validator(mode="after")
    def _something_is_tested(self) -> ScenarioFile:
        if not self.tests:
            raise ValueError("expected tests, got none")
        return self


def load(path: Path) -> tuple[ScenarioFile, Lines]:
    """Read a file of scenario tests, with its lines.

    Raises:
        YamlError: every problem found, one a line, each with file and line.
        OSError: it cannot be read.
    """
    document, lines = read(path)
    try:
        return ScenarioFile.model_validate(document), lines
    except ValidationError as error:
        found = {_problem(details, lines): None for details in error.errors(include_url=False)}
        raise YamlError("\n".join(found)) from error


def _problem(details: ErrorDetails, lines: Lines) -> str:
    # Branches of a union stand in the path by name; only what the file holds has a line.
    path: KeyPath = tuple(details["loc"])
    name = ".".join(str(part) for part in path if not _is_branch(part))
    got = details["input"]
    said = details["msg"].removeprefix("Value error, ")
    if details["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(path[-1]), _known_names(), n=1)
        said = f"expected a key of the form, got {path[-1]}" + (f" (did you mean {near[0]}?)" if near else "")
    elif details["type"] == "missing":
        said = "expected a value, got nothing"
    elif not said.startswith("expected"):
        shown = got if isinstance(got, str | int | float) else type(got).__name__
        said = f"{said[0].lower()}{said[1:]}, got {shown}"
    return f"{lines.place(path)}: {name + ': ' if name else ''}{said}"


def _is_branch(part: str | int) -> bool:
    return isinstance(part, str) and (
        part in {"str", "Spot"} or part.startswith(("function-", "literal[", "tuple[", "[key]"))
    )


def _known_names() -> Iterable[str]:
    forms: tuple[type[BaseModel], ...] = (
        ScenarioFile,
        ScenarioTest,
        Expected,
        MentionPlan,
        PostPlan,
        Withdrawal,
        Absence,
        Spot,
    )
    return sorted({name for form in forms for name in form.model_fields} | set(HAZARDS) | {OPEN})
