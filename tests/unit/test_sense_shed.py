"""What is left out under pressure, and that the mention says exactly that. The resolver and the sense are real; the entity model is a fake."""

from __future__ import annotations

import re
from functools import cache

import msgspec
import pytest

from ingest.block import Block, Run
from ingest.privacy import DayKeys, PublicPseudonyms
from ingest.record import Limits
from nlp.cues import CueBook
from nlp.extract import Extractor
from nlp.gate import Gate
from nlp.gazetteer import Gazetteer
from nlp.lexicon import Lexicon
from nlp.ner import Entity
from nlp.relevance import SenseModel
from nlp.resolve import Resolver
from nlp.sense import SenseReader
from tocsin.model import Mention, Point, Post
from tocsin.pipeline.hear import Hear
from tocsin.settings.nlp import SHED_ORDER, NlpSettings

SURE = "Énorme incendie à Rouen, je vois des flammes depuis ma fenêtre, les pompiers arrivent"
DOUBTFUL = "Explosion chez Laurent, Lourdes et Ali sont à Die"
IMPROBABLE = "Soldes, explosion des prix à Rouen, incendie de promos"
KEYS = DayKeys({20_550: b"a" * 32}, {20_550: b"p" * 32})
DENIAL = "Fausse alerte, il n'y a pas d'incendie à Rouen, c'était un exercice des pompiers"


NAMES = re.compile("Lourdes|Ali")


class Persons:
    """Takes every name for a person; counts the texts it was given."""

    def __init__(self):
        self.read = 0

    def entities(self, texts):
        self.read += len(texts)
        return [tuple(Entity(at.start(), at.end(), "person") for at in NAMES.finditer(text)) for _, text in texts]


@cache
def tables():
    lexicon = Lexicon.load()
    return SenseReader(lexicon, CueBook.load(), SenseModel.load()), Gate(lexicon), Gazetteer.load()


def extractor(recogniser=None, **settings):
    reader, gate, gazetteer = tables()
    return Extractor(reader, Resolver(gazetteer, recogniser), gate, NlpSettings(**settings))


def post(text, **more):
    return Post(
        id="p", source="s", author="a", event_at=1_775_540_880_000, received_at=1_775_540_880_000, text=text, lang="fr", **more
    )  # fmt: skip


def names(mention):
    return [place.name for place in mention.places]


def bytes_of(mentions):
    return [msgspec.json.encode(mention) for mention in mentions]


def test_the_order_is_declared():
    assert SHED_ORDER == ("entities", "places", "meaning")


def test_in_calm_nothing_is_left_out():
    persons = Persons()
    posts = [post(SURE), post(DOUBTFUL), post(DENIAL)]
    hearing = extractor(persons)
    assert bytes_of(hearing.mentions(posts, 0)) == bytes_of(hearing.mentions(posts))
    assert persons.read == 2  # the doubtful one, twice
    assert all(mention.shed == () for mention in hearing.mentions(posts))


def test_entities_go_first_and_only_where_a_name_is_in_doubt():
    persons = Persons()
    hearing = extractor(persons)
    whole = hearing.mentions([post(SURE), post(DOUBTFUL)])
    assert persons.read == 1
    sure, doubtful = hearing.mentions([post(SURE), post(DOUBTFUL)], 1)
    assert persons.read == 1
    assert sure == whole[0]
    assert doubtful.shed == ("entities",)
    by_rules = extractor(None).mentions([post(DOUBTFUL)])[0]
    assert msgspec.structs.replace(doubtful, shed=()) == by_rules
    assert doubtful.places != whole[1].places  # the fake is heard: it matters whether it was asked


def test_without_an_entity_model_none_is_left_out():
    (mention,) = extractor(None).mentions([post(DOUBTFUL)], 1)
    assert mention.shed == ()


def test_then_the_places_of_improbable_posts():
    hearing = extractor(None, keep_probability=0.0)
    (whole,) = hearing.mentions([post(IMPROBABLE)], 1)
    assert isinstance(whole, Mention)
    assert whole.probability < NlpSettings().shed_places_below
    assert names(whole) == ["Rouen"]
    (bare,) = hearing.mentions([post(IMPROBABLE)], 2)
    assert bare.shed == ("places",)
    assert msgspec.structs.replace(bare, shed=(), places=whole.places) == whole
    assert bare.places == ()


def test_the_device_and_the_profile_still_place_an_improbable_post():
    hearing = extractor(None, keep_probability=0.0)
    (with_point,) = hearing.mentions([post(IMPROBABLE, point=Point(43.6, 1.44))], 2)
    (with_profile,) = hearing.mentions([post(IMPROBABLE, profile_place="Metz")], 2)
    assert [place.method for place in with_point.places] == ["gps"]
    assert names(with_profile) == ["Metz"]


@pytest.mark.parametrize("text", [SURE, DENIAL])
def test_probable_posts_and_denials_keep_their_places(text):
    hearing = extractor(None, keep_probability=0.0)
    (whole,) = hearing.mentions([post(text)])
    assert names(whole) == ["Rouen"]
    assert hearing.mentions([post(text)], 2) == [whole]


def test_a_post_of_which_both_go_names_the_one_that_made_the_other_moot():
    persons = Persons()
    hearing = extractor(persons, keep_probability=0.0, shed_places_below=1.0)
    (mention,) = hearing.mentions([post(DOUBTFUL)], 2)
    assert mention.shed == ("places",)
    assert persons.read == 0


def test_last_goes_the_encoder_and_words_alone_judge():
    hearing = extractor(None, keep_probability=0.0)
    posts = [post(SURE), post(DOUBTFUL)]
    whole, bare = hearing.mentions(posts, 2), hearing.mentions(posts, 3)
    assert [mention.shed for mention in bare] == [("meaning",), ("meaning",)]
    assert [mention.places for mention in bare] == [mention.places for mention in whole]
    assert all(one.probability != other.probability for one, other in zip(whole, bare, strict=True))
    assert not any("meaning" in reason for mention in bare for reason in mention.reasons)
    assert bare[0].probability > 0.5  # its words are plain enough
    assert hearing.mentions(posts, 2) == whole  # what was judged in haste is judged again


def test_the_encoder_is_not_asked_under_pressure():
    class Silent:
        def vectors(self, texts):
            raise AssertionError(texts)

    reader, gate, gazetteer = tables()
    reader = SenseReader(reader._lexicon, reader._cues, SenseModel.load(), Silent())
    hearing = Extractor(reader, Resolver(gazetteer, None), gate, NlpSettings(keep_probability=0.0))
    assert hearing.mentions([post(SURE)], 3)[0].shed == ("meaning",)
    with pytest.raises(AssertionError, match="incendie"):
        hearing.mentions([post(SURE)], 2)


def line(number, text):
    return msgspec.json.encode(
        {
            "id": number,
            "source": "made",
            "author": "x",
            "created_at": "2026-04-07T05:48:00Z",
            "text": text,
            "lang": "fr",
        }
    )


def test_a_live_block_counts_what_it_left_out_and_a_recorded_one_refuses():
    hearing = extractor(Persons())

    class Everything:
        def open(self, texts):
            return [("fire",) for _ in texts]

    recorded = Hear(Everything(), hearing, PublicPseudonyms(), Limits(), 300_000)
    live = Hear(Everything(), hearing, None, Limits(), 300_000)
    data = b"\n".join([line("1", DOUBTFUL), line("2", SURE), line("3", DOUBTFUL)])
    block = Block(number=0, data=data, runs=(Run("f", 1, 3),), arrived_at=1_775_540_890_000, keys=KEYS)
    assert live(block).shed == {}
    heard = live(msgspec.structs.replace(block, shed=1))
    assert heard.shed == {"entities": 2}
    assert [heard.columns.items[index].shed for index in range(3)] == [("entities",), (), ("entities",)]
    assert recorded(block).shed == {}
    with pytest.raises(ValueError, match="heard whole"):
        recorded(msgspec.structs.replace(block, shed=1))
