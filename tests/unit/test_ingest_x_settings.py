"""X in the settings: what `tocsin check` refuses, and which sources a right section gives."""

import pytest

from ingest.files import SourceError
from ingest.sources.made import make_sources
from tocsin.settings import Settings
from tocsin.settings.source_rules import network_advice, network_contradictions, network_sections


def settings(**x):
    return Settings.model_validate({"x": {"enabled": True, "monthly_reads": 9, **x}})


@pytest.mark.parametrize(
    ("x", "key", "got"),
    [
        ({}, ("x", "token_path"), "none"),
        ({"bearer_token": "a", "token_path": "b"}, ("x", "token_path"), "two"),
        ({"bearer_token": "a", "url": "ftp://api.x.com"}, ("x", "url"), "ftp://api.x.com"),
        ({"bearer_token": "a", "url": "http://api.example"}, ("x", "url"), "http://api.example"),
        ({"bearer_token": "a", "url": "https://me:secret@api.x.com"}, ("x", "url"), "https://…@api.x.com"),
        ({"bearer_token": "a", "monthly_reads": None}, ("x", "monthly_reads"), "nothing"),
        ({"bearer_token": "a", "languages": ("fr", "fr")}, ("x", "languages"), "fr, fr"),
    ],
)
def test_what_cannot_be_meant_is_found(x, key, got):
    found = [(one.key, one.got) for one in network_contradictions(settings(**x))]
    assert found == [(key, got)]


def test_a_right_section_is_let_be_and_names_an_origin():
    chosen = settings(bearer_token="a", backfill_mins=5)
    assert not list(network_contradictions(chosen))
    assert network_sections(chosen) == ["x"]
    assert ("x", "backfill_mins") in {one.key for one in network_advice(settings(bearer_token="a"))}
    assert network_sections(Settings()) == []


def test_its_sources(tmp_path):
    token = tmp_path / "token"
    token.write_text("a-token\n")
    one = make_sources(settings(token_path=token), lambda: 0)
    assert [source.name for source in one] == ["x"]
    assert (one[0].policy.backoff_min_ms, one[0].policy.backoff_max_ms) == (250, 16_000)
    assert one[0].policy.stall_ms > 20_000, "longer than the heartbeat"
    all_of_them = make_sources(settings(token_path=token, compliance=True), lambda: 0)
    assert [source.name for source in all_of_them] == [
        "x",
        *(f"x:posts:{part}" for part in range(1, 5)),
        *(f"x:accounts:{part}" for part in range(1, 5)),
    ]
    with pytest.raises(SourceError, match=r"x\.monthly_reads"):
        make_sources(settings(token_path=token, monthly_reads=None), lambda: 0)
    token.write_text("")
    with pytest.raises(SourceError, match=r"x\.token_path"):
        make_sources(settings(token_path=token), lambda: 0)
