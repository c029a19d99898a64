"""The outbox and its couriers, with a virtual clock: receivers that fail, hang, answer 500 or come back after ten minutes."""

from __future__ import annotations

import base64
import json
import random
import time

import httpx
import msgspec
import pytest
import standardwebhooks
from examples import LOIRE, T0, alert, incident, verdict

from dispatch.courier import FIRST_WAIT_MS, LONGEST_WAIT_MS, Courier
from dispatch.folder import LINES, Folder
from dispatch.outbox import FULL, Outbox, OutboxError
from dispatch.sink import DONE, Outcome, Parcel
from dispatch.webhook import SecretError, Webhook, read_secret
from tocsin.model import Alert
from tocsin.pipeline.handover import Handover, Mail
from tocsin.runtime.metrics import DEAD, DELIVERIES, DUPLICATE, FILTERED, HELD, OUTBOX_WAITING, RECEIVED, USED, Metrics
from tocsin.settings.dispatch import DispatchSettings
from tocsin.settings.sinks import FolderSettings, SinkSettings, WebhookSettings

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
MINUTE = 60_000


class Clock:
    def __init__(self):
        self.at = T0

    def __call__(self):
        return self.at


class Receiver:
    """A sink whose receiver does as it is told, and keeps what it took."""

    def __init__(self, name="r", **other):
        self.settings = SinkSettings(name=name, **other)
        self.took, self.met = [], []
        self.does = lambda parcel: DONE

    def deliver(self, parcel):
        self.met.append(parcel.key)
        outcome = self.does(parcel)
        if outcome.done:
            self.took.append(parcel.key)
        return outcome

    def close(self):
        pass


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def outbox(tmp_path):
    made = Outbox(tmp_path / "out" / "box.db", max_waiting=1_000)
    yield made
    made.close()


def parcel(key, order="i1"):
    return Parcel(key=key, order=order, media_type="application/json", body=key.encode())


def run(courier, clock, minutes):
    """Let time pass: look again whenever something is due."""
    until = clock.at + minutes * MINUTE
    tries = 0
    while clock.at <= until:
        courier.step()
        next_at = courier.next_at()
        tries += 1
        assert tries < 10_000
        if next_at is None or next_at > until:
            break
        clock.at = max(clock.at, next_at)
    clock.at = until


def test_what_is_put_in_twice_goes_out_once(outbox, clock):
    receiver = Receiver()
    courier = Courier(receiver, outbox, now=clock)
    assert outbox.put([("r", parcel("a")), ("r", parcel("a"))], clock.at) == 1
    assert courier.step() == 1
    assert outbox.put([("r", parcel("a"))], clock.at) == 0
    assert courier.step() == 0
    assert receiver.took == ["a"]


def test_order_is_kept_per_incident_and_one_does_not_wait_for_another(outbox, clock):
    receiver = Receiver()
    receiver.does = lambda one: (
        Outcome(done=False, why="answered 500") if one.key == "a1" and clock.at < T0 + 5 * MINUTE else DONE
    )
    courier = Courier(receiver, outbox, now=clock)
    outbox.put([("r", parcel(key, key[0])) for key in ("a1", "b1", "a2", "b2", "a3")], clock.at)
    run(courier, clock, 4)
    assert receiver.took == ["b1", "b2"]
    run(courier, clock, 10)
    assert receiver.took == ["b1", "b2", "a1", "a2", "a3"]


@pytest.mark.parametrize(
    "failure",
    [
        Outcome(done=False, why="cannot be reached", away=True),
        Outcome(done=False, why="answered 500"),
        Outcome(done=False, why="answered 429", wait_ms=90_000),
    ],
)
def test_a_receiver_that_comes_back_after_ten_minutes_gets_all_in_order_once(outbox, clock, failure):
    receiver = Receiver()
    receiver.does = lambda one: failure if clock.at < T0 + 10 * MINUTE else DONE
    courier = Courier(receiver, outbox, now=clock)
    sent = []
    for minute in range(12):
        keys = [f"{order}{minute:02d}" for order in "abc"]
        outbox.put([("r", parcel(key, key[0])) for key in keys], clock.at)
        sent += keys
        run(courier, clock, 1)
    run(courier, clock, 10)
    assert sorted(receiver.took) == sorted(sent)
    for order in "abc":
        assert [key for key in receiver.took if key[0] == order] == [key for key in sent if key[0] == order]
    assert outbox.waiting("r") == 0
    assert outbox.dead() == []


def test_while_nobody_answers_the_tries_are_few(outbox, clock):
    receiver = Receiver()
    receiver.does = lambda one: Outcome(done=False, why="cannot be reached", away=True)
    courier = Courier(receiver, outbox, now=clock, chance=lambda: 0.5)
    outbox.put([("r", parcel(f"{n}", f"{n}")) for n in range(500)], clock.at)
    run(courier, clock, 60)
    # 2, 4, 8 ... 256 s, then every 300 s: 9 tries in the first 510 s, 10 more in the 3,090 s that are left
    assert len(receiver.met) == 9 + 10


def test_waits_double_within_their_limits(outbox, clock):
    receiver = Receiver()
    receiver.does = lambda one: Outcome(done=False, why="answered 500")
    courier = Courier(receiver, outbox, now=clock, chance=random.Random(7).random)
    outbox.put([("r", parcel("a"))], clock.at)
    gaps = []
    for number in range(12):
        before = clock.at
        courier.step()
        clock.at = courier.next_at()
        plain = min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2**number)
        gaps.append((clock.at - before) / plain)
    assert all(0.8 <= gap <= 1.2 for gap in gaps)
    assert len({round(gap, 6) for gap in gaps}) > 6


def test_one_receiver_away_blocks_no_other(outbox, clock):
    dead, alive = Receiver("dead"), Receiver("alive")
    dead.does = lambda one: Outcome(done=False, why="cannot be reached", away=True)
    couriers = [Courier(one, outbox, now=clock) for one in (dead, alive)]
    outbox.put([(name, parcel("a")) for name in ("dead", "alive")], clock.at)
    for courier in couriers:
        courier.step()
    assert (alive.took, outbox.waiting("dead"), outbox.waiting("alive")) == (["a"], 1, 0)


def test_what_nobody_takes_becomes_a_dead_letter_and_can_be_tried_again(outbox, clock):
    receiver = Receiver(give_up_hours=1)
    receiver.does = lambda one: (
        Outcome(done=False, why="answered 500") if one.key == "a" and clock.at < T0 + 2 * 60 * MINUTE else DONE
    )
    courier = Courier(receiver, outbox, now=clock)
    outbox.put([("r", parcel("a")), ("r", parcel("b"))], clock.at)
    run(courier, clock, 90)
    assert receiver.took == ["b"]
    assert [(one.key, one.why) for one in outbox.dead("r")] == [("a", "answered 500")]
    assert outbox.put([("r", parcel("a"))], clock.at) == 0
    clock.at = T0 + 3 * 60 * MINUTE
    assert outbox.retry_dead("r", clock.at) == 1
    run(courier, clock, 1)
    assert (receiver.took, outbox.dead()) == (["b", "a"], [])


def test_a_receiver_that_is_gone_for_good_is_tried_once(outbox, clock):
    receiver = Receiver()
    receiver.does = lambda one: Outcome(done=False, why="answered 410", never=True)
    courier = Courier(receiver, outbox, now=clock)
    outbox.put([("r", parcel("a"))], clock.at)
    run(courier, clock, 60)
    assert (receiver.met, outbox.dead()[0].why) == (["a"], "answered 410")


def test_a_full_queue_takes_no_more_and_says_so(tmp_path, clock):
    box = Outbox(tmp_path / "box.db", max_waiting=2)
    assert box.put([("r", parcel(f"{n}")) for n in range(3)], clock.at) == 2
    assert (box.waiting("r"), [one.why for one in box.dead()]) == (2, [FULL])
    assert box.put([("other", parcel("0"))], clock.at) == 1
    box.close()


def test_all_or_none_is_put_in(outbox, clock):
    class Bad:
        key, order, media_type = "b", "i1", "application/json"
        body = object()  # SQLite cannot hold it

    with pytest.raises(OutboxError):
        outbox.put([("r", parcel("a")), ("r", Bad())], clock.at)
    assert outbox.waiting("r") == 0
    assert outbox.put([("r", parcel("a"))], clock.at) == 1


def test_what_waits_survives_a_fall(tmp_path, clock):
    first = Outbox(tmp_path / "box.db", max_waiting=10)
    first.put([("r", parcel("a")), ("r", parcel("b"))], clock.at)
    # It falls here: nothing is closed, nothing said goodbye.
    second = Outbox(tmp_path / "box.db", max_waiting=10)
    receiver = Receiver()
    Courier(receiver, second, now=clock).step()
    assert receiver.took == ["a", "b"]
    second.close()
    first.close()


def test_a_fall_between_delivery_and_its_note_repeats_the_same_key(outbox, clock):
    receiver = Receiver()
    courier = Courier(receiver, outbox, now=clock)
    outbox.put([("r", parcel("a")), ("r", parcel("b"))], clock.at)
    for one in outbox.due("r", clock.at, 10):
        receiver.deliver(one)  # delivered, and then the machine falls before it could note it
    courier.step()
    assert receiver.took == ["a", "a", "b"]


def test_a_file_that_is_no_outbox_is_refused(tmp_path):
    (tmp_path / "box.db").write_bytes(b"not a database" * 100)
    with pytest.raises(OutboxError, match="expected an outbox"):
        Outbox(tmp_path / "box.db", max_waiting=10)


# Webhooks ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n")
    return path


def webhook(secret, clock, answer):
    settings = WebhookSettings(name="hook", url="https://receiver.example/alerts", secret_path=secret)
    return Webhook(settings, now=clock, transport=httpx.MockTransport(answer))


def test_a_call_is_signed_as_the_standard_s_own_library_checks_it(secret, clock, monkeypatch):
    called = []
    hook = webhook(secret, clock, lambda request: called.append(request) or httpx.Response(204))
    assert hook.deliver(parcel("a")) == DONE
    request = called[0]
    judge = standardwebhooks.Webhook(SECRET)
    monkeypatch.setattr(standardwebhooks.webhooks, "datetime", Frozen)
    assert request.headers["webhook-id"] == "a"
    assert int(request.headers["webhook-timestamp"]) == T0 // 1_000
    headers = {name: request.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    with pytest.raises(json.JSONDecodeError):  # past the check, it reads the body, which is no JSON here
        judge.verify(request.content, headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        judge.verify(request.content + b" ", headers)


class Frozen(standardwebhooks.webhooks.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(T0 / 1_000, tz)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(500), Outcome(done=False, why="answered 500")),
        (httpx.Response(302, headers={"location": "http://elsewhere"}), Outcome(done=False, why="answered 302")),
        (httpx.Response(429, headers={"retry-after": "90"}), Outcome(done=False, why="answered 429", wait_ms=90_000)),
        (httpx.Response(410), Outcome(done=False, why="answered 410", never=True)),
        (httpx.ConnectError("refused"), Outcome(done=False, why="cannot be reached: ConnectError", away=True)),
        (httpx.ReadTimeout("slow"), Outcome(done=False, why="no answer in time: ReadTimeout", away=True)),
        (httpx.RemoteProtocolError("broke"), Outcome(done=False, why="the call broke off: RemoteProtocolError")),
    ],
)
def test_what_a_receiver_may_do(secret, clock, answer, expected):
    def handler(request):
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert webhook(secret, clock, handler).deliver(parcel("a")) == expected


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_!!!!", "no-prefix", "whsec_" + base64.b64encode(b"short").decode(), "é"]
)
def test_a_secret_that_is_none_is_refused_and_never_said(tmp_path, text):
    path = tmp_path / "secret"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SecretError) as refused:
        read_secret(path)
    assert "short" not in str(refused.value)


# Folders and the whole --------------------------------------------------------------------------------------------------


def test_a_folder_holds_whole_files_and_lines_once(tmp_path):
    lines = Folder(FolderSettings(name="lines", path=tmp_path / "lines"))
    for key in ("a", "b", "b"):
        assert lines.deliver(parcel(key)) == DONE
    path = tmp_path / "lines" / LINES
    assert path.read_bytes() == b"a\nb\n"
    path.write_bytes(b"a\nb\nhalf a li")  # torn by a fall
    lines.deliver(parcel("c"))
    assert path.read_bytes() == b"a\nb\nc\n"
    caps = Folder(FolderSettings(name="caps", path=tmp_path / "caps", format="cap"))
    caps.deliver(parcel("k"))
    assert [one.name for one in (tmp_path / "caps").iterdir()] == ["k.cap.xml"]


def test_a_folder_that_cannot_be_written_is_away(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    outcome = Folder(FolderSettings(name="x", path=tmp_path / "file")).deliver(parcel("a"))
    assert (outcome.done, outcome.away) == (False, True)


def test_the_whole_hand_over_from_incident_to_receivers(tmp_path, clock):
    metrics, told = Metrics(), []
    plain, actual = Receiver("plain"), Receiver("actual", format="cap", only_actual=True)
    settings = DispatchSettings(territories=(LOIRE,), outbox_path=tmp_path / "box.db")
    mail = Mail(settings, now=clock, metrics=metrics, sinks=[plain, actual])

    def tell(messages):
        told.extend(messages)
        mail.carry(messages)

    handover = Handover(settings, metrics, tell)
    for item in (incident(), incident(), verdict(), verdict(centre="nobody")):
        handover.take(item)
    for courier in mail.couriers:
        courier.step()
    assert [one.status for one in told if isinstance(one, Alert)] == ["Draft", "Actual"]
    assert plain.took == [one.alert_id for one in told]
    assert actual.took == [told[1].alert_id]
    assert [one.verdict.centre for one in handover.refused()] == ["nobody"]
    counts = {
        name: metrics.value(metric, *labels)
        for name, metric, labels in (("sent", DELIVERIES, ("plain", "sent")), ("waiting", OUTBOX_WAITING, ("plain",)))
    }
    assert counts == {"sent": 2, "waiting": 0}
    mail.close()


def test_every_item_has_a_fate_also_across_a_restart():
    def balance(metrics):
        fates = [
            metrics.value(metric, "gate", *labels)
            for metric, labels in (
                (USED, ()),
                (FILTERED, ("nothing_to_tell",)),
                (DUPLICATE, ()),
                (DEAD, ("refused_verdict",)),
                (HELD, ()),
            )
        ]
        return metrics.value(RECEIVED, "gate"), fates

    metrics, settings = Metrics(), DispatchSettings(territories=(LOIRE,))
    handover = Handover(settings, metrics, lambda messages: None)
    elsewhere = incident(incident_id="far", areas=(msgspec.structs.replace(incident().areas[0], departement="75"),))
    for item in (
        incident(),
        incident(),
        elsewhere,
        verdict(centre="nobody"),
        verdict(revision=2),
        verdict(incident_id="never"),
    ):
        handover.take(item)
    assert balance(metrics) == (6, [1, 1, 1, 1, 2])
    again = Metrics()
    other = Handover(settings, again, lambda messages: None)
    other.restore(handover.gate.memory.snapshot())
    assert balance(again) == (2, [0, 0, 0, 0, 2])
    other.take(incident(2))  # it frees the verdict that waited for it
    assert balance(again) == (3, [2, 0, 0, 0, 1])


def test_threads_deliver_and_end(tmp_path):
    receiver = Receiver()
    settings = DispatchSettings(outbox_path=tmp_path / "box.db")
    mail = Mail(settings, now=Clock(), metrics=Metrics(), sinks=[receiver])
    mail.start()
    mail.carry([alert(alert_id=f"{n:016x}") for n in range(50)])
    mail.close()
    again = Mail(settings, now=Clock(), metrics=Metrics(), sinks=[receiver])
    again.couriers[0].step()
    assert receiver.took == [f"{n:016x}" for n in range(50)]
    again.close()


def test_a_courier_that_breaks_down_ends_the_run_aloud(tmp_path):
    receiver = Receiver()

    def breaks(one):
        raise ZeroDivisionError("a defect of ours")

    receiver.does = breaks
    mail = Mail(DispatchSettings(outbox_path=tmp_path / "box.db"), now=Clock(), metrics=Metrics(), sinks=[receiver])
    mail.start()
    mail.carry([alert()])
    until = time.monotonic() + 20
    while mail.couriers[0].broken is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    with pytest.raises(OutboxError, match="a defect of ours"):
        mail.carry([])
    assert mail.outbox.waiting("r") == 1
    mail.close()


def test_settings_that_cannot_be_meant_are_refused(tmp_path, secret):
    folder = FolderSettings(name="one", path=tmp_path)
    with pytest.raises(ValueError, match="outbox_path"):
        DispatchSettings(folders=(folder,))
    with pytest.raises(ValueError, match="each name"):
        DispatchSettings(folders=(folder, folder), outbox_path=tmp_path / "box")


def test_the_command_shows_what_waits_and_tries_dead_letters_again(tmp_path, capsys, clock):
    from tocsin.cli.outbox import outbox as command

    config, path = tmp_path / "tocsin.toml", tmp_path / "box.db"
    config.write_text(
        f'[dispatch]\noutbox_path = "{path}"\n[[dispatch.folders]]\nname = "lines"\npath = "{tmp_path}/out"\n',
        encoding="utf-8",
    )
    assert command(config=config) == 2
    assert "expected an outbox" in capsys.readouterr().err
    box = Outbox(path, max_waiting=10)
    box.put([("lines", parcel("a")), ("lines", parcel("b"))], clock.at)
    box.give_up("lines", box.due("lines", clock.at, 1)[0], "answered 410", clock.at)
    assert command(config=config) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("lines", "answered 410", "2026-04-07"))
    assert command(config=config, retry="elsewhere") == 2
    assert "expected one of lines, got elsewhere" in capsys.readouterr().err
    assert command(config=config, retry="lines") == 0
    assert "1 alerts" in capsys.readouterr().out
    assert [one.key for one in box.due("lines", 10**15, 10)] == ["b"]  # of one incident the oldest first
    assert (box.waiting("lines"), box.dead()) == (2, [])
    box.close()
