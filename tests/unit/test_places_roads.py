"""Road references: what is one, what only looks like one."""

import pytest

from nlp.fold import fold_aligned
from nlp.roads import find_roads
from nlp.words import Words


def refs(text: str) -> list[str]:
    return [road.ref for road in find_roads(Words(text, fold_aligned(text)), "fr")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Accident sur l'A7 à hauteur de Valence", ["A7"]),
        ("bouchon sur la N118 vers Bièvres", ["N118"]),
        ("sortie de route D906", ["D906"]),
        ("RN 12 coupée dans les deux sens", ["N12"]),
        ("pile up on the M25 between J9 and J10", ["M25", "sortie 9", "sortie 10"]),
        ("crash on I-95 northbound", ["I-95"]),
        ("carambolage sur la rocade, sortie 16", ["rocade", "sortie 16"]),
        ("le périph est fermé", ["périphérique"]),
        ("a13 bloquée, camion couché", ["A13"]),
        ("A1(M) closed at junction 46", ["A1(M)", "sortie 46"]),
        ("autoroute A40, PK 112, bouchon", ["A40", "km 112"]),
    ],
)
def test_reads_roads(text: str, expected: list[str]) -> None:
    assert refs(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "une feuille A4 et un stylo",
        "il regarde M6 ce soir",
        "vitamine D3 en promo",
        "https://example.org/A7/sortie",
        "@A7_officiel bonjour",
        "25 km de vélo ce matin",
        "A320 en approche",
        "room B12, second floor",
        "j'ai couru 10 km",
        "version A7.2 de la route",
    ],
)
def test_leaves_what_only_looks_like_a_road(text: str) -> None:
    assert refs(text) == []


def test_spans_index_the_original_text() -> None:
    text = "🔥 accident sur l'A7, sortie 16"
    roads = find_roads(Words(text, fold_aligned(text)), "fr")
    assert [text[road.start : road.end] for road in roads] == ["A7", "sortie 16"]
