"""AMQP 0-9-1 with mutual TLS against a real RabbitMQ: delivered, refused, away and back."""

from __future__ import annotations

import ssl
import time

import pika
import pytest
from examples import LOIRE, T0, incident, verdict
from rabbit import EXCHANGE, QUEUE, SENDER, Rabbit, program
from secured import Authority

from dispatch import edxl
from dispatch.amqp import Amqp
from dispatch.sink import DONE, Parcel
from tocsin.pipeline.handover import Handover, Mail
from tocsin.runtime.metrics import Metrics
from tocsin.settings.dispatch import DispatchSettings
from tocsin.settings.sinks import AmqpSettings

PATIENCE_SECS = 60.0


class Place:
    """The broker, and certificates of those it knows, does not know, and of a stranger's authority."""

    def __init__(self, folder):
        self.authority = Authority(folder)
        (folder / "other").mkdir()
        (folder / "rabbit").mkdir()
        self.cert, self.key, _ = self.authority.issue("tocsin.test", common_name=SENDER)
        self.unknown = self.authority.issue("nobody.test", common_name="nobody")
        self.stranger = Authority(folder / "other").issue("tocsin.test", common_name=f"{SENDER}")
        self.rabbit = Rabbit(folder / "rabbit", self.authority)
        self.rabbit.start()

    def settings(self, **other):
        values = {
            "name": "hub",
            "host": "127.0.0.1",
            "port": self.rabbit.port,
            "routing_key": SENDER,
            "ssl_ca_path": self.authority.path,
            "ssl_cert_path": self.cert,
            "ssl_key_path": self.key,
            "timeout_secs": 5.0,
        }
        return AmqpSettings(**(values | other))

    def channel(self):
        context = ssl.create_default_context(cafile=str(self.authority.path))
        context.load_cert_chain(self.cert, self.key)
        parameters = pika.ConnectionParameters(
            host="127.0.0.1",
            port=self.rabbit.port,
            credentials=pika.credentials.ExternalCredentials(),
            ssl_options=pika.SSLOptions(context, "127.0.0.1"),
        )
        return pika.BlockingConnection(parameters).channel()

    def drain(self):
        """All messages of the queue."""
        channel, found = self.channel(), []
        while True:
            method, properties, body = channel.basic_get(QUEUE, auto_ack=True)
            if method is None:
                channel.connection.close()
                return found
            found.append((properties, body))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    program()
    made = Place(tmp_path_factory.mktemp("amqp"))
    yield made
    made.rabbit.stop()


def parcel(key="k"):
    return Parcel(key=key, order="i1", media_type="application/json", body=b"{}")


def test_a_confirmed_alert_reaches_the_hub_as_emsi_and_nothing_else_does(place, tmp_path):
    settings = DispatchSettings(
        territories=(LOIRE,), sender=SENDER, outbox_path=tmp_path / "box.db", amqp=(place.settings(),)
    )
    mail = Mail(settings, now=lambda: T0, metrics=Metrics())
    handover = Handover(settings, Metrics(), mail.carry)
    handover.take(incident())
    handover.take(verdict())
    assert mail.couriers[0].step() == 1
    mail.close()
    ((properties, body),) = place.drain()
    envelope = edxl.read_json(body)
    assert (envelope.status, envelope.message.emsi.CONTEXT.MODE, envelope.address) == (
        "Actual",
        "ACTUAL",
        "fr.fire.sdis440",
    )
    assert (properties.delivery_mode, properties.content_type) == (2, "application/json")
    assert properties.message_id.startswith(envelope.distribution_id.removeprefix(f"{SENDER}_"))


def test_what_the_exchange_routes_nowhere_is_not_delivered(place):
    sink = Amqp(place.settings(routing_key="fr.nobody"))
    outcome = sink.deliver(parcel())
    assert (outcome.done, outcome.away, outcome.why) == (False, False, "the exchange routes it to no queue")
    assert sink.deliver(parcel()).why == outcome.why  # and the connection is still of use
    sink.close()


def test_an_exchange_that_is_not_there_is_no_delivery(place):
    sink = Amqp(place.settings(exchange="nowhere"))
    assert not sink.deliver(parcel()).done
    sink.close()


@pytest.mark.parametrize("who", ["unknown", "stranger", "nobody"])
def test_whoever_shows_no_known_certificate_is_not_let_in(place, who):
    cert, key = (None, None) if who == "nobody" else getattr(place, who)[:2]
    sink = Amqp(place.settings(ssl_cert_path=cert, ssl_key_path=key))
    outcome = sink.deliver(parcel())
    assert (outcome.done, outcome.away) == (False, True)
    sink.close()


def test_a_server_that_is_not_the_one_meant_is_not_spoken_to(place, tmp_path):
    other = Authority(tmp_path)
    sink = Amqp(place.settings(ssl_ca_path=other.path))
    assert sink.deliver(parcel()).away
    sink.close()


def test_a_broker_that_falls_and_comes_back_has_all_in_order_once(place, tmp_path):
    place.drain()
    settings = DispatchSettings(
        territories=(LOIRE,), sender=SENDER, outbox_path=tmp_path / "box.db", amqp=(place.settings(only_actual=False),)
    )
    clock = [T0]
    mail = Mail(settings, now=lambda: clock[0], metrics=Metrics())
    handover = Handover(settings, Metrics(), mail.carry)
    courier = mail.couriers[0]
    handover.take(incident())
    assert courier.step() == 1
    place.rabbit.stop()
    for revision in range(2, 6):
        handover.take(incident(revision))
        clock[0] += 60_000
        assert courier.step() == 0
    place.rabbit.start()
    until = time.monotonic() + PATIENCE_SECS
    while mail.outbox.waiting("hub"):
        clock[0] += 300_000
        courier.step()
        assert time.monotonic() < until
    keys = [properties.message_id for properties, _ in place.drain()]
    revisions = 5
    assert len(keys) == len(set(keys)) == revisions
    assert mail.outbox.dead() == []
    mail.close()


def test_a_hung_broker_is_away_after_its_time(place):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        sink = Amqp(place.settings(port=silent.getsockname()[1], timeout_secs=0.5))
        began = time.monotonic()
        assert sink.deliver(parcel()).away
        assert time.monotonic() - began < 20
        sink.close()


def test_a_lasting_connection_is_used_again(place):
    place.drain()
    sink = Amqp(place.settings())
    assert [sink.deliver(parcel(f"k{n}")) for n in range(20)] == [DONE] * 20
    sink.close()
    assert [properties.message_id for properties, _ in place.drain()] == [f"k{n}" for n in range(20)]
    assert EXCHANGE == "hubsante"
