"""Mail: handed to an SMTP server, or recorded for tests and the demo.

A message carries nothing that names the study, the disease or the software: no header beside the
necessary ones, and the sender's domain as the name by which we greet the server.
"""

import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

from app.services.ports import ChannelAway, Mail, NotDelivered, PassingFailure, PermanentFailure

Security = Literal["starttls", "tls", "none"]


def compose(mail: Mail, sender: str) -> EmailMessage:
    """Write the message; PermanentFailure for an address that no header can hold."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = Address(mail.sender_name, addr_spec=sender)
    try:
        message["To"] = mail.to
    except ValueError:
        raise PermanentFailure("address_malformed") from None
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.key}@{_domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body, cte="quoted-printable")
    message["Content-Language"] = mail.language  # last: the content clears what it does not set
    return message


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


@dataclass(frozen=True, kw_only=True)
class SmtpMailer:
    """Hands each message to one SMTP server, over a connection of its own.

    `timeout_s` bounds every step of the conversation. `tls` replaces the machine's own trust.
    """

    host: str
    port: int
    security: Security
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = 10.0
    tls: ssl.SSLContext | None = None

    def send(self, mail: Mail) -> None:
        """Hand one message over; raises NotDelivered."""
        message = compose(mail, self.sender)
        with self._connected() as server:
            try:
                server.send_message(message, from_addr=self.sender, to_addrs=[mail.to])
            except (smtplib.SMTPException, OSError, ValueError) as fault:
                raise _failure(fault) from None

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """Connect, protect and sign in; what fails here says nothing about any one message."""
        try:
            server = self._connect()
        except (smtplib.SMTPException, OSError) as fault:
            raise ChannelAway(_named(fault)) from None
        try:
            yield server
        finally:
            # The message is with the server or it is not: a farewell that fails changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        name, trust = _domain(self.sender), self.tls or ssl.create_default_context()
        if self.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, local_hostname=name, timeout=self.timeout_s, context=trust
            )
        else:
            server = smtplib.SMTP(self.host, self.port, local_hostname=name, timeout=self.timeout_s)
        try:
            if self.security == "starttls":
                server.starttls(context=trust)
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


def _failure(fault: Exception) -> NotDelivered:
    """Tell a refused message (for good, or for now) from a server that went away."""
    match fault:
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            return _by_code("recipient", next(iter(refused.values()))[0])
        case smtplib.SMTPSenderRefused(smtp_code=code):
            return ChannelAway(f"sender_{code}")
        case smtplib.SMTPDataError(smtp_code=code):
            return _by_code("message", code)
        case smtplib.SMTPNotSupportedError() | ValueError():
            return PermanentFailure("address_malformed")
    return ChannelAway(_named(fault))


def _by_code(what: str, code: int) -> NotDelivered:
    is_permanent = 500 <= code < 600
    return (PermanentFailure if is_permanent else PassingFailure)(f"{what}_{code}")


def _named(fault: Exception) -> str:
    """Name a fault by its code or kind; its text may hold an address or a host."""
    code = getattr(fault, "smtp_code", None)
    return f"server_{code}" if code else type(fault).__name__


class RecordingMailer:
    """Takes every message over and keeps it in `sent`, as files too when given a folder.

    `failures` names addresses and how they fail.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        sender: str = "carnet@localhost",
        failures: Mapping[str, NotDelivered] | None = None,
    ) -> None:
        self.sent: list[Mail] = []
        self.failures = dict(failures or {})
        self._folder, self._sender = folder, sender

    def send(self, mail: Mail) -> None:
        """Record one message, or fail as told."""
        if failure := self.failures.get(mail.to):
            raise failure
        message = compose(mail, self._sender)
        self.sent.append(mail)
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{mail.at:%Y%m%dT%H%M%SZ}_{mail.key}.eml"
            path.write_bytes(message.as_bytes())
