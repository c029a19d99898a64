"""The store contract on a real Redis server, and what only a server can do."""

from __future__ import annotations

import shutil
import time

import pytest
import redis
from conftest import RedisServer, missing
from test_store_contract import StoreContract, checkpoint

from tocsin.runtime.redis_store import RedisStore, connect
from tocsin.runtime.store import StoreError


class TestRedis(StoreContract):
    @pytest.fixture
    def store(self, redis_server):
        redis.Redis.from_url(redis_server.url).flushall()
        store = connect(redis_server.url)
        yield store
        store.close()

    def pass_ms(self, ms: int) -> None:
        time.sleep(ms / 1000)  # the server's own clock

    def test_what_is_no_checkpoint_is_said_loudly(self, store, redis_server):
        redis.Redis.from_url(redis_server.url).hset("tocsin:checkpoint:w", mapping={"epoch": 1, "body": b"junk"})
        with pytest.raises(StoreError, match="expected a checkpoint"):
            store.load("w")

    def test_deployments_share_a_server_by_prefix(self, redis_server):
        one, other = (RedisStore(redis.Redis.from_url(redis_server.url), prefix) for prefix in ("one:", "other:"))
        one.put({"k": b"1"})
        assert other.get(["k"]) == [None]


def test_an_absent_server_is_a_clear_error():
    with pytest.raises(StoreError, match="could not ping"):
        connect("redis://127.0.0.1:1/0", timeout_secs=1)


def test_a_checkpoint_survives_a_killed_server(tmp_path):
    if shutil.which("redis-server") is None:
        missing("redis-server")
    server = RedisServer(tmp_path)
    server.start()
    try:
        store = connect(server.url)
        store.swap("w", checkpoint(1, b"state"))
        server.stop(kill=True)
        with pytest.raises(StoreError):
            store.ping()
        server.start()
        assert store.load("w") == checkpoint(1, b"state")
    finally:
        server.stop()
