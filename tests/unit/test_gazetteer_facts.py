"""The packaged gazetteer against facts known from outside it: INSEE codes and counts, coordinates, codes of countries."""

from __future__ import annotations

import math

import pytest

from nlp.gazetteer import ALTERNATE, CODE, PRIMARY, SHORT, Gazetteer


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


def haversine_km(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    a = math.sin(math.radians(other_lat - lat) / 2) ** 2
    b = (
        math.cos(math.radians(lat))
        * math.cos(math.radians(other_lat))
        * math.sin(math.radians(other_lon - lon) / 2) ** 2
    )
    return 2 * 6371.0088 * math.asin(math.sqrt(a + b))


def test_holds_every_french_commune_departement_and_region(gazetteer: Gazetteer) -> None:
    ids = [gazetteer.id(row) for row in range(len(gazetteer))]
    current = [row for row, id_ in enumerate(ids) if id_.startswith("fr:") and gazetteer.town(row) is None]
    assert len(current) == 34_969  # communes and equivalents of 2026, overseas collectivities included
    assert len(set(ids)) == len(ids)
    # 101 départements less Paris (a commune already), and 8 overseas collectivities.
    assert sum(id_.startswith("fr-dep:") for id_ in ids) == 100 + 8
    assert (
        sum(id_.startswith("fr-reg:") for id_ in ids) == 13
    )  # metropolitan regions; overseas a region is its département
    assert sum(id_.startswith("cc:") for id_ in ids) > 220
    assert sum(id_.startswith("a1:US.") for id_ in ids) == 51


@pytest.mark.parametrize(
    ("name", "id_", "lat", "lon", "departement", "region"),
    [
        ("Nantes", "fr:44109", 47.218, -1.554, "44", "52"),
        ("Lyon", "fr:69123", 45.764, 4.836, "69", "84"),
        ("Paris", "fr:75056", 48.857, 2.352, "75", "11"),
        ("MARSEILLE", "fr:13055", 43.296, 5.381, "13", "93"),
        ("saint etienne", "fr:42218", 45.440, 4.387, "42", "84"),
        ("St-Étienne", "fr:42218", 45.440, 4.387, "42", "84"),
        ("Le Havre", "fr:76351", 49.494, 0.108, "76", "28"),
        ("Ajaccio", "fr:2A004", 41.919, 8.739, "2A", "94"),
        ("Fort-de-France", "fr:97209", 14.604, -61.067, "972", "02"),
        ("Nouméa", "fr:98818", -22.276, 166.458, "988", "988"),
        ("L'Haÿ-les-Roses", "fr:94038", 48.779, 2.337, "94", "11"),
        ("Crocq", "fr:23069", 45.867, 2.368, "23", "75"),
    ],
)
def test_knows_communes(
    gazetteer: Gazetteer, name: str, id_: str, lat: float, lon: float, departement: str, region: str
) -> None:
    row = gazetteer.lookup(name)[0]
    assert gazetteer.id(row) == id_
    assert haversine_km(gazetteer.lat(row), gazetteer.lon(row), lat, lon) < 3
    assert (gazetteer.departement(row), gazetteer.region(row), gazetteer.commune(row)) == (departement, region, id_[3:])
    assert gazetteer.country(row) == "FR"
    assert gazetteer.kind(row) == "town"
    assert 1 <= gazetteer.uncertainty_km(row) <= 15


@pytest.mark.parametrize(
    ("name", "id_", "kind", "lat", "lon", "within_km"),
    [
        ("Londres", "gn:2643743", "town", 51.507, -0.128, 3),
        ("New York City", "gn:5128581", "town", 40.713, -74.006, 3),
        ("Genève", "gn:2660646", "town", 46.204, 6.143, 3),
        ("Bruxelles", "gn:2800866", "town", 50.847, 4.352, 3),
        ("Sion", "gn:2658576", "town", 46.233, 7.360, 3),
        ("Texas", "a1:US.TX", "region", 31.0, -99.0, 250),
        ("Emilia-Romagna", "a1:IT.05", "region", 44.5, 11.0, 60),
        ("Surrey", "a2:GB.ENG.N7", "departement", 51.25, -0.42, 25),
        ("Haute-Savoie", "fr-dep:74", "departement", 46.0, 6.4, 40),
        ("Bretagne", "fr-reg:53", "region", 48.2, -2.9, 60),
        ("Alsace", "fr-area:alsace", "region", 48.3, 7.5, 60),
        ("Italie", "cc:IT", "country", 42.8, 12.5, 250),
        ("Allemagne", "cc:DE", "country", 51.2, 10.4, 250),
    ],
)
def test_knows_the_world(
    gazetteer: Gazetteer, name: str, id_: str, kind: str, lat: float, lon: float, within_km: float
) -> None:
    found = {gazetteer.id(row): row for row in gazetteer.lookup(name)}
    row = found[id_]
    assert gazetteer.kind(row) == kind
    assert haversine_km(gazetteer.lat(row), gazetteer.lon(row), lat, lon) < within_km


def test_puts_the_place_most_likely_meant_first(gazetteer: Gazetteer) -> None:
    first = {
        name: gazetteer.id(gazetteer.lookup(name)[0])
        for name in ("Paris", "Londres", "Aix", "Boston", "Valence", "La Réunion")
    }
    assert first == {
        "Paris": "fr:75056",
        "Londres": "gn:2643743",
        "Aix": "fr:13001",
        "Boston": "gn:4930956",
        "Valence": "fr:26362",
        "La Réunion": "fr-dep:974",
    }


def test_tells_how_a_place_answers_to_a_name(gazetteer: Gazetteer) -> None:
    def how(name: str, id_: str) -> int:
        name_id = gazetteer.name_id(name)
        assert name_id is not None
        return dict(
            zip(map(gazetteer.id, gazetteer.candidates(name_id)), gazetteer.candidates_how(name_id), strict=True)
        )[id_]

    assert how("Texas", "a1:US.TX") == PRIMARY
    assert how("TX", "a1:US.TX") == CODE
    assert how("Aix", "fr:13001") == SHORT
    assert how("St Etienne", "fr:42218") == ALTERNATE


def test_numbers_are_no_names(gazetteer: Gazetteer) -> None:
    assert gazetteer.lookup("44") == []
    assert gazetteer.lookup("2024") == []
    assert gazetteer.lookup("") == []
    assert gazetteer.lookup("🔥") == [] or not any(gazetteer.kind(row) == "town" for row in gazetteer.lookup("🔥"))


@pytest.mark.parametrize(
    ("name", "lang"),
    [("Nice", "en"), ("Tours", "fr"), ("Lens", "en"), ("Orange", "fr"), ("Sens", "fr"), ("Die", "de"), ("Reading", "en"), ("Bath", "en"),
     ("Mobile", "en"), ("March", "en"), ("Sandy", "en"), ("Bar", "fr"), ("Y", "fr"), ("Eu", "en"), ("Vienne", "fr"),
     ("Fermo", "it"), ("Pare", "it"), ("Finale", "it"), ("Waren", "de"), ("Regen", "de")],
)  # fmt: skip
def test_marks_names_that_are_ordinary_words(gazetteer: Gazetteer, name: str, lang: str) -> None:
    name_id = gazetteer.name_id(name)
    assert name_id is not None
    assert lang in gazetteer.ordinary_in(name_id)
    assert gazetteer.is_ordinary(name_id, lang)
    assert gazetteer.is_ordinary(name_id)


@pytest.mark.parametrize(
    "name", ["Paris", "Lille", "Marseille", "London", "Saint-Étienne", "Strasbourg", "Guatemala", "Clermont-Ferrand"]
)
def test_leaves_plain_proper_names_unmarked(gazetteer: Gazetteer, name: str) -> None:
    name_id = gazetteer.name_id(name)
    assert name_id is not None
    assert gazetteer.ordinary_in(name_id) == ()


@pytest.mark.parametrize(
    ("name", "lang"),
    [
        ("Ferrara", "it"),
        ("Como", "it"),
        ("L'Aquila", "it"),
        ("Lampedusa", "it"),
        ("Carpi", "it"),
        ("Kassel", "de"),
        ("Ulm", "de"),
    ],
)
def test_towns_written_as_often_as_their_size_says_are_no_ordinary_words(
    gazetteer: Gazetteer, name: str, lang: str
) -> None:
    name_id = gazetteer.name_id(name)
    assert name_id is not None
    assert lang not in gazetteer.ordinary_in(name_id)


@pytest.mark.parametrize(
    ("name", "country", "lat", "lon"),
    [("Wayanad", "IN", 11.6, 76.1), ("Kodagu", "IN", 12.4, 75.7)],
)
def test_knows_districts_that_no_town_is_called_after(
    gazetteer: Gazetteer, name: str, country: str, lat: float, lon: float
) -> None:
    districts = [row for row in gazetteer.lookup(name) if gazetteer.kind(row) == "departement"]
    assert [gazetteer.country(row) for row in districts] == [country]
    assert haversine_km(gazetteer.lat(districts[0]), gazetteer.lon(districts[0]), lat, lon) < 60


def test_gives_a_place_for_a_message(gazetteer: Gazetteer) -> None:
    place = gazetteer.place(gazetteer.lookup("Nantes")[0], method="gazetteer", score=0.8)
    assert (place.id, place.name, place.kind, place.country, place.method, place.score) == (
        "fr:44109",
        "Nantes",
        "town",
        "FR",
        "gazetteer",
        0.8,
    )
    assert (place.admin.region, place.admin.departement, place.admin.commune) == ("52", "44", "44109")
    assert 300_000 < place.population < 350_000


def test_finds_places_below_the_town_with_their_town(gazetteer: Gazetteer) -> None:
    for name, town, kind in (
        ("gare d'Annecy", "fr:74010", "station"),
        ("gare du Mans", "fr:72181", "station"),
        ("Part-Dieu", "fr:69123", "quarter"),
        ("stade Vélodrome", "fr:13055", "stadium"),
        ("15e arrondissement de Paris", "fr:75056", "quarter"),
    ):
        row = gazetteer.lookup(name)[0]
        owner = gazetteer.town(row)
        assert owner is not None
        assert (gazetteer.id(owner), gazetteer.kind(row)) == (town, kind)
        assert gazetteer.commune(row) == town[3:]
        assert haversine_km(gazetteer.lat(row), gazetteer.lon(row), gazetteer.lat(owner), gazetteer.lon(owner)) < 12


def test_only_well_known_places_stand_alone(gazetteer: Gazetteer) -> None:
    velodrome, bellevue = (
        gazetteer.lookup("stade Vélodrome")[0],
        [r for r in gazetteer.lookup("Bellevue") if gazetteer.town(r) is not None and gazetteer.kind(r) != "town"],
    )
    assert not gazetteer.needs_context(velodrome)
    assert bellevue
    assert all(gazetteer.needs_context(row) for row in bellevue)


def test_a_name_that_holds_its_town_needs_no_other_context(gazetteer: Gazetteer) -> None:
    name_id = gazetteer.name_id("CHU de Nantes")
    assert name_id is not None
    hospital = gazetteer.candidates(name_id)[0]
    assert gazetteer.needs_context(hospital)
    assert not gazetteer.needs_context(hospital, name_id)
    assert not gazetteer.needs_context(gazetteer.lookup("gare d'Annecy")[0])


def test_gives_the_towns_of_a_road(gazetteer: Gazetteer) -> None:
    a7 = [gazetteer.name(row) for row in gazetteer.road("A7")]
    assert a7[0] == "Lyon"
    assert a7[-1] == "Marseille"
    assert {"Vienne", "Valence", "Orange", "Avignon"} <= set(a7)
    assert [gazetteer.id(row) for row in gazetteer.road("a 7")] == [gazetteer.id(row) for row in gazetteer.road("A7")]
    assert "Cobham" in {gazetteer.name(row) for row in gazetteer.road("M25")}
    assert {gazetteer.country(row) for row in gazetteer.road("A1", "CH")} == {"CH"}
    assert gazetteer.road("A9999") == []


def test_every_row_is_whole(gazetteer: Gazetteer) -> None:
    for row in range(0, len(gazetteer), 97):
        place = gazetteer.place(row, method="x", score=1.0)
        assert -90 <= place.lat <= 90
        assert -180 <= place.lon <= 180
        assert place.uncertainty_km > 0
        assert place.name
        assert gazetteer.row_of(place.id) == row
        owner = gazetteer.town(row)
        assert owner is None or gazetteer.kind(owner) == "town"
