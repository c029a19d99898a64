"""The build on a tiny made-up country of five communes: whole, and the same bytes twice; and files that must be refused."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from nlp.gazetteer import Gazetteer, GazetteerError

ROOT = Path(__file__).resolve().parents[2]

COMMUNES = """insee,nom,type,parent_insee,dep_code,dep_nom,region_code,region_nom,population,codes_postaux
01001,Beauval,commune-actuelle,,01,Ain,84,Auvergne,12000,01100
01002,Le Pré-Fleuri,commune-actuelle,,01,Ain,84,Auvergne,900,01110
01003,Saint-Lin-sur-Orbe,commune-actuelle,,01,Ain,84,Auvergne,25000,01120
01004,Vieux-Lin,commune-deleguee,01003,01,Ain,84,Auvergne,,
01005,Nouvelle,commune-actuelle,,01,Ain,84,Auvergne,300,01110
"""
POSITIONS = """insee_com,insee_reg,insee_dep,commune,commune_article,code_postal,commune_type,insee_parente,lat,lng,superficie_km2,population_2021
01001,84,01,Beauval,Beauval,01100,COM,,46.0,5.0,28.27,11000
01002,84,01,Pré-Fleuri,Le Pré-Fleuri,01110,COM,,46.1,5.1,12.0,900
01003,84,01,Saint-Lin-sur-Orbe,Saint-Lin-sur-Orbe,01120,COM,,46.2,5.2,30.0,25000
"""
SCRIPT = """
import sys
from pathlib import Path
sys.path[:0] = [{root!r}, {scripts!r}]
from gazetteer_build.france import France
from gazetteer_build.geonames import FrenchCities
from gazetteer_build.pack import pack
from gazetteer_build.rows import NEEDS_CONTEXT, Row, Table
from gazetteer_build.shortened import call_short_and_joined
table, ordinary = Table(), {{b"nouvelle": 1, b"beauval": 0}}
France(table, Path({sources!r}), FrenchCities([])).add()
call_short_and_joined(table, ordinary)
out = Path({out!r})
pack(table, ordinary, {{}}, out / "gazetteer.bin")
towns = len(table.rows)
table.add(Row("sub:1", "Les Lilas", "quarter", 46.01, 5.01, country="FR", town=table.by_id["fr:01001"], flags=NEEDS_CONTEXT))
table.call(towns, "Beauval", 1)
pack(table, ordinary, {{}}, out / "subtown.bin", first_row=towns, base=(out / "gazetteer.bin").read_bytes())
"""


def build(folder: Path, seed: str) -> Path:
    sources, out = folder / "sources", folder / f"out{seed}"
    sources.mkdir(exist_ok=True)
    out.mkdir()
    files = {
        "etalab-communes": COMMUNES,
        "communes-rcarlier": POSITIONS,
        "etalab-departements": "code,nom,region_code,region_nom,chef_lieu_insee,zone\n01,Ain,84,Auvergne,01001,metro\n",
        "etalab-regions": "code,nom,chef_lieu_insee,zone\n84,Auvergne,01001,metro\n",
    }
    for name, text in files.items():
        (sources / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
    script = SCRIPT.format(root=str(ROOT), scripts=str(ROOT / "scripts"), sources=str(sources), out=str(out))
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONHASHSEED": seed})
    return out


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("gazetteer")
    return build(folder, "1"), build(folder, "2")


def test_same_sources_give_the_same_bytes(built: tuple[Path, Path]) -> None:
    for name in ("gazetteer.bin", "subtown.bin"):
        assert (built[0] / name).read_bytes() == (built[1] / name).read_bytes()


def test_builds_what_the_sources_say(built: tuple[Path, Path]) -> None:
    table = Gazetteer.load(built[0])
    ids = [table.id(row) for row in range(len(table))]
    assert ids[:8] == [
        "fr:01001",
        "fr:01002",
        "fr:01003",
        "fr:01005",
        "fr:01004",
        "fr-dep:01",
        "fr-reg:84",
        "fr-area:rhone-alpes",
    ]
    beauval = ids.index("fr:01001")
    # A disc of 28.27 square km has a radius of 3 km, widened by a fifth.
    assert (table.lat(beauval), table.lon(beauval), table.uncertainty_km(beauval)) == (46.0, 5.0, 3.6)
    delegated = ids.index("fr:01004")
    assert (table.commune(delegated), table.town(delegated), table.borrowed_position(delegated)) == (
        "01003",
        ids.index("fr:01003"),
        True,
    )
    founded = ids.index("fr:01005")  # no source places it: it shares its post code with one that is placed
    assert (table.lat(founded), table.lon(founded), table.borrowed_position(founded)) == (46.1, 5.1, True)


def test_names_meet_their_short_forms_and_melted_articles(built: tuple[Path, Path]) -> None:
    table = Gazetteer.load(built[0])
    assert [table.id(row) for row in table.lookup("st lin sur orbe")] == ["fr:01003"]
    assert [table.id(row) for row in table.lookup("SaintLinSurOrbe")] == ["fr:01003"]
    data = b" feu au pre fleuri "
    assert [(data[start:end], table.folded(name)) for start, end, name in table.find(data)] == [
        (b"pre fleuri", b"le pre fleuri")
    ]
    nouvelle = table.name_id("Nouvelle")
    assert nouvelle is not None
    assert table.ordinary_in(nouvelle) == ("fr",)


def test_layers_share_names_and_lend_the_town_s_codes(built: tuple[Path, Path]) -> None:
    table = Gazetteer.load(built[0])
    assert [table.id(row) for row in table.lookup("Beauval")] == ["fr:01001", "sub:1"]
    [quarter] = table.lookup("Les Lilas")
    assert (table.commune(quarter), table.departement(quarter), table.region(quarter), table.country(quarter)) == (
        "01001",
        "01",
        "84",
        "FR",
    )
    assert table.needs_context(quarter)
    names = {table.folded(name) for name in range(table.names_count)}
    assert len(names) == table.names_count


def test_towns_load_without_the_places_below(built: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "gazetteer.bin").write_bytes((built[0] / "gazetteer.bin").read_bytes())
    table = Gazetteer.load(tmp_path)
    assert table.lookup("Les Lilas") == []
    assert table.lookup("Beauval") == [0]
    assert table.road("A7") == []


def test_refuses_damaged_foreign_and_mismatched_files(built: tuple[Path, Path], tmp_path: Path) -> None:
    whole = (built[0] / "gazetteer.bin").read_bytes()
    target = tmp_path / "gazetteer.bin"
    for broken in (whole[: len(whole) // 2], b"", b"plain text", zstandard.ZstdCompressor().compress(b"\xff\xff")):
        target.write_bytes(broken)
        with pytest.raises(GazetteerError, match="no gazetteer"):
            Gazetteer.load(tmp_path)
    target.write_bytes(zstandard.ZstdCompressor().compress(b"\x81\xa6format\x01"))
    with pytest.raises(GazetteerError, match="has format 1"):
        Gazetteer.load(tmp_path)
    target.write_bytes(whole)
    packaged = ROOT / "nlp" / "data" / "subtown.bin"
    (tmp_path / "subtown.bin").write_bytes(packaged.read_bytes())
    with pytest.raises(GazetteerError, match="built for another table"):
        Gazetteer.load(tmp_path)
