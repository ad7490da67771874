"""Alerts: a few sentences to the people who have to act, by e-mail and by webhook, where the configuration names one.

What belongs here: reading `NAOME_HOME/alerts.yaml`, sending, and keeping what could not be sent until it can. What does not:
when an alert is due (`assets/alerts.py`).

Without that file nothing is sent and no connection is opened. An alert says which feed, period and node, with our own
message; it holds no value of a record. Passwords are not in the file: it names the environment variable that has one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import smtplib
import socket
import ssl
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from naome_pipeline.configuration import ConfigurationError, read_configuration, understanding
from naome_pipeline.errors import Refused
from naome_pipeline.home import Home
from naome_pipeline.leftovers import write_atomically
from naome_pipeline.logs import log

ALERTS_FILE = "alerts.yaml"
EXAMPLE_FILE = Path(__file__).parent.parent / "deploy" / "alerts.example.yaml"
# A mail or chat server that does not answer must not hold the daemon's other sensors.
TIMEOUT_SECONDS = 15
# What could not be sent waits here, one file an alert. After a week it is no news.
UNSENT_FOLDER = "unsent_alerts"
WAITS_SECONDS = 7 * 24 * 3600


class Email(BaseModel):
    """A mail server and who is written to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    server: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    recipients: tuple[str, ...] = Field(min_length=1)
    username: str | None = None
    password_variable: str | None = None

    @field_validator("recipients")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [
            address for address in value if address.count("@") != 1 or address != "".join(address.split())
        ]:
            raise ValueError(f"not an e-mail address: {', '.join(map(repr, wrong))}")
        return value


class Webhook(BaseModel):
    """An address that takes a JSON object by POST: `text` for chat programs, the facts for others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    token_variable: str | None = None

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it has to begin with https:// (or http:// inside the network) and name a host")
        return value


class Channels(BaseModel):
    """Where alerts go. `page`: the address of the Dagster UI, for the link in a message."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email: Email | None = None
    webhook: Webhook | None = None
    page: str = ""


@dataclass(frozen=True)
class Alert:
    """What somebody has to know: `kind` for machines, `subject` in one line, `text` with what to do, `facts` to sort by."""

    kind: str
    subject: str
    text: str
    facts: dict[str, str]


def trial() -> Alert:
    """What `naome alert` sends."""
    text = "This is a trial: alerts of the NAoMe pipeline reach you. There is nothing to do."
    return Alert("trial", "NAoMe pipeline: a trial alert", text, {})


def channels(home: Home) -> Channels:
    """Where alerts of a home go: nowhere without its file; ConfigurationError when the file is wrong."""
    path = home.root / ALERTS_FILE
    return read_channels(path) if path.is_file() else Channels()


def read_channels(path: Path) -> Channels:
    """Where a file says that alerts go."""
    content = read_configuration(path)
    with understanding(path):
        return Channels.model_validate(content or {})


def send(home: Home, alert: Alert) -> list[str]:
    """Send an alert wherever the home's configuration says; what could not be sent, in sentences. Logged either way.

    Raises ConfigurationError when the file is wrong.
    """
    ways = _ways(channels(home))
    if not ways:
        log(home, "alert to nobody", kind=alert.kind, **alert.facts)
    return list(_send(home, alert, ways).values())


def tell(home: Home, alert: Alert) -> list[str]:
    """As `send`; what could not be sent, for a wrong configuration too, is kept for `send_unsent`."""
    try:
        ways = _ways(channels(home))
    except ConfigurationError as problem:
        _keep(home, alert, None)
        log(home, "alert not sent", kind=alert.kind, problem=type(problem).__name__, **alert.facts)
        return [str(problem)]
    if not ways:
        log(home, "alert to nobody", kind=alert.kind, **alert.facts)
    failed = _send(home, alert, ways)
    if failed:
        _keep(home, alert, sorted(failed))
    return list(failed.values())


def send_unsent(home: Home) -> list[str]:
    """Try again what is kept; what could still not be sent, in sentences. Raises ConfigurationError as `send` does."""
    waiting = unsent(home)
    ways = _ways(channels(home)) if waiting else {}
    sentences = []
    for path, kept in waiting.items():
        still = {by: way for by, way in ways.items() if kept.by is None or by in kept.by}
        failed = _send(home, kept.alert, still)
        old = time.time() - kept.since.timestamp() > WAITS_SECONDS
        if failed and not old:
            _write(path, Unsent(alert=kept.alert, by=sorted(failed), since=kept.since))
            sentences += failed.values()
            continue
        if failed or not still:
            log(home, "alert given up", kind=kept.alert.kind, **kept.alert.facts)
        path.unlink(missing_ok=True)
    return sentences


class Unsent(BaseModel):
    """An alert that waits. `by`: the ways it could not be sent by; None: all there are."""

    alert: Alert
    by: list[str] | None
    since: dt.datetime


def unsent(home: Home) -> dict[Path, Unsent]:
    """The alerts that wait, oldest first, by the file of each. A file that cannot be read is passed over."""
    found = {}
    for path in (home.logs / UNSENT_FOLDER).glob("*.json"):
        with contextlib.suppress(OSError, ValueError):
            found[path] = Unsent.model_validate_json(path.read_bytes())
    return dict(sorted(found.items(), key=lambda item: (item[1].since, item[0])))


def _keep(home: Home, alert: Alert, by: list[str] | None) -> None:
    kept = Unsent(alert=alert, by=by, since=dt.datetime.now(dt.UTC))
    with contextlib.suppress(OSError):  # a full disk: the log and the tick have it
        _write(home.logs / UNSENT_FOLDER / f"{uuid.uuid4().hex}.json", kept)


def _write(path: Path, kept: Unsent) -> None:
    write_atomically(path, kept.model_dump_json(indent=1))


@dataclass(frozen=True)
class _Way:
    """How an alert goes: by which host, and what sends it."""

    host: str
    send: Callable[[Alert], None]


_Ways = dict[str, _Way]


def _ways(named: Channels) -> _Ways:
    ways: _Ways = {}
    if (email := named.email) is not None:
        ways["email"] = _Way(
            f"{email.server}:{email.port}", lambda alert: _send_email(email, alert, named.page)
        )
    if (webhook := named.webhook) is not None:
        host = urlsplit(webhook.url).hostname or ""
        ways["webhook"] = _Way(host, lambda alert: _send_webhook(webhook, alert, named.page))
    return ways


def _send(home: Home, alert: Alert, ways: _Ways) -> dict[str, str]:
    """Send an alert by some ways: for each that failed, why."""
    failed: dict[str, str] = {}
    for by, way in ways.items():
        try:
            way.send(alert)
        except (OSError, smtplib.SMTPException, ValueError) as problem:
            why = type(problem).__name__
            failed[by] = f"{by} ({way.host}): {_reason(problem)}"
            log(home, "alert not sent", kind=alert.kind, by=by, problem=why, **alert.facts)
        else:
            log(home, "alert sent", kind=alert.kind, by=by, **alert.facts)
    return failed


def _reason(problem: BaseException) -> str:
    """What went wrong in words of ours: a server's own may repeat what it was sent."""
    if isinstance(problem, urllib.error.HTTPError):
        return f"it answered {problem.code}"
    if isinstance(problem, urllib.error.URLError) and isinstance(problem.reason, BaseException):
        return _reason(problem.reason)
    if isinstance(problem, Refused):
        return str(problem)
    if isinstance(problem, smtplib.SMTPResponseException):
        what = (
            "it refused the sign-on"
            if isinstance(problem, smtplib.SMTPAuthenticationError)
            else "it answered"
        )
        return f"{what} ({problem.smtp_code})"
    if isinstance(problem, socket.gaierror):
        return "no machine of this name is known"
    if isinstance(problem, ssl.SSLError):
        return f"no secure connection ({problem.reason or type(problem).__name__})"
    if isinstance(problem, TimeoutError):
        return f"no answer within {TIMEOUT_SECONDS} seconds"
    if isinstance(problem, OSError) and problem.errno:
        return os.strerror(problem.errno)
    return type(problem).__name__


def _secret(variable: str | None) -> str:
    if variable is None:
        return ""
    if not (value := os.environ.get(variable)):
        raise Refused(f"the environment variable {variable} is not set")
    return value


def _send_email(channel: Email, alert: Alert, page: str) -> None:
    message = EmailMessage()
    message["From"], message["To"] = channel.sender, ", ".join(channel.recipients)
    message["Subject"] = " ".join(alert.subject.split())
    message.set_content(_with_page(alert, page))
    context = ssl.create_default_context()
    if channel.security == "tls":
        server = smtplib.SMTP_SSL(channel.server, channel.port, timeout=TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(channel.server, channel.port, timeout=TIMEOUT_SECONDS)
    with server:
        if channel.security == "starttls":
            server.starttls(context=context)
        if channel.username:
            server.login(channel.username, _secret(channel.password_variable))
        server.send_message(message)


def _send_webhook(channel: Webhook, alert: Alert, page: str) -> None:
    body = {"text": f"{alert.subject}\n{_with_page(alert, page)}", "kind": alert.kind, **alert.facts}
    headers = {"Content-Type": "application/json"}
    if channel.token_variable:
        headers["Authorization"] = f"Bearer {_secret(channel.token_variable)}"
    request = urllib.request.Request(channel.url, json.dumps(body).encode(), headers, method="POST")
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS):
        pass


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An alert goes to the address that was named and to no other."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _with_page(alert: Alert, page: str) -> str:
    return f"{alert.text}\n\n{page}\n" if page else f"{alert.text}\n"
