"""`tocsin extract` and `tocsin train` from the command line."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from tocsin.cli import main


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_extract_json_of_texts(capfd):
    assert (
        main(["extract", "--no-entities", "--json", "Gros incendie à Rennes, les pompiers arrivent", "Belle journée"])
        == 0
    )
    fire, nothing = lines(capfd)
    (mention,) = fire["mentions"]
    assert {"hazard", "terms", "modality", "probability", "witness", "start", "end", "place"} <= set(mention)
    assert mention["hazard"] == "fire"
    assert mention["place"]["name"] == "Rennes"
    (place,) = [place for place in fire["places"] if place["name"] == "Rennes"]
    assert (place["start"], place["end"], place["text"]) == (16, 22, "Rennes")
    assert {"lat", "lon", "uncertainty_km", "method"} <= set(place)
    assert nothing["mentions"] == []


def test_extract_for_people_names_the_reasons_and_the_losers(capfd):
    assert main(["extract", "--no-entities", "Gros incendie à Vienne, fumée noire"]) == 0
    shown = capfd.readouterr().out
    for word in ("incendie", "hazard      fire", "sense", "because", "place", "not ", "tied to"):
        assert word in shown


def test_extract_posts_keeps_ids_and_tells_bad_lines(tmp_path, capfd):
    path = tmp_path / "posts.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(
            json.dumps({"id": "one", "text": "Séisme, tout a tremblé à Nice", "created_at": "2026-04-07T05:00:00Z"})
            + "\n"
        )
        file.write('{"id": 3}\n')
        file.write(json.dumps({"retract": "one", "at": "2026-04-07T05:00:00Z"}) + "\n")
        file.write(json.dumps({"id": "two", "text": "Belle journée à Nice"}) + "\n")
    assert main(["extract", "--no-entities", "--json", "--gated", "--posts", str(path)]) == 0
    captured = capfd.readouterr()
    one, two = [json.loads(line) for line in captured.out.splitlines()]
    assert (one["post_id"], two["post_id"]) == ("one", "two")
    assert one["mentions"][0]["hazard"] == "earthquake"
    assert (two["dropped"], two["mentions"], two["places"]) == ("gate_closed", [], [])
    assert ":2:" in captured.err


@pytest.mark.parametrize(
    "tokens",
    [
        ["extract"],
        ["extract", "text", "--posts", "x"],
        ["extract", "--posts", "/nowhere.jsonl"],
        ["train", "--out", "x.npz"],
    ],
)
def test_bad_usage_is_2(tokens, capfd):
    assert main(tokens) == 2
    assert "tocsin" in capfd.readouterr().err


def test_train_writes_weights_that_load_and_an_account(tmp_path):
    from nlp.relevance import SenseModel

    true = [
        "Gros incendie rue {} à Rennes, on voit les flammes",
        "Énorme explosion quartier {}, vitres cassées",
        "Accident grave sur la D{}, deux blessés",
    ]
    false = [
        "Incendie de 19{}, procès au tribunal",
        "Exercice incendie numéro {} au lycée",
        "Incendie : film numéro {} de la série sur Netflix",
    ]
    with (
        gzip.open(tmp_path / "s.posts.jsonl.gz", "wt") as posts,
        gzip.open(tmp_path / "s.labels.jsonl.gz", "wt") as labels,
    ):
        for number in range(24):
            for relevant, forms in ((True, true), (False, false)):
                name = f"{number}-{relevant}"
                posts.write(
                    json.dumps({"id": name, "text": forms[number % 3].format(number + 10), "lang": "fr"}) + "\n"
                )
                labels.write(
                    json.dumps({"id": name, "relevant": relevant, "kind": "made", "event": f"e{number % 12}"}) + "\n"
                )
    out, account = tmp_path / "w.npz", tmp_path / "a.md"
    assert main(["train", str(tmp_path / "s"), "--out", str(out), "--account", str(account)]) == 0
    assert 0.3 < SenseModel.load(out).base_rate < 0.7
    assert "Platt slope" in account.read_text(encoding="utf-8")
    assert "Further offsets: none" in account.read_text(encoding="utf-8")


def test_languages_from_a_set_that_was_not_given_is_bad_usage(tmp_path, capfd):
    (tmp_path / "fr.tsv").write_text("fire\tça brûle\npast\tjadis un feu\n", encoding="utf-8")
    assert main(["train", str(tmp_path), "--languages-from", "nowhere", "--out", str(tmp_path / "w.npz")]) == 2
    assert "nowhere" in capfd.readouterr().err


def test_a_language_of_the_written_set_alone_gets_an_offset_of_its_own(tmp_path):
    """The set behind the scale is French; German is known from a folder of written lines."""
    rows = [("Gros incendie rue {}, on voit les flammes", True), ("Incendie de 19{}, procès au tribunal", False)]
    with (
        gzip.open(tmp_path / "s.posts.jsonl.gz", "wt") as posts,
        gzip.open(tmp_path / "s.labels.jsonl.gz", "wt") as labels,
    ):
        for number in range(40):
            text, relevant = rows[number % 2]
            posts.write(json.dumps({"id": str(number), "text": text.format(number + 10), "lang": "fr"}) + "\n")
            label = {"id": str(number), "relevant": relevant, "kind": "made", "event": f"e{number // 2 % 12}"}
            labels.write(json.dumps(label) + "\n")
    written = tmp_path / "many"
    written.mkdir()
    french = ["fire\tGros incendie rue Foch, je vois les flammes", "past\tIncendie de 1987, procès au tribunal"] * 15
    german = ["fire\tGroßbrand am Markt, ich sehe die Flammen", "past\tGroßbrand von 1987, Prozess vor Gericht"] * 15
    (written / "fr.tsv").write_text("\n".join(f"{line} {n}" for n, line in enumerate(french)), encoding="utf-8")
    (written / "de.tsv").write_text("\n".join(f"{line} {n}" for n, line in enumerate(german)), encoding="utf-8")
    out = tmp_path / "w.npz"
    sets = [str(tmp_path / "s"), f"{written}=0.5"]
    assert main(["train", *sets, "--languages-from", "many", "--out", str(out), "--account", str(tmp_path / "a")]) == 0
    with np.load(out, allow_pickle=False) as file:
        assert file["languages"].tolist() == ["de"]
        assert np.isfinite(file["offsets"]).all()


def test_extract_reads_the_lexicon_and_limits_of_a_settings_file(tmp_path, capfd):
    folder = tmp_path / "terms" / "fr"
    folder.mkdir(parents=True)
    entry = 'id = "fr.test.word"\nhazards = "fire"\nstrength = 0.9\nforms = ["zarbifeu"]\nmatches = ["zarbifeu"]\nnot = ["feu"]\n'
    (folder / "own.toml").write_text(f'lang = "fr"\n\n[[entry]]\n{entry}', encoding="utf-8")
    config = tmp_path / "tocsin.toml"
    config.write_text(f'[nlp]\nlexicon_path = "{tmp_path / "terms"}"\nentities = false\n', encoding="utf-8")
    assert main(["extract", "--config", str(config), "--json", "zarbifeu ici", "gros incendie ici"]) == 0
    own, packaged = (json.loads(line) for line in capfd.readouterr().out.splitlines())
    assert [mention["hazard"] for mention in own["mentions"]] == ["fire"]
    assert packaged["mentions"] == []


def test_extract_refuses_a_settings_file_with_a_mistake(tmp_path, capfd):
    config = tmp_path / "tocsin.toml"
    config.write_text("[nlp]\nlexicon = 1\n", encoding="utf-8")
    assert main(["extract", "--config", str(config), "text"]) == 2
    assert "nlp.lexicon" in capfd.readouterr().err
