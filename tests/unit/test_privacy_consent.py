"""Consent and purpose: what an author or the operator has asked for is obeyed before the text is looked at, and counted."""

import hashlib
import json

import pytest

from ingest.block import Builder
from ingest.consent import WITHHELD, Rules, objection, objections
from ingest.normalise import Outcome, normalise
from ingest.order import REASONS, StreamOrder
from ingest.order import Limits as OrderLimits
from ingest.privacy import PublicPseudonyms
from ingest.record import Limits
from tocsin.pipeline.counting import by_stage
from tocsin.pipeline.hear import Hear, rules_of
from tocsin.settings import Settings
from tocsin.time import Panes

BASE = {"id": "1", "source": "mastodon", "created_at": "2026-04-07T12:00:00Z", "author": "a", "text": "fire in nantes"}


def block(*records):
    builder = Builder()
    for number, record in enumerate(records, start=1):
        builder.add("f", number, json.dumps({**BASE, "id": str(number), **record}).encode())
    return builder.take(number=0)


def withheld(record, rules=None):
    read = normalise(block(record), limits=Limits(), lateness_ms=5_000, rules=rules)
    assert len(read.drafts) + len(read.withheld) == 1
    return read.withheld[0][1] if read.withheld else None


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({}, None),
        ({"indexable": True}, None),
        ({"indexable": False}, "not_indexable"),
        ({"indexable": None}, None),
        ({"noindex": True}, "noindex"),
        ({"noindex": False}, None),
        ({"noindex": True, "indexable": False, "bot": True}, "noindex"),
        ({"bot": True}, "bot"),
        ({"bot": False}, None),
        ({"labels": ["!no-unauthenticated"]}, "label"),
        ({"labels": ["graphic-media"]}, None),  # an emergency may well look like that
        ({"labels": []}, None),
        # A file may use the names for something else: what has another type tells nothing.
        ({"bot": "true"}, None),
        ({"indexable": 0}, None),
        ({"labels": "!hide"}, None),
        ({"labels": {"!hide": 1}}, None),
        ({"labels": [["!hide"], 7]}, None),
        ({"link": 5}, None),
    ],
)
def test_the_author_is_obeyed(record, why):
    assert withheld(record) == why


@pytest.mark.parametrize(
    ("rules", "record", "why"),
    [
        (Rules(honour_indexable=False), {"indexable": False}, None),
        (Rules(honour_noindex=False), {"noindex": True}, None),
        (Rules(hear_bots=("rss-*",)), {"bot": True, "source": "rss-sdis"}, None),
        (Rules(hear_bots=("rss-*",)), {"bot": True}, "bot"),
        (Rules(labels=("x",)), {"labels": ["x"]}, "label"),
        (Rules(labels=("x",)), {"labels": ["!hide"]}, None),
        (Rules(allow_sources=("bluesky",)), {}, "source_denied"),
        (Rules(allow_sources=("blue*",)), {"source": "bluesky"}, None),
        (Rules(deny_sources=("mast*",)), {}, "source_denied"),
        (Rules(deny_sources=("x",)), {}, None),
        (Rules(deny_domains=("bad.example",)), {"link": "https://bad.example/@a/1"}, "domain_denied"),
        (Rules(deny_domains=("bad.example",)), {"link": "https://BAD.example:443/@a/1"}, "domain_denied"),
        (Rules(deny_domains=("bad.example",)), {"link": "https://m.bad.example/1"}, "domain_denied"),
        (Rules(deny_domains=("bad.example",)), {"link": "https://notbad.example/1"}, None),
        (Rules(deny_domains=("bad.example",)), {"link": "https://[::1"}, None),
        (Rules(deny_domains=("bad.example",)), {}, None),
        (Rules(objections=frozenset({objection("mastodon", "a")})), {}, "objection"),
        (Rules(objections=frozenset({objection("mastodon", "b")})), {}, None),
        (Rules(objections=frozenset({objection("bluesky", "a")})), {}, None),
    ],
)
def test_the_operator_is_obeyed(rules, record, why):
    assert withheld(record, rules) == why


def test_every_reason_is_declared_and_of_ingest():
    assert set(WITHHELD) <= REASONS


def test_a_withheld_post_is_counted_by_reason_and_is_no_exposure_and_its_text_is_not_looked_at():
    looked_at = []

    class Gate:
        def open(self, texts):
            looked_at.extend(texts)
            return [()] * len(texts)

    hear = Hear(Gate(), None, PublicPseudonyms(), Limits(), 5_000)
    heard = hear(
        block({"text": "kept back", "indexable": False}, {"text": "small talk"}, {"bot": True}, {"noindex": True})
    )
    assert looked_at == ["small talk"]
    step = StreamOrder(Panes(), OrderLimits()).push(heard.columns, heard.source_names)
    assert step.counts.filtered == {"not_indexable": 1, "bot": 1, "noindex": 1, "no_term": 1}
    assert step.counts.balanced
    assert [exposure.posts for exposure in step.exposures] == [1]
    stages = by_stage(step.counts, 0)
    assert stages["ingest"].filtered == step.counts.filtered
    assert stages["ingest"].balanced
    assert stages["extract"].received == 0


def test_a_withheld_line_moves_the_clock_like_any_other():
    read = normalise(block({"indexable": False}), limits=Limits(), lateness_ms=5_000)
    assert read.outcomes.tolist() == [Outcome.WITHHELD]
    assert read.received_at[0] > 0


def test_an_objection_is_a_keyless_hash_that_anyone_can_compute():
    expected = hashlib.blake2b(b"mastodon\0https://social.example/users/a", digest_size=16, person=b"tocsin objection")
    assert objection("mastodon", "https://social.example/users/a") == expected.hexdigest()


def test_a_list_of_objections_is_read_with_its_remarks_and_refused_by_line():
    one = objection("s", "a")
    assert objections(f"# objections\n{one}  # by letter\n\n") == {one}
    with pytest.raises(ValueError, match="line 2: expected 32 hex digits, got 9 characters"):
        objections(f"{one}\n@a.handle\n")


def test_settings_become_rules(tmp_path):
    path = tmp_path / "objections"
    path.write_text(objection("s", "a") + "\n")
    settings = Settings.model_validate({"consent": {"objections_path": str(path), "deny_sources": ["x"], "labels": []}})
    assert rules_of(settings) == Rules(objections=frozenset({objection("s", "a")}), deny_sources=("x",), labels=())
    assert rules_of(Settings()) == Rules()
