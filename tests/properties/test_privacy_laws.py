"""However a stream is cut in steps, the same texts are readable at its end; what an account wrote is what a plain list says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.accounts import PostsOf
from ingest.consent import Facts, Rules
from ingest.redact import redact
from tocsin.model import Mention, Post, Retraction
from tocsin.pipeline.sealing import Sealer
from tocsin.runtime.metrics import Metrics
from tocsin.runtime.store import MemoryStore
from tocsin.runtime.vault import TextVault, Words, seal, unseal
from tocsin.time import HOUR_MS

NOW = 1_775_563_200_000
IDS = ("p", "q", "r")


def said(post_id: str, text: str) -> Post:
    return Post(id=post_id, source="s", author="a", event_at=NOW, received_at=NOW, text=text)


events = st.lists(
    st.tuples(st.sampled_from(("say", "delete", "edit", "account")), st.sampled_from(IDS), st.sampled_from(IDS)),
    max_size=12,
)
cuts = st.lists(st.booleans(), min_size=12, max_size=12)


def readable_at_the_end(happened: list[tuple[str, str, str]]) -> dict[str, str]:
    """The plain twin: a post is readable if it was said after its last edit and never deleted before."""
    texts: dict[str, str] = {}
    gone: set[str] = set()
    for number, (what, one, other) in enumerate(happened):
        if what == "say" and one not in gone:
            texts[one] = f"text {number}"
        elif what in ("delete", "edit"):
            texts.pop(one, None)
            gone |= {one} if what == "delete" else set()
        elif what == "account":
            for post_id in (one, other):
                texts.pop(post_id, None)
                gone.add(post_id)
    return texts


@settings(max_examples=300, deadline=None)
@given(happened=events, cut=cuts)
def test_the_same_texts_are_readable_however_the_stream_is_cut(
    happened: list[tuple[str, str, str]], cut: list[bool]
) -> None:
    vault = TextVault(MemoryStore(lambda: NOW), HOUR_MS, lambda: NOW)
    sealer = Sealer(vault, Metrics(), lambda: NOW)
    written: list[tuple[str, bytes]] = []
    step: list[Post | Mention | Retraction] = []

    def leave() -> None:
        # Within one step the last text of a post is the one that may stay: the order of the stream drops copies before.
        words = {post.id: Words(post.text) for post in step if isinstance(post, Post)}
        written.extend((left.post_id, left.sealed) for left in sealer.leave(step, words))
        step.clear()

    for number, (what, one, other) in enumerate(happened):
        if what == "say":
            # A copy of a post that stands is no new text: the order of the stream has dropped it.
            if readable_at_the_end(happened[:number]).get(one) is None:
                step.append(said(one, f"text {number}"))
        elif what == "account":
            step.append(Retraction(post_id=one, at=NOW, reason="account", also=(other,)))
        else:
            step.append(Retraction(post_id=one, at=NOW, reason="edited" if what == "edit" else "deleted"))
        if cut[number]:
            leave()
    leave()
    opened = {
        post_id: words.text
        for (post_id, _), words in zip(written, vault.open(written), strict=True)
        if isinstance(words, Words)
    }
    standing = {}
    for number in range(len(happened)):
        if happened[number][0] == "say" and readable_at_the_end(happened[:number]).get(happened[number][1]) is None:
            standing[happened[number][1]] = f"text {number}"
    expected = {post_id: standing[post_id] for post_id in readable_at_the_end(happened)}
    assert opened == expected
    assert (vault.oldest_at() is not None) == bool(expected)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30), st.integers(0, 400), st.booleans()), max_size=40),
    st.integers(0, 40),
)
def test_posts_of_an_account_are_those_that_a_plain_list_tells(
    told: list[tuple[str, int, int, bool]], restart: int
) -> None:
    posts, clock, plain = PostsOf(horizon_ms=1_000, limit=1_000), 0, []
    for number, (author, post, passed, removed) in enumerate(told):
        clock += passed
        if number == restart:
            kept = posts.snapshot()
            posts = PostsOf(horizon_ms=1_000, limit=1_000)
            posts.restore(kept)
        if removed:
            expected = [p for a, p, at in plain if a == author and clock - at <= 1_000]
            assert posts.take([author], clock) == tuple(dict.fromkeys(expected))
            plain = [one for one in plain if one[0] != author]
        else:
            posts.add(author, f"p{post}", clock)
            plain.append((author, f"p{post}", clock))


@given(
    st.text(max_size=300),
    st.one_of(st.none(), st.text(max_size=60)),
    st.binary(min_size=32, max_size=32),
    st.text(max_size=20),
)
def test_sealed_words_open_to_themselves(text: str, link: str | None, key: bytes, post_id: str) -> None:
    words = Words(text, link)
    assert unseal(key, post_id, seal(key, post_id, words)) == words


@given(
    st.dictionaries(
        st.sampled_from(("link", "indexable", "noindex", "bot", "labels")),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
            max_leaves=4,
        ),
    )
)
def test_whatever_a_line_tells_of_consent_is_read_without_an_error(told: dict[str, object]) -> None:
    rules = Rules(deny_domains=("a.example",))
    why = rules.withheld(Facts.of("s", "a", told))
    if told.get("indexable") is False:
        assert why is not None


@given(
    st.integers(1, 999),
    st.sampled_from(("rue", "avenue", "impasse", "boulevard", "chemin")),
    st.sampled_from(("", " bis", " ter", "b")),
)
def test_the_number_of_a_home_is_masked_and_nothing_else(number: int, kind: str, more: str) -> None:
    text = f"Incendie au {number}{more} {kind} des Lilas"
    assert redact(text) == text.replace(str(number), "_" * len(str(number)))
