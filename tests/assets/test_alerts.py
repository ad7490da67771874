"""Alerts: who is told what, only where the configuration says so; and the log that has them all."""

from __future__ import annotations

import datetime as dt
import errno
import json
import smtplib
import socket
import threading
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import dagster as dg
import pytest

from assets.alerts import overdue_releases, run_failures, stale_releases, unsent_alerts
from assets.assembly import build_defs
from assets.automation import due_period, due_since, freshness_of
from assets.resources import PipelineResource
from naome_pipeline import alerts
from naome_pipeline.alerts import Alert, channels, send, send_unsent, tell, unsent
from naome_pipeline.configuration import ConfigurationError
from naome_pipeline.deliveries.receiving import receive_delivery
from naome_pipeline.doctor import examine
from naome_pipeline.home import Home
from naome_pipeline.lake import Lake, Scope
from naome_pipeline.logs import lines, log
from tests.deliveries.small import deliver, standard_files

ALERT = Alert("run failed", "A subject", "What happened.", {"feed": "england_quarterly"})


class Web(HTTPServer):
    """A server that remembers what it was sent and answers with one status."""

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), Received)
        self.status = status
        self.got: list[tuple[str, dict[str, str], dict[str, str]]] = []


class Received(BaseHTTPRequestHandler):
    """What `Web` does with a request."""

    server: Web  # type: ignore[assignment]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing on the terminal."""


@contextmanager
def web(status: int = 200) -> Iterator[Web]:
    server = Web(status)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@contextmanager
def mail() -> Iterator[tuple[int, list[str]]]:
    """A mail server that takes one message."""
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, connection.makefile("rw", newline="\r\n", encoding="utf-8") as stream:
                answer(stream, "220 sink")
                in_text = False
                for line in stream:
                    said.append(line.rstrip("\r\n"))
                    word = said[-1].upper()[:4]
                    if in_text:
                        in_text = said[-1] != "."
                        if not in_text:
                            answer(stream, "250 taken")
                    elif word == "DATA":
                        in_text = True
                        answer(stream, "354 go on")
                    elif word == "QUIT":
                        answer(stream, "221 bye")
                        return
                    else:
                        answer(stream, "250 ok")

        def answer(stream, text: str) -> None:
            stream.write(text + "\n")
            stream.flush()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], said
        thread.join(10)


def configured(root: Path, content: dict) -> Home:
    home = Home.locate(root).create()
    (home.root / "alerts.yaml").write_text(json.dumps(content), encoding="utf-8")
    return home


def test_nothing_is_sent_and_no_connection_opened_without_a_configuration(tmp_path, monkeypatch):
    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "create_connection", no_network)
    monkeypatch.setattr(socket.socket, "connect", no_network)
    home = Home.locate(tmp_path).create()
    assert send(home, ALERT) == []
    assert [line["event"] for line in lines(home)] == ["alert to nobody"]


def test_mail_and_webhook_get_the_alert(tmp_path, monkeypatch):
    monkeypatch.setenv("NAOME_TEST_TOKEN", "t0ken")
    with mail() as (port, said), web() as server:
        home = configured(
            tmp_path,
            {
                "page": "https://dagster.example.org",
                "email": {
                    "server": "127.0.0.1",
                    "port": port,
                    "security": "none",
                    "sender": "naome@example.org",
                    "recipients": ["a@example.org", "b@example.org"],
                },
                "webhook": {
                    "url": f"http://127.0.0.1:{server.server_port}/hook",
                    "token_variable": "NAOME_TEST_TOKEN",
                },
            },
        )
        assert send(home, ALERT) == []
    assert [line for line in said if line.startswith("rcpt")] == [
        "rcpt TO:<a@example.org>",
        "rcpt TO:<b@example.org>",
    ]
    assert "Subject: A subject" in said
    assert "What happened." in said
    path, headers, body = server.got[0]
    assert path == "/hook"
    assert headers["Authorization"] == "Bearer t0ken"
    assert body["kind"] == "run failed"
    assert body["feed"] == "england_quarterly"
    assert "https://dagster.example.org" in body["text"]
    assert [line["by"] for line in lines(home)] == ["email", "webhook"]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_refusal_is_said_and_logged_and_no_other_address_is_tried(tmp_path, status):
    with web(status) as server:
        home = configured(tmp_path, {"webhook": {"url": f"http://127.0.0.1:{server.server_port}/"}})
        assert send(home, ALERT) == [f"webhook (127.0.0.1): it answered {status}"]
    assert len(server.got) == 1
    assert [line["event"] for line in lines(home)] == ["alert not sent"]


def test_a_token_that_is_not_set_is_no_alert_with_an_empty_one(tmp_path, monkeypatch):
    monkeypatch.delenv("NAOME_TEST_TOKEN", raising=False)
    with web() as server:
        url = f"http://127.0.0.1:{server.server_port}/"
        home = configured(tmp_path, {"webhook": {"url": url, "token_variable": "NAOME_TEST_TOKEN"}})
        assert send(home, ALERT) == [
            "webhook (127.0.0.1): the environment variable NAOME_TEST_TOKEN is not set"
        ]
    assert server.got == []


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"webhook": {"url": "file:///etc/passwd"}}, "https://"),
        ({"email": {"server": "m", "sender": "a@b", "recipients": []}}, "recipients"),
        ({"email": {"server": "m", "sender": "a@b", "recipients": ["x\n@y"]}}, "not an e-mail address"),
        ({"sms": {}}, "sms"),
        ([1], "whole file"),
    ],
)
def test_a_wrong_configuration_is_named(tmp_path, content, word):
    home = configured(tmp_path, content)
    with pytest.raises(ConfigurationError, match=r"alerts\.yaml is wrong.*What to do") as refused:
        channels(home)
    assert word in str(refused.value)


@pytest.mark.parametrize(
    ("feed", "day", "since", "period"),
    [
        ("england_quarterly", dt.date(2026, 1, 14), dt.date(2025, 10, 15), "2025Q2"),
        ("england_quarterly", dt.date(2026, 1, 15), dt.date(2026, 1, 15), "2025Q3"),
        ("annual", dt.date(2026, 9, 14), dt.date(2025, 9, 15), "2023"),
        ("annual", dt.date(2026, 9, 15), dt.date(2026, 9, 15), "2024"),
    ],
)
def test_what_is_due_when(feed, day, since, period):
    assert due_since(feed, day) == since
    assert due_period(feed, day).code == period


def test_a_release_is_overdue_two_weeks_after_it_was_due_in_homes_that_have_the_feed(tmp_path):
    home = Home.locate(tmp_path / "home").create()
    day = dt.date(2026, 1, 29)
    assert overdue_releases(home, day) == []
    delivery = deliver(tmp_path / "delivery", dict(standard_files()))
    receive_delivery(delivery.path, home.landing)
    assert [a.subject for a in overdue_releases(home, dt.date(2026, 1, 28))] == []
    found = overdue_releases(home, day)
    assert [alert.facts for alert in found] == [{"feed": "england_quarterly", "period": "2025Q3"}]
    assert "has been received" in found[0].text
    assert "No delivery of it" in overdue_releases(home, dt.date(2026, 4, 29))[0].text
    Lake(home.lake).write_release(Scope("england_quarterly", "2025Q3", 1), {"tables": {}})
    assert overdue_releases(home, day) == []


def test_an_overdue_release_is_told_once_even_when_the_server_refuses_it(tmp_path):
    delivery = deliver(tmp_path / "delivery", dict(standard_files()))
    with web(500) as server, dg.instance_for_test() as instance:
        home = configured(tmp_path / "home", {"webhook": {"url": f"http://127.0.0.1:{server.server_port}/"}})
        receive_delivery(delivery.path, home.landing)
        resources = {"pipeline": PipelineResource(home=str(home.root))}
        context = dg.build_sensor_context(instance=instance, resources=resources)
        with pytest.raises(dg.Failure, match="could not be sent and waits"):
            stale_releases(context)
        stale_releases(context)
        assert len(server.got) == 1
        server.status = 200
        unsent_alerts(dg.build_sensor_context(instance=instance, resources=resources))
        unsent_alerts(dg.build_sensor_context(instance=instance, resources=resources))
        assert [body["kind"] for _, _, body in server.got] == ["release overdue"] * 2


def test_what_one_way_refused_waits_for_that_way_only(tmp_path):
    with web(500) as server, mail() as (port, said):
        email = {
            "server": "127.0.0.1", "port": port, "security": "none", "sender": "a@example.org", "recipients": ["b@example.org"]
        }  # fmt: skip
        address = f"http://127.0.0.1:{server.server_port}/"
        home = configured(tmp_path, {"email": email, "webhook": {"url": address}})
        assert tell(home, ALERT) == ["webhook (127.0.0.1): it answered 500"]
        assert "What happened." in said
        assert send_unsent(home) == ["webhook (127.0.0.1): it answered 500"]
        assert [kept.by for kept in unsent(home).values()] == [["webhook"]]
        assert [finding.what for finding in examine(home)] == [
            f"an alert of {dt.datetime.now(dt.UTC):%d %B %Y} could not be sent: A subject"
        ]
        server.status = 200
        # The mail server takes no second message: it would fail if the alert went to it again.
        assert send_unsent(home) == []
        assert len(server.got) == 3
        assert unsent(home) == {}


def test_an_alert_waits_for_a_configuration_that_can_be_read(tmp_path):
    home = configured(tmp_path, {"sms": {}})
    assert "alerts.yaml is wrong" in tell(home, ALERT)[0]
    with pytest.raises(ConfigurationError):
        send_unsent(home)
    with web() as server:
        configured(tmp_path, {"webhook": {"url": f"http://127.0.0.1:{server.server_port}/"}})
        assert send_unsent(home) == []
    assert [body["text"] for _, _, body in server.got] == ["A subject\nWhat happened.\n"]
    assert unsent(home) == {}


def test_an_alert_that_nobody_took_for_a_week_is_given_up_and_logged(tmp_path, monkeypatch):
    with web(500) as server:
        home = configured(tmp_path, {"webhook": {"url": f"http://127.0.0.1:{server.server_port}/"}})
        tell(home, ALERT)
        monkeypatch.setattr(alerts, "WAITS_SECONDS", -1)
        assert send_unsent(home) == []
    assert unsent(home) == {}
    assert [line["event"] for line in lines(home)] == ["alert not sent", "alert not sent", "alert given up"]


def test_a_failed_run_is_told_with_its_node_and_its_message(tmp_path):
    with web() as server, dg.instance_for_test() as instance:
        home = configured(tmp_path / "home", {"webhook": {"url": f"http://127.0.0.1:{server.server_port}/"}})
        pipeline = PipelineResource(home=str(home.root))
        defs = build_defs({"pipeline": pipeline})
        result = defs.resolve_job_def("england_quarterly_refresh").execute_in_process(
            partition_key="2025-07-01",
            instance=instance,
            raise_on_error=False,
            asset_selection=[dg.AssetKey(["england_quarterly", "tumours"])],
        )
        context = dg.build_run_status_sensor_context(
            sensor_name="run_failures",
            dagster_instance=instance,
            dagster_run=result.dagster_run,
            dagster_event=result.get_run_failure_event(),
            resources={"pipeline": pipeline},
        )
        run_failures(context)
    body = server.got[0][2]
    assert body["feed"] == "england_quarterly"
    assert body["period"] == "2025Q3"
    assert body["run"] == result.run_id
    assert "tumours" in body["text"]
    assert "naome receive" in body["text"]
    logged = [line for line in lines(home) if line["event"] in ("node failed", "run failed")]
    assert [line["event"] for line in logged] == ["node failed", "run failed"]
    assert logged[0]["run"] == result.run_id


def test_publications_have_a_freshness_policy_and_parts_have_none():
    graph = build_defs().resolve_asset_graph()
    policies = {
        key.path[0]: graph.get(key).freshness_policy
        for key in graph.get_all_asset_keys()
        if key.path[1] == "publication"
    }
    assert policies["england_quarterly"] == freshness_of("england_quarterly")
    assert policies["annual"] == freshness_of("annual")
    assert policies["england_annual"] is None


def test_a_log_line_that_cannot_be_written_stops_nothing_and_a_half_one_is_passed_over(tmp_path):
    home = Home.locate(tmp_path).create()
    log(home, "one", rows=1, nothing=None)
    path = next(home.logs.glob("*.jsonl"))
    assert path.stat().st_mode & 0o077 == 0
    with path.open("a") as stream:
        stream.write('{"time": "2026-')
    assert [line["event"] for line in lines(home)] == ["one"]
    path.unlink()
    home.logs.rmdir()
    home.logs.write_text("a file in its place")
    log(home, "two")


def test_the_time_that_a_server_gets_is_bounded():
    assert 0 < alerts.TIMEOUT_SECONDS <= 30


def test_what_could_not_be_sent_names_the_host_and_what_failed():
    from naome_pipeline import alerts

    unknown = urllib.error.URLError(socket.gaierror(-2, "Name or service not known"))
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    assert alerts._reason(unknown) == "no machine of this name is known"
    assert alerts._reason(refused) == "Connection refused"
    assert "s3cret" not in alerts._reason(smtplib.SMTPAuthenticationError(535, b"s3cret is wrong"))
