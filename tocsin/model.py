"""All messages that travel between stages.

Every message is a frozen ``msgspec`` struct. Instants are UTC epoch milliseconds named ``*_at``, durations end in ``_ms``, distances in
``_km``, angles are WGS 84 degrees. Windows are half-open. Fields are only ever added, at the end and with defaults. All fields are
always written, so that equal messages have equal bytes.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Hazard = Literal[
    "fire",
    "road_accident",
    "rail_accident",
    "aviation_accident",
    "explosion",
    "attack",
    "flood",
    "storm",
    "earthquake",
    "collapse",
    "industrial",
    "rescue",
    "landslide",
]
HAZARDS: Final[tuple[Hazard, ...]] = (
    "fire",
    "road_accident",
    "rail_accident",
    "aviation_accident",
    "explosion",
    "attack",
    "flood",
    "storm",
    "earthquake",
    "collapse",
    "industrial",
    "rescue",
    "landslide",
)
"""The closed list of hazards; each maps to a CISU code and a CAP category."""

OPEN: Final = "open"
"""The name of the mass of a hazard distribution that names no hazard ("BOUM ???")."""

Modality = Literal[
    "asserted",
    "question",
    "negated",
    "hypothetical",
    "past",
    "figurative",
    "exercise",
    "commemoration",
    "advert",
    "old_news",
    "warning",
    "fiction",
    "sport",
    "politics",
]
"""How the post tells of it. Only ``asserted`` and ``question`` (which proves perception) speak for something real, here and now."""

Witness = Literal["first_hand", "relay", "media", "official", "unknown"]
"""Who speaks: a person who perceives it, one who passes it on, a newsroom, a service or operator."""

PlaceKind = Literal[
    "point",
    "street",
    "stop",
    "station",
    "hospital",
    "school",
    "stadium",
    "poi",
    "quarter",
    "road",
    "town",
    "departement",
    "region",
    "country",
]
"""``point`` is a device position; ``town`` covers communes and cities; ``region`` covers first-level regions of any country."""

COARSE_KINDS: Final[frozenset[str]] = frozenset({"departement", "region", "country"})
"""Kinds that are no finer than a département: they cannot place an incident alone."""


class Point(msgspec.Struct, frozen=True, array_like=True):
    """A position, WGS 84 degrees."""

    lat: float
    lon: float


class Admin(msgspec.Struct, frozen=True):
    """The administrative chain of a place: codes, not names (INSEE in France, first-level GeoNames codes elsewhere)."""

    region: str | None = None
    departement: str | None = None
    commune: str | None = None
    """INSEE code of the commune."""


class Place(msgspec.Struct, frozen=True):
    """A resolved toponym, or a device position.

    ``uncertainty_km`` is the radius within which the thing meant lies nine times of ten. ``score`` in (0, 1] is the probability that
    this candidate is the place that the post ties to the emergency; the scores of a mention sum to at most 1. ``method`` names how it
    was found (``gps``, ``gazetteer``, ``road``, ``profile``, ``context``, ``geocoder``...); ``near``: the thing is said to be beside it.
    """

    id: str
    name: str
    kind: PlaceKind
    lat: float
    lon: float
    uncertainty_km: float
    country: str = ""
    """ISO 3166-1 alpha-2, upper case."""
    admin: Admin = Admin()
    method: str = ""
    score: float = 1.0
    population: int = 0


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A public post that passed the term gate; every identity in it is a keyed hash."""

    id: str
    source: str
    author: str
    event_at: int
    """The claimed time clamped to ``[received_at - lateness, received_at]``."""
    received_at: int
    """The stream's own monotone clock."""
    age_ms: int = 0
    """How much older than ``event_at`` the post claims to be (clock skew, backfill); negative when it claims the future."""
    text: str
    lang: str | None = None
    """BCP 47 primary subtag, lower case; ``None`` when the source did not say."""
    point: Point | None = None
    profile_place: str | None = None
    repost_of: str | None = None
    reply_to: str | None = None
    gate: tuple[str, ...] = ()
    """Identities of the lexicon entries that opened the gate."""
    sealed: bytes = b""
    """On a broker: text, profile place, point and link to the original, sealed; the fields themselves are then empty."""


class Exposure(msgspec.Struct, frozen=True, array_like=True):
    """A source had so many posts, gated or not, in the pane that starts at ``pane_start_at``."""

    pane_start_at: int
    source: str
    posts: int


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Source ``origin`` was heard up to ``up_to_at`` and gave ``posts`` posts since the last record: watermark and exposure.

    On a broker it ends each record of posts and travels with it to the detector; ``step`` numbers the records of one origin in one
    partition without a hole, so that a record sent twice is known and a lost one is missed.
    """

    origin: str
    up_to_at: int
    posts: int = 0
    partition: int = 0
    """The ``posts`` partition that carried the record."""
    step: int = 0
    """Number of the record within its origin and partition, from 0."""
    ended: bool = False
    """The origin has said all it will ever say."""
    exposures: tuple[Exposure, ...] = ()
    """Carried by partition 0 alone."""
    tally: dict[str, int] = {}
    """What became of the items behind the record, by ``stage.outcome`` or ``stage.outcome.reason``."""


class Retraction(msgspec.Struct, frozen=True, kw_only=True):
    """A post was deleted or edited, or its account removed."""

    post_id: str
    at: int
    reason: Literal["deleted", "edited", "account"] = "deleted"
    also: tuple[str, ...] = ()
    """Further posts that are gone: the same one under the key of the day before, or those of the account."""

    @property
    def post_ids(self) -> tuple[str, ...]:
        """All posts that it is about."""
        return (self.post_id, *self.also)


class SourceGap(msgspec.Struct, frozen=True, kw_only=True):
    """A source was not heard from ``from_at`` to ``to_at`` (``None``: still away; its origin leaves the watermark)."""

    origin: str
    from_at: int
    to_at: int | None = None
    filled: bool = False


class SettingsChange(msgspec.Struct, frozen=True, kw_only=True):
    """New detector settings (TOML text), in force from the first pane that starts at or after ``at``."""

    at: int
    toml: str


class GeocodeResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a geocoder answered for one mention; it sharpens the place from its pane on."""

    post_id: str
    at: int
    """An instant of the pane in which it acts: that of the post, or the first pane still open when the answer came."""
    place: Place


class Span(msgspec.Struct, frozen=True, array_like=True):
    """A stretch ``[start, end)`` of the original text, in code points, and the lexicon entry it matched."""

    start: int
    end: int
    entry: str


class Ask(msgspec.Struct, frozen=True):
    """A street, quarter or site that a post names and no table holds, for a geocoder; only ``words`` and the town's name go out."""

    words: str
    """As written, with its kind word ("rue d'Aubagne")."""
    name: tuple[str, ...]
    """Folded words of the name itself ("aubagne"): an answer has to bear them."""
    kind: PlaceKind
    town: Place
    """The town that the post, its device or its profile gives it."""
    weight: float
    """Probability that the post means this thing in this town."""


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """What one post says of an emergency. It holds no text but matched words."""

    post_id: str
    source: str
    author: str
    event_at: int
    received_at: int
    lang: str = ""
    hazards: dict[str, float]
    """Distribution over ``HAZARDS`` and ``OPEN``; the values sum to 1 (rounded to 4 digits)."""
    terms: tuple[str, ...]
    """Matched words, folded, in order of appearance, without repeats."""
    spans: tuple[Span, ...] = ()
    modality: Modality = "asserted"
    witness: Witness = "unknown"
    probability: float
    """Calibrated probability, rounded to 4 digits, that the post tells (first-hand or as a relay) of something real, here and now."""
    reasons: tuple[str, ...] = ()
    """Why the probability is what it is: signed names of the strongest features; "hazard.meaning" where more
    than the words named the hazard."""
    denial: bool = False
    """The post says that there is nothing ("fausse alerte", "c'était un exercice"): a negative voice."""
    perception_only: bool = False
    """Noise, smoke, siren, shaking, without a consequence: it may still be nothing."""
    consequences: tuple[str, ...] = ()
    """Reported consequences, from a closed list: dead, injured, trapped, missing, evacuated, damage, blocked, responders."""
    places: tuple[Place, ...] = ()
    """Candidates, best first; empty when the post names no place. Their scores sum to at most 1."""
    fingerprint: int = 0
    """64-bit SimHash of the normalised text, as a signed integer; 0 when the text is too short to tell a copy from a coincidence."""
    repost_of: str | None = None
    reply_to: str | None = None
    shed: tuple[str, ...] = ()
    """Gates left out under pressure, in the order they were shed."""
    asks: tuple[Ask, ...] = ()
    """What a geocoder may be asked of it, best first; empty where none is configured."""

    @property
    def place(self) -> Place | None:
        """The best candidate, if any."""
        return self.places[0] if self.places else None


class AreaMass(msgspec.Struct, frozen=True, kw_only=True):
    """How much of an incident's place posterior lies in one commune (or in one named place outside any commune)."""

    place: str
    """Name of the likeliest place there."""
    mass: float
    """Probability that the incident is there, from 0 to 1, rounded to 4 digits."""
    lat: float
    lon: float
    """Position of that place."""
    country: str = ""
    region: str | None = None
    departement: str | None = None
    commune: str | None = None


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """One of the places from which people tell of a mass event (a storm, a flood, a quake heard in many towns)."""

    place: str
    """Name of the place most named there."""
    place_id: str
    lat: float
    lon: float
    """Position of that place."""
    radius_km: float
    """Holds nine tenths of its voices."""
    voices: int
    first_at: int
    """When its first voice was heard."""
    consequences: dict[str, int] = {}
    """Reported consequences and how many of its voices told of each."""
    country: str = ""
    region: str | None = None
    departement: str | None = None
    commune: str | None = None


IncidentState = Literal["watch", "open", "quiet", "closed", "explained"]
Reason = Literal[
    "raised",
    "grown",
    "surge",
    "moved",
    "corrected",
    "merged",
    "split",
    "denied",
    "explained",
    "quiet",
    "reopened",
    "closed",
    "withdrawn",
]
"""Why a revision was written."""


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of the life of one signal."""

    incident_id: str
    revision: int
    msg_type: Literal["Alert", "Update", "Cancel"]
    reason: Reason
    state: IncidentState
    hazard: str
    """The most probable hazard, or ``open`` while none was named."""
    hazards: dict[str, float]
    lat: float
    lon: float
    """The posterior medoid: always the position of a place that was named, never a mean."""
    radius_km: float
    """r90: the posterior holds nine tenths of its mass within it."""
    r50_km: float
    place: str
    """For reading: the commune if its mass is at least 0.7, else "between X and Y"."""
    place_id: str
    place_kind: str = ""
    country: str = ""
    region: str | None = None
    departement: str | None = None
    commune: str | None = None
    raised_at: int
    updated_at: int
    first_voice_at: int
    closed_at: int | None = None
    voices: int
    witnesses: int
    """Voices that speak first-hand."""
    located_voices: int = 0
    denials: int = 0
    networks: tuple[str, ...] = ()
    evidence: float
    """Natural logarithm of the prior-weighted Shiryaev-Roberts statistic, rounded to 3 digits."""
    threshold: float = 0.0
    """What ``evidence`` had to reach: the natural logarithm of the budget in minutes."""
    expected: float
    """Voices of this hazard expected here in ``window_ms`` on an ordinary day."""
    window_ms: int = 0
    """The length of the window that spoke the loudest."""
    budget_mins: float = 0.0
    forgery_cost: int = 0
    """Independent accounts it would have taken to fake this incident."""
    warm: bool = False
    """The baseline here has history of its own, not only the packaged prior."""
    terms: tuple[str, ...] = ()
    """The words heard most often, at most eight."""
    reported: tuple[str, ...] = ()
    inferred: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    lineage: tuple[str, ...] = ()
    """Incidents merged into this one, or the one it was split from."""
    sentence: str = ""
    """One sentence that explains it, in English."""
    areas: tuple[AreaMass, ...] = ()
    """Where the posterior mass lies, largest first, at most 16: what an alert is routed by."""
    consequences: dict[str, int] = {}
    """Reported consequences (the closed list of ``Mention.consequences``) and how many voices told of each."""
    quotable: tuple[str, ...] = ()
    """Posts whose words an authorised person may ask for, the most credible first: at most eight, and none below five voices.
    It stays inside: public forms of an incident leave it out."""
    zones: tuple[Zone, ...] = ()
    """Where people tell of a mass event, most voices first, at most 12; empty for narrow hazards and while there are not two."""


Decision = Literal["seen", "checking", "already_known", "confirmed", "rejected", "not_ours", "duplicate"]
"""What a person can say of an incident. Only ``confirmed`` makes an alert ``Actual``, and only for the centre that said so."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The decision of a named person at a centre."""

    incident_id: str
    centre: str
    operator: str
    at: int
    decision: Decision
    reason: str = ""
    known_at: int | None = None
    """Since when the centre knew, with ``already_known``: the only evidence of how early a signal was."""
    revision: int = 0
    """The revision that the person saw; 0 when not said: the latest one then."""
    duplicate_of: str = ""
    """``duplicate``: the incident that it repeats."""


class ExerciseWindow(msgspec.Struct, frozen=True, kw_only=True):
    """An exercise declared by a centre: what is raised in it is labelled and routed apart for that centre, and never suppressed."""

    window_id: str
    centre: str
    operator: str
    declared_at: int
    from_at: int
    until_at: int
    label: str
    """Name or tag of the exercise, as its players know it."""
    hazards: tuple[str, ...] = ()
    """Hazards played; empty for all."""
    departements: tuple[str, ...] = ()
    communes: tuple[str, ...] = ()
    """Area, by codes; both lists empty: the whole territory of the centre."""
    recipients: tuple[str, ...] = ()
    """Addressees of the exercise, besides those of the centre."""
    withdrawn: bool = False


AlertStatus = Literal["Actual", "Exercise", "System", "Test", "Draft"]
Delivery = Literal["interrupt", "digest", "silent"]
"""``interrupt`` rings; ``digest`` would ring but for the budget of interruptions; ``silent`` only updates what is shown."""


class Reference(msgspec.Struct, frozen=True, array_like=True):
    """An earlier alert that another one takes the place of."""

    alert_id: str
    sent_at: int


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """The standing verdict of one centre, as all centres see it: without the name of the person."""

    centre: str
    decision: Decision
    at: int
    reason: str = ""
    known_at: int | None = None
    duplicate_of: str = ""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One notice of one incident revision to one centre. The words of status, type, urgency, severity, certainty are those of CAP 1.2."""

    alert_id: str
    """Hash of what caused it and of its centre: made again after a fall, it has the same identity (an idempotency key)."""
    incident_id: str
    """The one identity that all centres share."""
    centre: str
    sequence: int
    """Number of the notice among those of its incident and centre, from 1."""
    sent_at: int
    status: AlertStatus
    msg_type: Literal["Alert", "Update", "Cancel"]
    cause: str
    """Reason of the revision, decision of the verdict (``verdict:confirmed``), or ``exercise``."""
    delivery: Delivery
    delivery_reason: str = ""
    """Why it rings or does not, for a person."""
    references: tuple[Reference, ...] = ()
    proposal: bool = False
    """What the machine would say now of an incident that a person of the centre has judged: it changes nothing by itself."""
    lead: bool = False
    """The centre holds the largest mass among those that have not said ``not_ours``."""
    mass: float = 0.0
    """Posterior mass in the centre's territory."""
    centres: tuple[str, ...] = ()
    """All centres that were told of the incident."""
    recipients: tuple[str, ...] = ()
    """Addressees at the centre."""
    lang: Literal["fr", "en"] = "fr"
    evaluation: str = "unjudged"
    """Decision of the centre's own standing verdict. Unjudged is not true."""
    opinions: tuple[Opinion, ...] = ()
    """Standing verdicts of all centres side by side, by centre; they may contradict each other."""
    exercise: str = ""
    """Label of a declared exercise that covers it."""
    exercise_of: str = ""
    """The centre that declared that exercise."""
    urgency: Literal["Immediate", "Expected", "Future", "Past", "Unknown"] = "Unknown"
    severity: Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"] = "Unknown"
    certainty: Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"] = "Possible"
    incident: Incident
    """What it tells of: for ``Actual`` the very revision that the person judged."""


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """What a centre was not interrupted for within ``[from_at, until_at)``, because its budget of interruptions was spent."""

    digest_id: str
    centre: str
    from_at: int
    until_at: int
    alerts: tuple[str, ...]
    """Identities of the alerts, oldest first."""
    lines: tuple[str, ...]
    """One line for each, for a person, in the centre's language."""
    recipients: tuple[str, ...] = ()
    lang: Literal["fr", "en"] = "fr"


DeadReason = Literal[
    "not_utf8",
    "not_json",
    "not_an_object",
    "missing_field",
    "wrong_type",
    "bad_time",
    "bad_position",
    "too_long",
    "unknown_version",
    "stage_error",
    "refused_verdict",
]
DEAD_REASONS: Final[dict[DeadReason, str]] = {
    "not_utf8": "The line is not UTF-8.",
    "not_json": "The line is not JSON, or is nested too deeply.",
    "not_an_object": "The line is JSON, but no object.",
    "missing_field": "A field without which a post is no post is absent.",
    "wrong_type": "A field, or a record, holds something of another type.",
    "bad_time": "An instant cannot be read, lies outside 1990 to 2099, or leaps away from its stream alone.",
    "bad_position": "A position is half given, or lies outside the globe.",
    "too_long": "The line, its text, or a name in it passes a limit of the settings.",
    "unknown_version": "A record was written by a version, or is of a type, unknown here.",
    "stage_error": "The stage that read the post failed on it: a defect of ours, not of the post.",
    "refused_verdict": "A decision that cannot be meant: no such centre, nobody's name, no reason, a revision long gone, no incident.",
}
"""What each reason means, for the operator who reads the dead letters."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """Refused input: which stage refused it, why, where it stood, and its first bytes (redacted, capped)."""

    stage: str
    reason: DeadReason
    detail: str
    """What was expected and what came, for a person."""
    origin: str = ""
    line: int | None = None
    """Number of the line in its file, from 1."""
    raw: bytes = b""


Message = (
    Post
    | Progress
    | Retraction
    | SourceGap
    | SettingsChange
    | GeocodeResult
    | Mention
    | Incident
    | Verdict
    | ExerciseWindow
    | Alert
    | Digest
    | DeadLetter
)
"""Whatever may stand in a record."""
