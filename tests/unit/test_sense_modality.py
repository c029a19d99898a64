"""Modality, speaker and denial by rule, on sentences of our own."""

from __future__ import annotations

import pytest

from nlp.cues import CueBook
from nlp.lexicon import Lexicon
from nlp.sense import SenseQuery, SenseReader

LEXICON = """
lang = "{lang}"
[[entry]]
id = "{lang}.fire"
role = "hazard"
hazards = "fire"
strength = 0.8
forms = [{fire}]
matches = [{fire}]
[[entry]]
id = "{lang}.blast"
role = "hazard"
hazards = "explosion"
strength = 0.8
forms = [{blast}]
matches = [{blast}]
"""
WORDS = {
    "fr": ("incendie", "explosion"),
    "en": ("fire", "explosion"),
    "es": ("incendio", "explosión"),
    "it": ("incendio", "esplosione"),
}


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lexicon")
    for lang, (fire, blast) in WORDS.items():
        (folder / lang).mkdir()
        text = LEXICON.format(lang=lang, fire=f'"{fire}"', blast=f'"{blast}"')
        (folder / lang / "terms.toml").write_text(text, encoding="utf-8")
    return SenseReader(Lexicon.load(folder), CueBook.load(), None)


@pytest.mark.parametrize(
    ("text", "lang", "modality"),
    [
        ("Incendie énorme rue Foch, on voit les flammes d'ici", "fr", "asserted"),
        ("Huge fire on Mill Lane, flames through the roof", "en", "asserted"),
        ("c'est un incendie ça ???", "fr", "question"),
        ("Was that an explosion?", "en", "question"),
        ("Alguien sabe si fue una explosión?", "es", "question"),
        ("Pas d'incendie à Nantes, rien de plus", "fr", "negated"),
        ("There was no explosion on Mill Lane", "en", "negated"),
        ("Non è un incendio", "it", "negated"),
        ("Exercice incendie au lycée ce matin", "fr", "exercise"),
        ("Fire drill at school, everyone on the lawn", "en", "exercise"),
        ("Simulacro de incendio en la escuela", "es", "exercise"),
        ("Ce n'est pas un exercice, incendie au lycée", "fr", "asserted"),
        ("This is not a drill, fire on deck", "en", "asserted"),
        ("c plus l'exercice, incendie dans le gymnase", "fr", "asserted"),
        ("L'exercice de ce matin : incendie réel au lycée, deux blessés", "fr", "asserted"),
        ("no longer the drill, fire in the gym", "en", "asserted"),
        ("The drill: real casualties now, fire in the gym", "en", "asserted"),
        ("ya no es simulacro, incendio en la cocina", "es", "asserted"),
        ("esto ya no es parte del simulacro. hay incendio real", "es", "asserted"),
        ("non è più un'esercitazione, incendio in palestra", "it", "asserted"),
        ("já não é o simulacro, incêndio na cozinha", "pt", "asserted"),
        ("nicht mehr die Übung, brand in der Halle", "de", "asserted"),
        ("C'est un exercice, pas un vrai incendie", "fr", "exercise"),
        ("It is a drill, there is no fire", "en", "exercise"),
        ("It was a drill, no real casualties, fire crews went home", "en", "exercise"),
        ("es un simulacro, no hay heridos reales ni incendio", "es", "exercise"),
        ("L'incendie de 1987 avait tout emporté", "fr", "past"),
        ("Grandma survived the fire in 1954", "en", "past"),
        ("Il y a 20 ans, l'incendie de la scierie : cérémonie et gerbe", "fr", "commemoration"),
        ("Procès de l'incendie : le tribunal rend son verdict", "fr", "old_news"),
        ("Incendie ? Détecteurs à -40 %, livraison offerte, code HIVER", "fr", "advert"),
        ("FIRE SALE, sofas from £99, free delivery", "en", "advert"),
        ("Si un incendie éclate dans la tour, que se passerait il", "fr", "hypothetical"),
        ("What if a fire broke out in the tunnel", "en", "hypothetical"),
    ],
)
def test_modality(reader, text, lang, modality):
    assert reader.sense(SenseQuery(text, lang, 2026)).frame.modality == modality


def test_the_year_of_the_post_is_not_the_past(reader):
    text = "Incendie du 7 avril 2026, les flammes montent"
    assert reader.sense(SenseQuery(text, "fr", 2026)).frame.past_years == 0
    assert reader.sense(SenseQuery(text, "fr", 2030)).frame.past_years == 1
    assert reader.sense(SenseQuery(text, "fr", 2020)).frame.future_years == 1


@pytest.mark.parametrize(
    "text",
    ["rue inondée, le 1722 répond plus", "incendie, 2000 personnes évacuées", "feu à 19:45", "1 950 € de dégâts"],
)
def test_numbers_that_are_no_years(reader, text):
    assert reader.sense(SenseQuery(text, "fr", 2026)).frame.past_years == 0


@pytest.mark.parametrize(
    ("text", "lang", "denial"),
    [
        ("Fausse alerte pour l'incendie, c'était un barbecue", "fr", True),
        ("False alarm, the fire was a barbecue", "en", True),
        ("Pas d'incendie ici", "fr", True),
        ("c'est une fausse alerte ?", "fr", False),
        ("Incendie maîtrisé, aucun blessé", "fr", False),
        ("Fire is out, no injuries", "en", False),
        ("Ce n'est pas un exercice, incendie au lycée", "fr", False),
    ],
)
def test_denial_is_asserted_nothingness_not_a_good_end(reader, text, lang, denial):
    assert reader.sense(SenseQuery(text, lang, 2026)).frame.denial is denial


@pytest.mark.parametrize(
    ("text", "lang", "witness"),
    [
        ("ptn j'entends des explosion partout chez moi", "fr", "first_hand"),
        ("omg I can see the fire from my window", "en", "first_hand"),
        ("D'après ma voisine il y aurait un incendie, il paraît", "fr", "relay"),
        ("RT @x: incendie rue Foch", "fr", "relay"),
        ("apparently there's a fire, they're saying on facebook", "en", "relay"),
        ("BREAKING: at least three injured in fire, police say https://t.co/x", "en", "media"),
        ("Incendie en cours. Évitez le secteur, fermez vos fenêtres.", "fr", "official"),
        ("incendie", "fr", "unknown"),
    ],
)
def test_witness(reader, text, lang, witness):
    assert reader.sense(SenseQuery(text, lang, 2026)).witness == witness


def test_a_repost_is_a_relay_whatever_it_says(reader):
    text = "ptn j'entends des explosion partout chez moi"
    assert reader.sense(SenseQuery(text, "fr", 2026, repost=True)).witness == "relay"
