"""What destroying a key is worth, by what its server does with what it held."""

import shutil

import pytest
from conftest import RedisServer, missing

from tocsin.distributed.keeping import open_key_store, warn_of_copies
from tocsin.runtime.redis_store import connect
from tocsin.runtime.store import StoreError
from tocsin.runtime.vault import TextVault, Words
from tocsin.settings.store import StoreSettings
from tocsin.time import HOUR_MS

AT = 1_775_563_200_000


@pytest.fixture(scope="module")
def key_server(tmp_path_factory):
    """As `deploy/compose.yaml` runs the one of the keys: nothing is written to disk."""
    if shutil.which("redis-server") is None:
        missing("redis-server")
    server = RedisServer(tmp_path_factory.mktemp("keys"), persists=False)
    server.start()
    yield server
    server.stop()


def sealed_and_destroyed(url):
    """Seal a text, destroy its key; give the key as it was."""
    store = connect(url, prefix="kept:")
    vault = TextVault(store, HOUR_MS, lambda: AT)
    vault.seal([("p", Words("feu"))])
    [key] = store.get(["text-key:p"])
    vault.destroy(["p"])
    assert store.get(["text-key:p"]) == [b""]
    store.close()
    return key


def files_of(server):
    return [path.read_bytes() for path in server.folder.rglob("*") if path.is_file()]


def test_a_server_that_persists_keeps_a_destroyed_key_in_its_file_and_says_so(redis_server, capsys):
    key = sealed_and_destroyed(redis_server.url)
    assert any(key in data for data in files_of(redis_server)), "the control: this is why the keys need another server"
    store = connect(redis_server.url)
    assert store.persists() is True
    warn_of_copies(store)
    assert "destroyed keys stay in its files" in "".join(capsys.readouterr())
    store.close()


def test_a_server_of_the_keys_keeps_nothing_of_a_destroyed_key(key_server, capsys):
    key = sealed_and_destroyed(key_server.url)
    assert not any(key in data for data in files_of(key_server))
    store = open_key_store(StoreSettings(url="redis://127.0.0.1:1/0", keys_url=key_server.url))
    assert store.persists() is False
    warn_of_copies(store)
    assert "".join(capsys.readouterr()) == ""
    store.close()


def test_without_a_server_of_their_own_the_keys_are_with_the_rest():
    assert open_key_store(StoreSettings()) is None


def test_an_absent_server_of_the_keys_is_a_clear_error():
    with pytest.raises(StoreError, match="could not ping"):
        open_key_store(StoreSettings(keys_url="redis://127.0.0.1:1/0", timeout_secs=1.0))
