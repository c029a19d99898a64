"""Invariant 4, in time: hashes of one author on two days cannot be linked once the key is gone."""

import itertools

import pytest

from ingest.block import Block
from ingest.privacy import DayKeys, DayPseudonyms, PublicPseudonyms
from ingest.record import Limits
from tocsin.ids import author_day
from tocsin.pipeline.hear import Hear
from tocsin.pipeline.secrecy import LiveKeys
from tocsin.runtime.day_keys import AUTHORS, AUTHORS_KEPT_MS, DayKeyRing
from tocsin.runtime.store import MemoryStore
from tocsin.time import DAY_MS, HOUR_MS, day_of, parse_instant, roll_at

NOON = parse_instant("2026-04-07T12:00:00Z")


class Clock:
    def __init__(self, at):
        self.at = at

    def __call__(self):
        return self.at


def live(clock, store=None):
    return LiveKeys(store if store is not None else MemoryStore(clock), clock)


def test_the_day_of_the_keys_begins_at_four():
    first = parse_instant("2026-04-07T03:59:59.999Z")
    assert day_of(first) + 1 == day_of(first + 1)
    assert day_of(first + 1) == day_of(first + 24 * HOUR_MS)
    assert roll_at(day_of(first + 1)) == first + 1


def test_an_author_has_one_pseudonym_a_day_and_another_the_next():
    clock = Clock(NOON)
    keys = live(clock)
    noon = DayPseudonyms(keys.current()).author("s", "a", NOON)
    clock.at += 8 * HOUR_MS
    assert DayPseudonyms(keys.current()).author("s", "a", clock.at) == noon
    clock.at = NOON + DAY_MS
    tomorrow = DayPseudonyms(keys.current()).author("s", "a", clock.at)
    assert tomorrow.split(".")[1] != noon.split(".")[1]
    assert author_day(tomorrow) == author_day(noon) + 1


def test_keys_of_two_days_have_no_step_between_them():
    clock = Clock(NOON)
    keys = live(clock)
    today = keys.current()
    other = live(clock)  # another deployment that happens to start from the same key
    clock.at += DAY_MS
    assert set(keys.current().authors.values()).isdisjoint(today.authors.values())
    assert set(keys.current().authors.values()).isdisjoint(other.current().authors.values())


def test_workers_share_the_keys_of_a_day_and_a_late_one_takes_what_stands():
    clock = Clock(NOON)
    store = MemoryStore(clock)
    one, other = live(clock, store), live(clock, store)
    assert one.current() == other.current()
    clock.at += DAY_MS
    assert live(clock, store).current() == one.current() == other.current()


def test_the_author_key_is_destroyed_an_hour_after_its_day_here_and_in_the_store():
    clock = Clock(NOON)
    store = MemoryStore(clock)
    keys = live(clock, store)
    day = day_of(NOON)
    [secret] = [value for d, value in keys.current().authors.items() if d == day]
    clock.at = roll_at(day + 1) + AUTHORS_KEPT_MS - 1
    assert keys.current().authors[day] == secret
    clock.at += 1
    assert day not in keys.current().authors
    assert store.get([f"author-key:{day}"]) == [None]
    assert secret not in repr(vars(store)).encode()
    assert secret not in {value for value, _ in store._values.values()}


def test_a_worker_that_stopped_leaves_no_key_behind():
    clock = Clock(NOON)
    store = MemoryStore(clock)
    live(clock, store).current()
    clock.at += 3 * DAY_MS
    assert store.get([f"author-key:{day_of(NOON)}", f"post-key:{day_of(NOON)}"]) == [None, None]


def test_a_post_can_be_taken_back_on_the_day_after_its_own():
    clock = Clock(NOON)
    keys = live(clock)
    written = DayPseudonyms(keys.current()).post("native", NOON)
    clock.at = roll_at(day_of(NOON) + 2) - 1
    assert written in DayPseudonyms(keys.current()).posts("native")
    clock.at += 1
    assert written not in DayPseudonyms(keys.current()).posts("native")


def test_an_account_can_be_taken_back_across_the_roll():
    before = roll_at(day_of(NOON) + 1) - 1
    clock = Clock(before)
    keys = live(clock)
    written = DayPseudonyms(keys.current()).author("s", "a", before)
    clock.at = before + HOUR_MS
    assert DayPseudonyms(keys.current()).authors("s", "a")[1] == written


def test_the_same_name_on_two_sources_is_two_authors():
    public = PublicPseudonyms()
    assert public.author("a", "x", 0) != public.author("b", "x", 0)


def test_live_pseudonyms_are_not_the_public_ones():
    names = DayPseudonyms(live(Clock(NOON)).current())
    public = PublicPseudonyms()
    assert names.post("x", NOON) != public.post("x", NOON)
    assert public.author("s", "x", NOON) not in names.author("s", "x", NOON)


@pytest.mark.parametrize(
    "keys", [DayKeys({}, {}), DayKeys({1: b"abc"}, {1: b"k" * 32}), DayKeys({1: b"k" * 32}, {1: b""})]
)
def test_a_missing_or_short_key_is_refused(keys):
    with pytest.raises(ValueError, match="expected keys of 32 bytes, got"):
        DayPseudonyms(keys)


def test_keys_never_stand_in_a_representation():
    assert "authors=[1], posts=[1]" in repr(DayKeys({1: b"secret" * 4}, {1: b"secret" * 4}))
    assert "secret" not in repr(Block(number=0, data=b"", runs=(), keys=DayKeys({1: b"secret" * 4}, {1: b""})))


def test_a_live_block_without_keys_is_refused_and_never_hashed_under_the_public_one():
    hear = Hear(None, None, None, Limits(), 5_000)
    with pytest.raises(ValueError, match="expected a live block to carry the keys"):
        hear(Block(number=0, data=b"", runs=()))


def test_the_ring_asks_the_store_once_a_minute():
    asked = itertools.count()

    class Counting(MemoryStore):
        def put_if_absent(self, key, value, ttl_ms=None):
            next(asked)
            return super().put_if_absent(key, value, ttl_ms)

    ring = DayKeyRing(Counting(lambda: 0), AUTHORS, AUTHORS_KEPT_MS)
    for second in range(600):
        ring.at(roll_at(5) + 2 * HOUR_MS + second * 1_000)
    assert next(asked) == 10


def test_a_store_that_lost_its_memory_gets_the_keys_of_the_day_back():
    clock = Clock(NOON)
    store = MemoryStore(clock)
    keys = live(clock, store)
    before = keys.current()
    store.close()
    clock.at += 60_000
    assert keys.current() == before
    assert live(clock, store).current() == before


def test_of_two_workers_that_made_different_keys_the_later_takes_what_stands():
    clock = Clock(NOON)
    store = MemoryStore(clock)
    one = live(clock, store)
    one.current()
    store.close()
    other = live(clock, store)
    stands = other.current()
    clock.at += 60_000
    assert one.current() == stands == other.current()


def test_a_worker_destroys_the_key_of_a_past_day_even_where_the_clock_of_the_store_lags():
    clock = Clock(NOON)
    store = MemoryStore(lambda: 0)
    keys = live(clock, store)
    keys.current()
    clock.at = roll_at(day_of(NOON) + 1) + AUTHORS_KEPT_MS
    keys.current()
    assert store.get([f"author-key:{day_of(NOON)}"]) == [None]
    assert store.get([f"post-key:{day_of(NOON)}"]) != [None]
