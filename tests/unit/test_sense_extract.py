"""The extractor around a fake of places: what becomes a mention, what is dropped and why, what `analyse` shows."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest

from nlp.account import account
from nlp.cues import CueBook
from nlp.extract import DROP_REASONS, Dropped, Extractor
from nlp.gate import Gate
from nlp.hazards import leading
from nlp.lexicon import WEIGHED_ID, Lexicon
from nlp.relevance import SenseModel
from nlp.resolve import Resolution, Toponym
from nlp.sense import SenseReader
from tocsin.model import HAZARDS, OPEN, Mention, Place, Point, Post
from tocsin.settings.nlp import NlpSettings

TOWN = Place("fr:1", "Ville", "town", 48.0, 2.0, 3.0)


class FakePlaces:
    """Finds "Ville" wherever it is written; remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def resolve(self, queries, *, entities=True):
        self.asked.append(list(queries))
        found = []
        for query in queries:
            at = query.text.find("Ville")
            tops = (Toponym(at, at + 5, "Ville", TOWN, ()),) if at >= 0 else ()
            found.append(Resolution((TOWN,) if at >= 0 else (), tops))
        return found


@cache
def tables():
    lexicon = Lexicon.load()
    return SenseReader(lexicon, CueBook.load(), SenseModel.load()), Gate(lexicon)


def extractor_of(settings=None):
    places = FakePlaces()
    reader, gate = tables()
    return Extractor(reader, places, gate, settings or NlpSettings()), places


def post(number, text, **more):
    return Post(
        id=f"p{number}",
        source="s",
        author=f"a{number}",
        event_at=1_775_540_880_000,
        received_at=1_775_540_880_000,
        text=text,
        **more,
    )


SUM = "both lanes gone, lorry driver on the cab roof"
FIRE = "Gros incendie à Ville, énorme fumée noire, les pompiers arrivent, j'entends des explosions"


def test_mentions_are_aligned_and_tell_what_the_post_says():
    extractor, _ = extractor_of()
    posts = [post(1, FIRE, lang="fr", repost_of="x"), post(2, "Belle journée au marché", lang="fr")]
    mention, dropped = extractor.mentions(posts)
    assert isinstance(mention, Mention)
    assert (mention.post_id, mention.author, mention.repost_of, mention.lang) == ("p1", "a1", "x", "fr")
    assert max(mention.hazards, key=mention.hazards.get) == "fire"
    assert set(mention.hazards) <= {*HAZARDS, OPEN}
    assert mention.places == (TOWN,)
    assert mention.witness == "relay"
    assert mention.fingerprint != 0
    assert 0 < mention.probability < 1
    assert mention.reasons
    assert "incendie" in " ".join(mention.terms)
    assert all(left.start <= right.start for left, right in pairwise(mention.spans))
    assert all(0 <= span.start < span.end <= len(FIRE) for span in mention.spans)
    assert dropped == Dropped("p2", "no_term")


def test_no_mention_holds_text():
    extractor, _ = extractor_of()
    (mention,) = extractor.mentions([post(1, FIRE, lang="fr")])
    assert "arrivent, j'entends" not in repr(mention)


def test_words_that_tell_only_together_need_more_belief():
    mentions = []
    for least in (0.0, 1.0):
        extractor, _ = extractor_of(NlpSettings(keep_weighed_probability=least))
        mentions += extractor.mentions([post(1, SUM), post(2, FIRE, lang="fr")])
    weighed, fire, dropped, same = mentions
    assert WEIGHED_ID in {span.entry for span in weighed.spans}
    assert 0.0 < weighed.probability < 1.0
    assert dropped == Dropped("p1", "not_relevant")
    assert same == fire


def test_what_is_certainly_nothing_is_dropped_and_a_denial_is_kept():
    strict = NlpSettings(keep_probability=0.999)
    extractor, places = extractor_of(strict)
    plain, exercise, denial = extractor.mentions(
        [
            post(1, FIRE, lang="fr"),
            post(2, "Exercice incendie au lycée de Ville", lang="fr"),
            post(3, "Fausse alerte, il n'y a aucun incendie à Ville", lang="fr"),
        ]
    )
    assert plain == Dropped("p1", "not_relevant")
    assert exercise == Dropped("p2", "explained")
    assert isinstance(denial, Mention)
    assert denial.denial
    assert [query.text for batch in places.asked for query in batch] == [
        "Fausse alerte, il n'y a aucun incendie à Ville"
    ]
    assert {plain.reason, exercise.reason, "no_term"} == set(DROP_REASONS)


def test_places_are_asked_in_batches_of_the_setting():
    extractor, places = extractor_of(NlpSettings(entity_batch_posts=2))
    extractor.mentions([post(n, f"{FIRE} {n}", lang="fr") for n in range(5)])
    assert [len(batch) for batch in places.asked] == [2, 2, 1]


def test_only_the_first_characters_are_read():
    extractor, _ = extractor_of(NlpSettings(max_text_chars=140))
    (found,) = extractor.mentions([post(1, "z" * 200 + FIRE, lang="fr")])
    assert found == Dropped("p1", "no_term")


def test_places_hear_where_the_terms_stand_and_the_device_position():
    extractor, places = extractor_of()
    extractor.mentions([post(1, FIRE, lang="fr", point=Point(1.0, 2.0), profile_place="Ville")])
    query = places.asked[0][0]
    assert query.point == Point(1.0, 2.0)
    assert query.profile_place == "Ville"
    assert any(FIRE[start:end].endswith("incendie") for start, end in query.taken)


@pytest.mark.parametrize("gated", [False, True])
def test_analyse_shows_places_of_every_text_unless_gated(gated):
    extractor, _ = extractor_of()
    data = account("1", extractor.analyse("Belle journée à Ville", lang="fr", gated=gated), gated=gated)
    assert data["mentions"] == []
    assert data["dropped"] == "gate_closed"
    assert [place["text"] for place in data["places"]] == ([] if gated else ["Ville"])


def test_account_offsets_index_the_text():
    extractor, _ = extractor_of()
    data = account("1", extractor.analyse(FIRE, lang="fr"))
    (mention,) = data["mentions"]
    assert max(mention["hazards"], key=mention["hazards"].get) == "fire"
    assert mention["hazard"] == leading(mention["hazards"])
    assert "incendie" in FIRE[mention["start"] : mention["end"]]
    assert mention["place"]["id"] == "fr:1"
    assert [FIRE[place["start"] : place["end"]] for place in data["places"]] == ["Ville"]
    assert data["dropped"] is None
