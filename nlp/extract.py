"""The assembled extractor: from gated posts to mentions, in batches; from a text to all that was seen in it, for a person.

A mention of a post depends on nothing but the post, the loaded tables and what is shed: neither on its batch nor on what came before (the
caches only remember answers). Nothing certain is thrown away here: a doubtful post stays, with its low probability, for the detector.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, Protocol

from nlp.cues import CueBook
from nlp.fingerprint import fingerprint
from nlp.fold import fold_aligned
from nlp.gate import Gate
from nlp.lexicon import WEIGHED_ID, Lexicon
from nlp.meaning import SentenceEncoder
from nlp.readings import HeldOutEncoder, Readings
from nlp.relevance import SenseModel
from nlp.resolve import PlaceQuery, Resolution, Resolver
from nlp.sense import Sense, SenseQuery, SenseReader
from tocsin.model import Mention
from tocsin.settings.nlp import SHED_ORDER, NlpSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlp.meaning import Encoder
    from tocsin.model import Point, Post

DropReason = Literal["no_term", "not_relevant", "explained"]
DROP_REASONS: Final[tuple[DropReason, ...]] = ("no_term", "not_relevant", "explained")
"""Why a gated post gives no mention: no word of the lexicon stands in it; it is certainly nothing; an explanation accounts for it."""
ENTITIES, PLACES, MEANING = SHED_ORDER
PLAIN_MODALITIES: Final = frozenset({"asserted", "question"})


@dataclass(frozen=True, slots=True)
class Dropped:
    """A gated post that gives no mention."""

    post_id: str
    reason: DropReason


class Places(Protocol):
    """Whatever resolves places in batches, each answer independent of its batch."""

    def warm(self) -> None:
        """Load now what comes at first need."""
        ...

    def resolve(self, queries: Sequence[PlaceQuery], *, entities: bool = True) -> list[Resolution]:
        """Resolve a batch, with or without an entity model; the results are aligned with the queries."""
        ...


@dataclass(frozen=True, slots=True)
class Analysis:
    """All that was seen in one text, for ``tocsin extract``."""

    sense: Sense
    resolution: Resolution
    gate: tuple[str, ...]
    """Entries that open the term gate; empty when the pipeline would have dropped the post there."""
    dropped: DropReason | None
    """Why the pipeline would give no mention although the gate is open."""
    fingerprint: int


class Extractor:
    """Turns posts into mentions.

    Args:
        sense: judges what a post says.
        places: finds where.
        gate: the term gate, for ``analyse``.
        settings: limits.
    """

    def __init__(self, sense: SenseReader, places: Places, gate: Gate, settings: NlpSettings) -> None:
        self._sense = sense
        self._places = places
        self._gate = gate
        self._settings = settings

    @classmethod
    def load(cls, settings: NlpSettings | None = None, *, ask: bool = False) -> Extractor:
        """Load the packaged tables (about a second and a half; the entity model comes at first need).

        With ``ask``, mentions say what a geocoder may be asked of them.

        Raises:
            LexiconError, CueError, SenseModelError, GazetteerError, ReadingsError: a table cannot be used.
            OSError: a file that the settings name is missing.
        """
        from nlp.gazetteer import Gazetteer  # noqa: PLC0415  its tables and scipy: only for who extracts
        from nlp.ner import SpacyRecogniser  # noqa: PLC0415

        chosen = settings or NlpSettings()
        lexicon = Lexicon.load(chosen.lexicon_path)
        encoder: Encoder = SentenceEncoder()
        if chosen.readings_path is not None:
            encoder = HeldOutEncoder(Readings.load(chosen.readings_path), encoder)
        reader = SenseReader(lexicon, CueBook.load(), SenseModel.load(), encoder)
        resolver = Resolver(Gazetteer.load(), SpacyRecogniser() if chosen.entities else None, ask=ask)
        return cls(reader, resolver, Gate(lexicon), chosen)

    @property
    def gate(self) -> Gate:
        """The term gate over the same lexicon: whoever needs one beside the extractor need not load it twice."""
        return self._gate

    def warm(self) -> None:
        """Load now what else comes at first need: the entity models and the encoder of meanings.

        Raises:
            OSError: a model package is not installed.
        """
        self._places.warm()
        self.analyse("Incendie")

    def mentions(self, posts: Sequence[Post], shed: int = 0) -> list[Mention | Dropped]:
        """Give for each post its mention, or why there is none; aligned with the input.

        The first ``shed`` gates of ``SHED_ORDER`` are left out; a mention names those it would have passed.
        """
        gates = SHED_ORDER[:shed]
        senses = self._sense.senses([self._sense_query(post) for post in posts], meant=MEANING not in gates)
        results: list[Mention | Dropped] = []
        kept: list[int] = []
        queries: list[PlaceQuery] = []
        for index, (post, sense) in enumerate(zip(posts, senses, strict=True)):
            reason = self._drop(sense)
            if reason is None:
                kept.append(index)
                query = _place_query(sense, post.point, post.profile_place)
                queries.append(_wordless(query) if PLACES in gates and self._improbable(sense) else query)
            results.append(Dropped(post.id, reason or "no_term"))
        resolutions = self._resolve(queries, entities=ENTITIES not in gates)
        for index, resolution in zip(kept, resolutions, strict=True):
            left_out: tuple[str, ...] = (ENTITIES,) if resolution.unread else ()
            if PLACES in gates and self._improbable(senses[index]):
                left_out = (PLACES,)
            if MEANING in gates:
                left_out += (MEANING,)
            results[index] = _mention(posts[index], senses[index], resolution, left_out)
        return results

    def analyse(  # noqa: PLR0913  what a post may hold, each by name
        self,
        text: str,
        *,
        lang: str | None = None,
        point: Point | None = None,
        profile_place: str | None = None,
        gated: bool = False,
        year: int | None = None,
        repost: bool = False,
        reply: bool = False,
    ) -> Analysis:
        """Show all that is seen in one text; places are looked for in every text, or, when ``gated``, only where the pipeline would."""
        text = text[: self._settings.max_text_chars]
        sense = self._sense.sense(SenseQuery(text, lang, year, repost=repost, reply=reply))
        gate = self._gate.open([text])[0]
        dropped = self._drop(sense)
        resolution = Resolution((), ())
        if not gated or (gate and dropped is None):
            resolution = self._places.resolve([_place_query(sense, point, profile_place)])[0]
        return Analysis(sense, resolution, gate, dropped, fingerprint(text))

    def _sense_query(self, post: Post) -> SenseQuery:
        year = datetime.fromtimestamp(post.event_at // 1_000, UTC).year
        text = post.text[: self._settings.max_text_chars]
        return SenseQuery(text, post.lang, year, repost=post.repost_of is not None, reply=post.reply_to is not None)

    def _drop(self, sense: Sense) -> DropReason | None:
        if not sense.telling:
            return "no_term"
        least = self._settings.keep_weighed_probability if _weighed(sense) else self._settings.keep_probability
        if sense.judgement.probability >= least or sense.frame.denial:
            return None
        return "not_relevant" if sense.frame.modality in PLAIN_MODALITIES else "explained"

    def _improbable(self, sense: Sense) -> bool:
        """Tell whether places are not worth their cost under pressure; a denial is always placed, for it may end an alert."""
        return sense.judgement.probability < self._settings.shed_places_below and not sense.frame.denial

    def _resolve(self, queries: list[PlaceQuery], *, entities: bool) -> list[Resolution]:
        size = self._settings.entity_batch_posts
        return [
            found
            for low in range(0, len(queries), size)
            for found in self._places.resolve(queries[low : low + size], entities=entities)
        ]


def _weighed(sense: Sense) -> bool:
    """Tell whether no entry in a post opens the gate alone, but words that tell only together pass."""
    return any(hit.entry.id == WEIGHED_ID for hit in sense.reading.hits)


def _place_query(sense: Sense, point: Point | None, profile_place: str | None) -> PlaceQuery:
    taken = tuple((span.start, span.end) for span in sense.spans)
    return PlaceQuery(sense.reading.text, sense.folded, sense.lang, point, profile_place, sense.hazards, taken)


def _wordless(query: PlaceQuery) -> PlaceQuery:
    """Give a query with nothing to read: only the device and the profile are left."""
    return query._replace(text="", folded=fold_aligned(""), taken=())


def _mention(post: Post, sense: Sense, resolution: Resolution, shed: tuple[str, ...]) -> Mention:
    return Mention(
        post_id=post.id,
        source=post.source,
        author=post.author,
        event_at=post.event_at,
        received_at=post.received_at,
        lang=sense.lang,
        hazards=sense.hazards,
        terms=sense.terms,
        spans=sense.spans,
        modality=sense.frame.modality,
        witness=sense.witness,
        probability=sense.judgement.probability,
        reasons=sense.judgement.reasons,
        denial=sense.frame.denial,
        perception_only=sense.perception_only,
        consequences=sense.consequences,
        places=resolution.places,
        fingerprint=fingerprint(sense.reading.text),
        repost_of=post.repost_of,
        reply_to=post.reply_to,
        shed=shed,
        asks=resolution.asks,
    )
