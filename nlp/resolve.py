"""From a post to the places it may mean: recognise, weigh, choose jointly, hand on a short list that sums to at most 1.

Rules of the house: the finest consistent place wins and its town stays as a parent; a profile place is a weak candidate; a device
position is a strong one; a road meets the towns named with it; a name inside a street's is never a town; every place has an uncertainty
and a method.
Pure: the result of a query depends on nothing but the query and the loaded tables.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from msgspec import structs

from nlp.asking import Context, asks_of
from nlp.assemble import MIN_PROBABILITY, Make, Named, assemble
from nlp.bearers import home_names_first, is_distinct, told_as_quarter
from nlp.evidence import WEIGHTS, NameInfo
from nlp.gazetteer import ALTERNATE, CODE, PRIMARY, SHORT
from nlp.homelands import HOME, LANGUAGE_COUNTRIES, dialect
from nlp.joint import COARSE, SUBTOWN, Anchor, Candidate, choose, distance_km, holds, settle
from nlp.junctions import junction, uncertainty_km
from nlp.ner import MODELS
from nlp.profile import Profile, read_profile
from nlp.shortened import Shortened
from nlp.sight import Sight
from nlp.toponym import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlp.fold import Folded
    from nlp.gazetteer import Gazetteer
    from nlp.ner import Entity, Recogniser
    from tocsin.model import Ask, Place, Point

MAX_ROWS: Final = 48
"""Places of one name that are weighed, the most populous first."""
PENALTY: Final = {PRIMARY: 0.0, ALTERNATE: 0.3, SHORT: 2.0, CODE: 0.5}
"""Log-odds that a row loses when the name is not its own."""
HALF_WAY: Final = 0.5
CACHED_NAMES: Final = 65_536
CACHED_PROFILES: Final = 16_384
NEAR_KM: Final = 20.0
"""A name is taken for near the author's place within this distance."""
SHOWN: Final = 0.5
"""From this probability on a stretch is shown as a toponym."""
DOUBT: Final = (-0.8, 0.8)
"""Log-odds between which NER may change the verdict on a name."""
BEYOND_HELP: Final = -3.5
"""Log-odds that no agreement with the author's place can mend."""
SETTLED: Final = 0.4
"""A toponym is resolved when one place holds at least this share against its rivals and the unlisted ones."""


class PlaceQuery(NamedTuple):
    """What the resolver needs of a post: its text, folded once, and the spans ``taken`` by hazard terms (code points)."""

    text: str
    folded: Folded
    lang: str | None = None
    point: Point | None = None
    profile_place: str | None = None
    hazards: Mapping[str, float] | None = None
    taken: Sequence[tuple[int, int]] = ()


class Toponym(NamedTuple):
    """A recognised stretch ``[start, end)`` of the original text, with the place it was resolved to and the losing candidates."""

    start: int
    end: int
    text: str
    place: Place | None
    candidates: tuple[Place, ...] = ()


class Resolution(NamedTuple):
    """The candidates of a post, best first (scores sum to at most 1), and every recognised stretch in order."""

    places: tuple[Place, ...]
    toponyms: tuple[Toponym, ...]
    asks: tuple[Ask, ...] = ()
    """What a geocoder may be asked, when the resolver was told that there is one."""
    unread: bool = False
    """It holds a name that NER would have judged, had it not been left out."""


class Resolver:
    """Resolves posts in batches; each result is independent of its batch.

    Args:
        gazetteer: the loaded tables.
        recogniser: NER for doubtful names; ``None`` leaves them to the rules.
        read: ``doubtful`` lets NER read only the posts that hold a name it may decide, ``all`` every post of its languages.
        ask: also say what a geocoder may be asked.
    """

    def __init__(
        self,
        gazetteer: Gazetteer,
        recogniser: Recogniser | None = None,
        read: Literal["doubtful", "all"] = "doubtful",
        *,
        ask: bool = False,
    ) -> None:
        self._ask = ask
        self._gazetteer = gazetteer
        self._recogniser = recogniser
        self._read = read
        self._info = lru_cache(maxsize=CACHED_NAMES)(self._name_info)
        self._candidate = lru_cache(maxsize=CACHED_NAMES)(self._make_candidate)
        self._profile = lru_cache(maxsize=CACHED_PROFILES)(self._read_profile)
        self._dotted = lru_cache(maxsize=CACHED_NAMES)(self._dotted_code)
        self._cuts = Shortened(gazetteer)
        self._shortened = lru_cache(maxsize=CACHED_NAMES)(self._shortened_name)
        self._reader = Reader(gazetteer.find, self._info, self._dotted, self._shortened, self._numbered)
        self._make = Make(self._place, self._road, self._nearest_town, self._junction)
        self.ner_reads = 0
        """Posts that NER has read since the start."""

    def warm(self) -> None:
        """Load the entity models now, not at the first doubtful post of the night.

        Raises:
            OSError: a model package is not installed.
        """
        if self._recogniser is not None:
            from nlp.ner import MODELS  # noqa: PLC0415  spaCy: only for who reads entities

            self._recogniser.entities([(language, ".") for language in MODELS])

    def resolve(self, queries: Sequence[PlaceQuery], *, entities: bool = True) -> list[Resolution]:
        """Resolve a batch; the results are aligned with the queries. Without ``entities`` NER is left out, and the results say where."""
        sights = [self._reader.sights(query.text, query.folded, query.lang, query.taken) for query in queries]
        if self._recogniser is not None:
            asked = [index for index, query in enumerate(queries) if self._asks(query, sights[index])]
            if asked and not entities:
                left_out = frozenset(asked)
                return [
                    self._resolve_one(query, found)._replace(unread=index in left_out)
                    for index, (query, found) in enumerate(zip(queries, sights, strict=True))
                ]
            if asked:
                self.ner_reads += len(asked)
                texts = [(queries[index].lang or "", queries[index].text) for index in asked]
                for index, named in zip(asked, self._recogniser.entities(texts), strict=True):
                    sights[index] = self._again(queries[index], named)
        return [self._resolve_one(query, found) for query, found in zip(queries, sights, strict=True)]

    def _asks(self, query: PlaceQuery, found: list[Sight]) -> bool:
        if query.lang not in MODELS:
            return False
        if self._read == "all":
            return True
        return any(_doubtful(sight) for sight in found)

    def _again(self, query: PlaceQuery, entities: Sequence[Entity]) -> list[Sight]:
        return self._reader.sights(query.text, query.folded, query.lang, query.taken, entities)

    def _resolve_one(self, query: PlaceQuery, found: list[Sight]) -> Resolution:
        profile = self._profile(query.profile_place, query.lang) if query.profile_place else None
        anchors = _anchors(query.point, profile)
        found = [sight for sight in found if sight.logit > BEYOND_HELP]
        rows = [
            home_names_first(
                told_as_quarter(sight, [self._candidate(row, how) for row, how in sight.rows]),
                query.lang,
                PENALTY[ALTERNATE],
            )
            for sight in found
        ]
        found = [
            sight._replace(admin=sight.admin and _holds_the_one_before(index, found, rows))
            for index, sight in enumerate(found)
        ]
        candidates = [
            settle(
                options,
                admin=sight.admin,
                regional=sight.features is not None and "regional" in sight.features,
            )
            for sight, options in zip(found, rows, strict=True)
        ]
        found = [
            _agreeing(sight, options, query.point, profile) for sight, options in zip(found, candidates, strict=True)
        ]
        kept = [
            options if sight.probability >= MIN_PROBABILITY else []
            for sight, options in zip(found, candidates, strict=True)
        ]
        chosen = choose(
            kept,
            [sight.probability for sight in found],
            query.lang,
            anchors,
            dialect(query.folded.data),
            {
                index - 1: index
                for index, sight in enumerate(found)
                if sight.admin and index > 0 and found[index - 1].last + 1 == sight.first
            },
        )
        named = [
            Named(sight, sight.probability, _merge_near(choices)) for sight, choices in zip(found, chosen, strict=True)
        ]
        places = assemble(named, query.taken, query.point, profile, self._make)
        return Resolution(
            places,
            tuple(self._toponym(query.text, one) for one in named if one.probability >= SHOWN and one.sight.shown),
            asks_of(query.text, named, Context(query.point, profile), self._make) if self._ask else (),
        )

    def _toponym(self, text: str, one: Named) -> Toponym:
        sight = one.sight
        candidates = tuple(
            self._place(candidate.row, "gazetteer", round(share * one.probability, 4))
            for candidate, share in one.choices[:5]
        )
        settled = bool(one.choices) and (
            one.choices[0][1] >= SETTLED or one.choices[0][1] > 1.0 - sum(share for _, share in one.choices)
        )
        written = text[sight.start : sight.end]
        if not settled:
            return Toponym(sight.start, sight.end, written, None, candidates)
        return Toponym(sight.start, sight.end, written, candidates[0], candidates[1:])

    def _name_info(self, name_id: int, lang: str | None) -> NameInfo:
        table = self._gazetteer
        pairs = list(zip(table.candidates(name_id), table.candidates_how(name_id), strict=True))[:MAX_ROWS]
        plain = tuple(pair for pair in pairs if pair[1] != CODE)
        if lang == "fr" and plain and all(self._candidate(*pair).kind in SUBTOWN for pair in plain):
            plain += tuple((row, SHORT) for row in self._cuts.without_article(table.folded(name_id)))
        known = [self._candidate(row, how) for row, how in plain]
        kinds = {one.kind for one in known}
        countries = LANGUAGE_COUNTRIES.get(lang or "", {})
        return NameInfo(
            rows=plain,
            codes=tuple(pair for pair in pairs if pair[1] == CODE),
            population=max((one.population for one in known), default=0),
            own_population=max((one.population for one in known if one.penalty == 0.0), default=0),
            short=bool(plain) and all(how == SHORT for _, how in plain),
            coarse=not kinds.isdisjoint(COARSE),
            fine=bool(kinds) and kinds <= SUBTOWN,
            below=tuple(pair for pair, one in zip(plain, known, strict=True) if one.kind in SUBTOWN),
            common=table.is_ordinary(name_id, lang),
            loan=table.is_ordinary(name_id, "en"),
            home=any(countries.get(one.country, 0.0) >= HOME for one in known),
            distinct=is_distinct(table.folded(name_id), known) and not table.is_ordinary(name_id),
            bare_town="town" in kinds and kinds.isdisjoint({"quarter", *COARSE}),
        )

    def _dotted_code(self, letters: bytes) -> NameInfo | None:
        name_id = self._gazetteer.name_id(letters.decode("latin-1"))
        if name_id is None:
            return None
        info = self._info(name_id, None)
        return info._replace(rows=()) if info.codes else None

    def _shortened_name(self, word: bytes, lang: str) -> NameInfo | None:
        rows = self._cuts.rows(word, lang) or (self._cuts.without_article(word) if lang == "fr" else ())
        if not rows:
            return None
        return NameInfo(
            rows=tuple((row, SHORT) for row in rows),
            population=self._gazetteer.population(rows[0]),
            own_population=self._gazetteer.population(rows[0]),
            short=True,
            home=True,
        )

    def _numbered(self, number: str) -> NameInfo | None:
        found = self._departement(number)
        if found is None:
            return None
        return NameInfo(
            rows=((found.row, PRIMARY),),
            population=found.population,
            own_population=found.population,
            coarse=True,
            home=True,
        )

    def _make_candidate(self, row: int, how: int = PRIMARY) -> Candidate:
        table = self._gazetteer
        return Candidate(
            row,
            table.lat(row),
            table.lon(row),
            table.kind(row),
            table.population(row),
            table.country(row),
            table.region(row) or "",
            table.departement(row) or "",
            table.uncertainty_km(row),
            table.needs_context(row),
            PENALTY[how],
        )

    def _read_profile(self, text: str, lang: str | None) -> Profile | None:
        return read_profile(text, lang, self._lookup, self._departement)

    def _lookup(self, name: bytes) -> list[Candidate]:
        name_id = self._gazetteer.name_id(name.decode("latin-1"))
        if name_id is None:
            return []
        table = self._gazetteer
        pairs = zip(table.candidates(name_id), table.candidates_how(name_id), strict=True)
        return [self._candidate(row, how) for row, how in list(pairs)[:MAX_ROWS]]

    def _departement(self, number: str) -> Candidate | None:
        row = self._gazetteer.row_of(f"fr-dep:{number}")
        return None if row is None else self._candidate(row)

    def _place(self, row: int, method: str, score: float) -> Place:
        return self._gazetteer.place(row, method=method, score=score)

    def _road(self, ref: str, country: str) -> list[Candidate]:
        return [self._candidate(row) for row in self._gazetteer.road(ref, country or None)]

    def _junction(self, country: str, road: str, number: int) -> Place | None:
        found = junction(country, road, number)
        if found is None:
            return None
        table = self._gazetteer
        near, far = table.row_of(found.id), table.row_of(found.toward)
        if near is None or far is None:
            return None
        lat, lon = table.lat(near), table.lon(near)
        spread = uncertainty_km(table.distance_km(far, lat, lon))
        place = self._place(near if found.share <= HALF_WAY else far, "road", 1.0)
        return structs.replace(
            place,
            id=f"road:{road}/{number}",
            name=f"{road} {'sortie ' if country == 'FR' else 'J'}{number} ({place.name})",
            kind="road",
            lat=round(lat + found.share * (table.lat(far) - lat), 5),
            lon=round(lon + found.share * (table.lon(far) - lon), 5),
            uncertainty_km=round(spread, 1),
            population=0,
        )

    def _nearest_town(self, lat: float, lon: float) -> Candidate | None:
        row = self._gazetteer.nearest_town(lat, lon)
        return None if row is None else self._candidate(row)


def _doubtful(sight: Sight) -> bool:
    """Tell whether NER may decide on a name: in doubt, with a capital that means something, not led by a preposition."""
    features = sight.features or {}
    return (
        DOUBT[0] < sight.logit < DOUBT[1]
        and sight.role in {"bare", "of"}
        and ("capital" in features or "capital_initial" in features)
    )


def _anchors(point: Point | None, profile: Profile | None) -> list[Anchor]:
    anchors = []
    if point is not None:
        anchors.append(Anchor(point.lat, point.lon, "", 1.0, 1.0))
    if profile is not None:
        one = profile.candidate
        weight = 0.75 * profile.confidence * (0.4 if one.kind == "country" else 1.0)
        anchors.append(Anchor(one.lat, one.lon, one.country, weight, min(one.uncertainty_km, 100.0)))
    return anchors


def _agreeing(
    sight: Sight,
    options: Sequence[Candidate],
    point: Point | None,
    profile: Profile | None,
) -> Sight:
    """Raise the log-odds of a name that one of its places shares with the device's position or the profile."""
    feature = ""
    if point is not None and any(_near(one, point.lat, point.lon, NEAR_KM) for one in options):
        feature = "point_near"
    elif profile is not None and profile.candidate.kind != "country":
        home = profile.candidate
        if any(one.row == home.row for one in options):
            feature = "profile_same"
        elif any(_near(one, home.lat, home.lon, NEAR_KM + min(home.uncertainty_km, 60.0)) for one in options):
            feature = "profile_near"
    return sight._replace(logit=sight.logit + WEIGHTS[feature]) if feature else sight


def _holds_the_one_before(index: int, found: Sequence[Sight], rows: Sequence[Sequence[Candidate]]) -> bool:
    """Tell whether a name behind a comma may be the region of the name before it ("Moore, Oklahoma"), or only the next of a list.

    A name before it that no table holds may lie anywhere.
    """
    if index == 0 or found[index - 1].last + 1 != found[index].first or not rows[index - 1]:
        return True
    return any(holds(outer, inner) for outer in rows[index] for inner in rows[index - 1])


def _near(one: Candidate, lat: float, lon: float, reach_km: float) -> bool:
    return one.kind not in COARSE and distance_km(one.lat, one.lon, lat, lon) < reach_km


def _merge_near(
    choices: list[tuple[Candidate, float]],
) -> list[tuple[Candidate, float]]:
    """Merge candidates of one name that are one place for a dispatcher: a station and its stop, a city and its département."""
    kept: list[tuple[Candidate, float]] = []
    for candidate, share in choices:
        for position, (other, sum_share) in enumerate(kept):
            reach = max(2.0, min(other.uncertainty_km, candidate.uncertainty_km, 12.0))
            if (
                distance_km(candidate.lat, candidate.lon, other.lat, other.lon) < reach
                and candidate.country == other.country
            ):
                kept[position] = (other, sum_share + share)
                break
        else:
            kept.append((candidate, share))
    return sorted(kept, key=lambda pair: (-pair[1], pair[0].row))
