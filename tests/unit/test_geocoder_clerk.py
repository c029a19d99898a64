"""The clerk and the desk over services that are simple enough to know by heart; no network."""

import threading
import time

import pytest
from towns import LYON, town

from tocsin.geocoder.clerk import OUTCOMES, Clerk, Question, question_of
from tocsin.geocoder.desk import MAX_DEFECTS, Desk
from tocsin.geocoder.rest import LONGEST_REST_SECS, Rest
from tocsin.geocoder.service import Found, ServiceError
from tocsin.model import Ask, Mention, Place
from tocsin.runtime import metrics as declared
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.store import MemoryStore, StoreError
from tocsin.settings.geocoder import GeocoderSettings

GENEVA = town("Genève", 46.2022, 6.1457, country="CH")
MERCIERE = Found(name="Rue Mercière", town="Lyon", rank="street", lat=45.7629, lon=4.8331, trust=0.9)


def ask(words: str = "rue Mercière", town: Place = LYON, weight: float = 0.8) -> Ask:
    return Ask(words, (words.rsplit(maxsplit=1)[-1].lower().replace("è", "e"),), "street", town, weight)


class Fake:
    """Answers from a list; an exception in it is raised; remembers what it was asked."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.closed = False

    def find(self, one: Ask) -> list[Found]:
        self.asked.append(one.words)
        answer = self.answers.pop(0) if self.answers else [MERCIERE]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True


class Clock:
    def __init__(self) -> None:
        self.secs = 0.0

    def __call__(self) -> float:
        return self.secs


class World:
    def __init__(self, *answers: object, store: object = None, **changed: object) -> None:
        self.clock = Clock()
        self.service = Fake(*answers)
        self.metrics = Metrics()
        self.settings = GeocoderSettings(**({"enabled": True, "domain": "x"} | changed))
        self.store = store or MemoryStore(lambda: round(self.clock.secs * 1_000))
        self.clerk = Clerk(self.settings, self.store, self.metrics, self.service, self.clock)

    def answer(self, *asks: Ask, post: str = "p1"):
        return self.clerk.answer(Question(post, 1_000, asks or (ask(),)))

    def count(self, outcome: str) -> int:
        return int(self.metrics.value(declared.GEOCODER_QUESTIONS, outcome))

    @property
    def counts(self) -> dict[str, int]:
        return {outcome: self.count(outcome) for outcome in OUTCOMES if self.count(outcome)}


def test_an_answer_bears_the_weight_of_its_question() -> None:
    answer = World().answer()
    assert (answer.post_id, answer.at, answer.place.name) == ("p1", 1_000, "Rue Mercière (Lyon)")
    # the question's weight 0.8 times (1 + trust 0.9) / 2
    assert answer.place.score == pytest.approx(0.76)


def test_an_answer_is_remembered_for_its_days_and_no_answer_for_its_hours() -> None:
    world = World([MERCIERE], [], keep_days=2, keep_unfound_hours=3)
    assert world.answer(post="a").place.lat == world.answer(post="b").place.lat == MERCIERE.lat
    assert world.answer(ask("rue Neyret")) is None
    assert world.answer(ask("Rue NEYRET")) is None, "case is no other street"
    assert world.service.asked == ["rue Mercière", "rue Neyret"]
    assert world.metrics.value(declared.GEOCODER_REMEMBERED) == 2
    world.clock.secs = 3 * 3_600
    world.answer(ask("rue Neyret"))
    world.answer()
    assert world.service.asked[2:] == ["rue Neyret"]
    world.clock.secs = 2 * 86_400
    world.answer()
    assert world.service.asked[3:] == ["rue Mercière"]


def test_the_same_words_in_another_town_are_another_question() -> None:
    world = World(service="photon")
    world.answer()
    world.answer(ask(town=GENEVA))
    assert len(world.service.asked) == 2


def test_a_country_that_the_server_does_not_know_is_not_asked_for() -> None:
    world = World(service="ban")
    assert world.answer(ask(town=GENEVA)) is None
    assert world.service.asked == []
    assert world.counts == {"outside": 1}


def test_the_second_ask_is_tried_when_the_first_is_unknown() -> None:
    world = World([], [MERCIERE])
    assert world.answer(ask("place Inconnue"), ask()).place.name == "Rue Mercière (Lyon)"
    assert world.counts == {"answered": 1}


def test_an_ill_server_is_left_alone_and_tried_again() -> None:
    ill = ServiceError("away", "no")
    world = World(ill, ill, ill, [MERCIERE], failures=2, rest_secs=10.0)
    assert [world.answer(post=str(n)) for n in range(4)] == [None] * 4
    assert len(world.service.asked) == 2, "after two failures nothing more is asked"
    assert world.counts == {"failed": 2, "resting": 2}
    assert world.metrics.value(declared.GEOCODER_RESTING) == 1
    world.clock.secs = 10.0
    assert world.answer() is None, "one try, and it is still ill"
    world.clock.secs = 29.0
    world.answer()
    assert len(world.service.asked) == 3, "it rests twice as long"
    world.clock.secs = 30.0
    assert world.answer() is not None
    assert world.metrics.value(declared.GEOCODER_RESTING) == 0
    assert world.metrics.value(declared.GEOCODER_REQUESTS, "away") == 3


def test_what_is_remembered_is_given_while_the_server_rests() -> None:
    world = World([MERCIERE], *[ServiceError("ill", "no")] * 2, failures=1)
    world.answer()
    world.answer(ask("rue Neyret"))
    assert world.metrics.value(declared.GEOCODER_RESTING) == 1
    assert world.answer(post="later") is not None


def test_a_server_that_asks_for_patience_gets_it_at_the_first_failure() -> None:
    world = World(ServiceError("limited", "slow down", 120.0), failures=5, rest_secs=1.0)
    world.answer()
    world.clock.secs = 119.0
    world.answer()
    assert len(world.service.asked) == 1
    world.clock.secs = 120.0
    assert world.answer() is not None


def test_no_server_may_ask_for_eternity() -> None:
    clock = Clock()
    rest = Rest(failures=1, rest_secs=10.0, now=clock)
    rest.failed(1e12)
    clock.secs = LONGEST_REST_SECS
    assert rest.may_ask()


class AbsentStore(MemoryStore):
    def get(self, keys):
        raise StoreError("away")

    def put(self, values, ttl_ms=None):
        raise StoreError("away")


def test_a_store_that_is_away_only_costs_requests() -> None:
    world = World(store=AbsentStore())
    assert world.answer() is not None
    assert world.answer() is not None
    assert len(world.service.asked) == 2


def test_what_another_version_remembered_is_asked_anew() -> None:
    class OldStore(MemoryStore):
        def get(self, keys):
            return [b"\x92\x01" for _ in keys]

    assert World(store=OldStore()).answer() is not None


def mention(post: str, *asks: Ask) -> Mention:
    return Mention(
        post_id=post, source="s", author="a", event_at=1_000, received_at=1_000, hazards={"fire": 1.0}, terms=("feu",), probability=0.9,
        asks=asks,
    )  # fmt: skip


def until(true, limit_secs: float = 10.0) -> None:
    end = time.monotonic() + limit_secs
    while not true():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.005)


def test_a_mention_without_asks_is_no_question() -> None:
    assert question_of(mention("p")) is None


class Gate(Fake):
    """Holds each request until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Semaphore(0)
        self.entered = threading.Semaphore(0)

    def find(self, one: Ask) -> list[Found]:
        self.entered.release()
        assert self.let_go.acquire(timeout=10)
        return super().find(one)


def desk_of(service: Fake, **changed: object) -> tuple[Desk, Metrics]:
    settings = GeocoderSettings(**({"enabled": True, "domain": "x"} | changed))
    metrics = Metrics()
    return Desk(Clerk(settings, MemoryStore(), metrics, service), settings, metrics), metrics


def test_the_desk_never_makes_anyone_wait_and_lets_the_oldest_go() -> None:
    gate = Gate()
    desk, metrics = desk_of(gate, max_waiting=3)
    desk.ask(mention("p0", ask("rue zero")))
    assert gate.entered.acquire(timeout=10)
    for n in range(1, 8):  # the clerk is held: none of these may wait
        desk.ask(mention(f"p{n}", ask(f"rue n{n}")))
    assert desk.answers() == []
    assert metrics.value(declared.GEOCODER_QUESTIONS, "dropped") == 4
    assert metrics.value(declared.GEOCODER_WAITING) == 3
    gate.let_go.release(4)
    until(lambda: desk.idle)
    assert gate.asked == ["rue zero", "rue n5", "rue n6", "rue n7"]
    desk.close()
    assert gate.closed


def test_every_question_is_counted_once() -> None:
    service = Fake(*[[MERCIERE]] * 3, ServiceError("ill", "no"), [])
    desk, metrics = desk_of(service)
    for n in range(6):
        desk.ask(mention(f"p{n}", ask("rue Mercière" if n == 0 else f"rue a{n} Mercière")))
    until(lambda: desk.idle)
    desk.close()
    desk.ask(mention("after", ask()))
    told = {outcome: metrics.value(declared.GEOCODER_QUESTIONS, outcome) for outcome in OUTCOMES}
    assert sum(told.values()) == 7
    assert (told["answered"], told["failed"], told["unfound"], told["dropped"]) == (4, 1, 1, 1)
    assert len(desk.answers()) == 4


def test_a_question_that_waited_too_long_is_not_asked() -> None:
    clock = Clock()
    gate = Gate()
    settings = GeocoderSettings(enabled=True, domain="x", max_age_mins=1)
    metrics = Metrics()
    desk = Desk(Clerk(settings, MemoryStore(), metrics, gate), settings, metrics, clock)
    desk.ask(mention("p0", ask("rue zero")))
    assert gate.entered.acquire(timeout=10)
    desk.ask(mention("p1", ask("rue old")))
    clock.secs = 61.0
    desk.ask(mention("p2", ask("rue new")))
    gate.let_go.release(3)
    until(lambda: desk.idle)
    assert gate.asked == ["rue zero", "rue new"]
    assert metrics.value(declared.GEOCODER_QUESTIONS, "stale") == 1
    desk.close()


def test_a_defect_closes_the_desk_after_a_while_and_stops_nothing_else() -> None:
    service = Fake(*[KeyError("ours")] * (MAX_DEFECTS + 5))
    desk, metrics = desk_of(service)
    for n in range(MAX_DEFECTS + 5):
        desk.ask(mention(f"p{n}", ask(f"rue n{n}")))
    until(lambda: service.closed)
    desk.ask(mention("later", ask()))
    assert len(service.asked) == MAX_DEFECTS
    assert metrics.value(declared.GEOCODER_QUESTIONS, "failed") == MAX_DEFECTS
    assert metrics.value(declared.GEOCODER_QUESTIONS, "dropped") == 6
