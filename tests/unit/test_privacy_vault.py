"""Invariant 5: a text is readable for an hour at most, and gone everywhere once its key is."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tocsin.runtime.store import MemoryStore
from tocsin.runtime.vault import MAX_TTL_MS, SealError, TextVault, Words, seal, unseal
from tocsin.time import HOUR_MS, MINUTE_MS

KEY = bytes(range(32))


class Clock:
    def __init__(self, at=1_775_563_200_000):
        self.at = at

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(clock):
    return MemoryStore(clock)


@pytest.fixture
def vault(store, clock):
    return TextVault(store, HOUR_MS, clock)


def test_sealed_words_are_aes_256_gcm_bound_to_their_post():
    sealed = seal(KEY, "p1", Words("feu rue Foch", "https://a.example/1"))
    version, nonce, body = sealed[:1], sealed[9:21], sealed[21:]
    assert version == b"\x01"
    plain = AESGCM(KEY).decrypt(nonce, body, b"p1")  # what any other implementation would do
    assert b"feu rue Foch" in plain
    assert b"feu" not in sealed
    assert b"example" not in sealed
    assert unseal(KEY, "p1", sealed) == Words("feu rue Foch", "https://a.example/1")


def test_two_seals_of_one_text_differ():
    assert seal(KEY, "p", Words("x")) != seal(KEY, "p", Words("x"))


@pytest.mark.parametrize("at", [9, 20, 25, -1])
def test_damage_is_loud(at):
    sealed = bytearray(seal(KEY, "p", Words("feu")))
    sealed[at] ^= 1
    with pytest.raises(SealError, match="damaged"):
        unseal(KEY, "p", bytes(sealed))


def test_words_in_the_place_of_others_do_not_open():
    with pytest.raises(SealError, match="in the place of others"):
        unseal(KEY, "other", seal(KEY, "p", Words("feu")))


@pytest.mark.parametrize("junk", [b"", b"\x02" + b"0" * 40, b"\x01" + b"0" * 10])
def test_what_is_no_sealed_text_is_loud(junk):
    with pytest.raises(SealError, match="expected sealed words"):
        unseal(KEY, "p", junk)


def test_another_key_opens_nothing_and_is_no_damage():
    assert unseal(b"z" * 32, "p", seal(KEY, "p", Words("feu"))) is None


@pytest.mark.parametrize("ttl_ms", [0, -1, MAX_TTL_MS + 1])
def test_no_text_lives_longer_than_an_hour(store, clock, ttl_ms):
    with pytest.raises(ValueError, match="expected a time to live from 1 to 3600000 ms"):
        TextVault(store, ttl_ms, clock)


def test_a_text_opens_until_its_hour_is_over(vault, store, clock):
    [sealed] = vault.seal([("p", Words("feu"))])
    clock.at += HOUR_MS - 1
    assert vault.open([("p", sealed)]) == [Words("feu")]
    clock.at += 1
    assert vault.open([("p", sealed)]) == ["expired"]


def test_a_post_sent_again_is_under_the_same_key_and_lives_no_longer(vault, clock):
    [first] = vault.seal([("p", Words("feu"))])
    clock.at += 40 * MINUTE_MS
    [second] = vault.seal([("p", Words("feu"))])
    assert vault.open([("p", first), ("p", second)]) == [Words("feu")] * 2
    clock.at += 20 * MINUTE_MS
    assert vault.open([("p", first), ("p", second)]) == ["expired"] * 2


def test_a_deleted_text_is_gone_and_a_late_copy_of_it_too(vault, store):
    [sealed] = vault.seal([("p", Words("feu"))])
    vault.keep({"p": sealed})
    vault.destroy(["p"])
    assert vault.open([("p", sealed)]) == ["retracted"]
    assert vault.kept(["p"]) == [None]
    [late] = vault.seal([("p", Words("feu"))])
    assert vault.open([("p", late)]) == ["retracted"]


def test_an_edited_text_is_gone_and_the_new_one_opens(vault):
    [old] = vault.seal([("p", Words("feu"))])
    vault.replace(["p"])
    [new] = vault.seal([("p", Words("fausse alerte"))])
    assert vault.open([("p", old), ("p", new)]) == ["retracted", Words("fausse alerte")]


def test_a_store_that_lost_its_memory_is_told_from_a_deletion(vault, store):
    [sealed] = vault.seal([("p", Words("feu"))])
    store.close()
    assert vault.open([("p", sealed)]) == ["expired"]


def test_a_deletion_of_a_post_that_was_never_seen_is_forgotten_soon(vault, store, clock):
    vault.seal([("seen", Words("feu"))])
    vault.destroy(["seen", *(f"unseen {n}" for n in range(100))])
    clock.at += 5 * MINUTE_MS - 1
    [late] = vault.seal([("unseen 7", Words("feu"))])
    assert vault.open([("unseen 7", late)]) == ["retracted"]
    clock.at += 20_000
    assert vault.open([("seen", late)]) == ["retracted"]
    assert len(store._values) == 1


def test_a_post_deleted_after_an_edit_stays_gone(vault):
    vault.replace(["p"])
    [sealed] = vault.seal([("p", Words("feu"))])
    vault.destroy(["p"])
    [late] = vault.seal([("p", Words("feu"))])
    assert vault.open([("p", sealed), ("p", late)]) == ["retracted", "retracted"]


def test_a_text_sealed_away_opens_for_nobody(vault):
    [sealed] = vault.seal([("p", Words("feu"))])
    away = vault.seal_away("p", Words("feu"))
    assert len(away) == len(sealed)
    assert vault.open([("p", away)]) == ["retracted"]


def test_the_oldest_readable_text_is_known(vault, clock):
    began = clock.at
    assert vault.oldest_at() is None
    vault.seal([("p", Words("a"))])
    clock.at += 10 * MINUTE_MS
    vault.seal([("q", Words("b")), ("r", Words("c"))])
    vault.seal([("p", Words("a"))])
    assert vault.oldest_at() == began
    vault.destroy(["p"])
    assert vault.oldest_at() == began + 10 * MINUTE_MS
    vault.replace(["q"])
    clock.at += HOUR_MS
    assert vault.oldest_at() == began + 10 * MINUTE_MS  # to the last millisecond
    clock.at += 1
    assert vault.oldest_at() is None


def test_no_key_and_no_text_stays_in_memory_past_its_hour(vault, store, clock):
    [sealed] = vault.seal([("p", Words("a"))])
    vault.keep({"p": sealed})
    clock.at += 2 * HOUR_MS
    vault.open([("q", sealed)])
    assert store._values == {}


def test_nothing_to_do_asks_nothing(vault):
    assert vault.seal([]) == []
    assert vault.open([]) == []
    vault.destroy([])
    vault.replace([])
    vault.keep({})
