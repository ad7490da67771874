"""Alerts: a few sentences to the people who have to act, by e-mail and by webhook, where the configuration names one.

What belongs here: reading `NAOME_HOME/alerts.yaml` and sending. What does not: when an alert is due (`assets/alerts.py`).

Without that file nothing is sent and no connection is opened. An alert says which feed, period and node, with our own
message; it holds no value of a record. Passwords are not in the file: it names the environment variable that has one.
"""

from __future__ import annotations

import json
import os
import smtplib
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from naome_pipeline.configuration import read_configuration, understanding
from naome_pipeline.home import Home
from naome_pipeline.logs import log

ALERTS_FILE = "alerts.yaml"
EXAMPLE_FILE = Path(__file__).parent.parent / "deploy" / "alerts.example.yaml"
# A mail or chat server that does not answer must not hold the daemon's other sensors.
TIMEOUT_SECONDS = 15


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
    """Send an alert wherever the home's configuration says; what could not be sent, in sentences. Logged either way."""
    named = channels(home)
    ways = [(named.email, _send_email), (named.webhook, _send_webhook)]
    failed = []
    for channel, way in ways:
        if channel is None:
            continue
        kind = type(channel).__name__.lower()
        try:
            way(channel, alert, named.page)  # type: ignore[arg-type]
        except (OSError, smtplib.SMTPException, ValueError) as problem:
            failed.append(f"{kind}: {type(problem).__name__}")
            log(
                home,
                "alert not sent",
                kind=alert.kind,
                by=kind,
                problem=type(problem).__name__,
                **alert.facts,
            )
        else:
            log(home, "alert sent", kind=alert.kind, by=kind, **alert.facts)
    if named.email is None and named.webhook is None:
        log(home, "alert to nobody", kind=alert.kind, **alert.facts)
    return failed


def _secret(variable: str | None) -> str:
    if variable is None:
        return ""
    if not (value := os.environ.get(variable)):
        raise ValueError(f"the environment variable {variable} is not set")
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
