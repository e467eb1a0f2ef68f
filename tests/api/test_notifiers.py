"""Notifiers against fakes on this machine: what arrives, what does not, and that no secret is shown."""

import asyncio
import base64
import hashlib
import hmac
import json
import shutil
import socket
import ssl
import subprocess
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from uuid import UUID

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from api.alerting.delivery import Delivery
from api.notifiers.base import Undelivered
from api.notifiers.found import configured
from db.alerting.raised import Raised
from openoutcry.alerts.rule import CHANNELS
from openoutcry.errors import BadConfig
from tests.factories import ORG
from wire.clock import WallClock

ALERT = Raised(
    id=UUID(int=7), org_id=ORG, title="leverage Alert", message="Leverage is <2>", severity="error", source="leverage",
    value=2.0, tags=("leverage", "error"), created_at=datetime(2025, 1, 15, tzinfo=UTC),
)  # fmt: skip
SECRET = "a-secret-of-this-test"


class Fake:
    """An HTTP server that keeps what it was sent and answers ``status``."""

    def __init__(self, status: int = 200) -> None:
        self.status, self.heard = status, []
        self.url = ""

    async def answer(self, reader, writer) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.heard.append((first.split(" ")[1], headers, body))
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(answer):
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def fake(status: int = 200):
    made = Fake(status)
    async with listening(made.answer) as port:
        made.url = f"http://127.0.0.1:{port}"
        yield made


def environment(url: str) -> dict[str, str]:
    return {
        "OUTCRY_ALERT_WEBHOOK_URL": f"{url}/hook", "OUTCRY_ALERT_WEBHOOK_SECRET": SECRET,
        "OUTCRY_ALERT_SLACK_URL": f"{url}/services/{SECRET}", "OUTCRY_ALERT_TELEGRAM_API": url,
        "OUTCRY_ALERT_TELEGRAM_TOKEN": SECRET, "OUTCRY_ALERT_TELEGRAM_CHAT": "42",
    }  # fmt: skip


async def test_a_webhook_is_signed_with_its_time():
    async with fake() as server:
        await configured(environment(server.url))["webhook"].tell(ALERT)
    ((path, headers, body),) = server.heard
    at = headers["x-outcry-timestamp"]
    made = hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert path == "/hook" and headers["x-outcry-signature"] == f"sha256={made}"
    assert abs(WallClock().now().timestamp() - int(at)) < 60
    assert json.loads(body)["data"]["id"] == str(ALERT.id)
    assert SECRET not in str(server.heard)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")
async def test_a_webhook_s_signature_is_what_another_program_makes_of_it():
    async with fake() as server:
        await configured(environment(server.url))["webhook"].tell(ALERT)
    ((_, headers, body),) = server.heard
    signed = headers["x-outcry-timestamp"].encode() + b"." + body
    command = ["openssl", "dgst", "-sha256", "-hmac", SECRET, "-hex"]
    done = await asyncio.to_thread(subprocess.run, command, input=signed, capture_output=True, check=True)
    told = done.stdout.decode().split("= ")[1].strip()
    assert headers["x-outcry-signature"] == f"sha256={told}"


async def test_slack_and_telegram_get_one_line():
    async with fake() as server:
        found = configured(environment(server.url))
        await found["slack"].tell(ALERT)
        await found["telegram"].tell(ALERT)
    (slack, _, text), (telegram, _, message) = server.heard
    assert slack == f"/services/{SECRET}" and telegram == f"/bot{SECRET}/sendMessage"
    assert json.loads(text) == {"text": "[ERROR] leverage Alert: Leverage is &lt;2&gt;"}
    assert json.loads(message) == {"chat_id": "42", "text": "[ERROR] leverage Alert: Leverage is <2>"}


async def test_e_mail_arrives_over_smtp():
    heard: list[str] = []

    async def smtp(reader, writer):
        async def say(text):
            writer.write(f"{text}\r\n".encode())
            await writer.drain()

        await say("220 here")
        while line := (await reader.readline()).decode().strip():
            heard.append(line)
            if line.upper() == "DATA":
                await say("354 go on")
                heard.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            await say("221 bye" if line.upper() == "QUIT" else "250 ok")
            if line.upper() == "QUIT":
                break
        writer.close()

    env = {"OUTCRY_ALERT_EMAIL_FROM": "floor@example.org", "OUTCRY_ALERT_EMAIL_TO": "desk@example.org"}
    async with listening(smtp) as port:
        await configured({**env, "OUTCRY_ALERT_SMTP_HOST": f"127.0.0.1:{port}"})["email"].tell(ALERT)
    assert any(line.lower().startswith("rcpt to:<desk@example.org>") for line in heard)
    assert any("Subject: [ERROR] leverage Alert: Leverage is <2>" in line for line in heard)


class Deliveries:
    """Stands where the pool does and keeps what is recorded."""

    def __init__(self) -> None:
        self.recorded: dict[str, str] = {}

    async def execute(self, _query, _org, _alert, outcome) -> None:
        self.recorded |= outcome


@pytest.mark.parametrize("name", ["webhook", "slack", "telegram"])
@pytest.mark.parametrize("status", [302, 404, 500])
async def test_a_refusal_is_tried_three_times_and_shown_without_secrets(name, status, capfd):
    pool = Deliveries()
    async with fake(status) as server:
        delivery = Delivery(pool, configured(environment(server.url)), pause_s=0.001)  # type: ignore[arg-type]
        delivery.hand_over(ALERT, (name,))
        await delivery.settled()
    assert len(server.heard) == 3
    assert pool.recorded == {name: f"failed: HTTP {status}"}
    said = capfd.readouterr()
    assert SECRET not in said.out + said.err


async def test_a_server_that_is_not_there_fails_alone(caplog, capfd):
    pool = Deliveries()
    async with fake() as server:
        gone = server.url
    caplog.set_level("INFO")
    async with fake() as server:
        found = {**configured(environment(gone)), "webhook": configured(environment(server.url))["webhook"]}
        delivery = Delivery(pool, found, pause_s=0.001)  # type: ignore[arg-type]
        delivery.hand_over(ALERT, ())
        await delivery.settled()
    assert pool.recorded == {
        "webhook": "sent", "log": "sent", "slack": "failed: ConnectError", "telegram": "failed: ConnectError",
    }  # fmt: skip
    said = capfd.readouterr()
    assert SECRET not in caplog.text + said.out + said.err


async def test_a_message_that_was_sent_leaves_no_secret_in_the_log(caplog):
    caplog.set_level("INFO")
    async with fake() as server:
        await configured(environment(server.url))["telegram"].tell(ALERT)
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("env", "field"),
    [
        ({"OUTCRY_ALERT_WEBHOOK_URL": "http://x"}, "OUTCRY_ALERT_WEBHOOK_SECRET"),
        (
            {"OUTCRY_ALERT_WEBHOOK_URL": "http://x", "OUTCRY_ALERT_WEBHOOK_SECRET": "short"},
            "OUTCRY_ALERT_WEBHOOK_SECRET",
        ),
        ({"OUTCRY_ALERT_TELEGRAM_TOKEN": SECRET}, "OUTCRY_ALERT_TELEGRAM_CHAT"),
        ({"OUTCRY_ALERT_SMTP_HOST": "mail"}, "OUTCRY_ALERT_EMAIL_FROM"),
    ],
)
def test_half_a_configuration_is_refused_by_name(env, field):
    with pytest.raises(BadConfig) as caught:
        configured(env)
    assert caught.value.field == field and SECRET not in str(caught.value)


def test_every_channel_but_the_web_is_a_notifier():
    env = {
        **environment("http://127.0.0.1"), "OUTCRY_ALERT_SMTP_HOST": "mail", "OUTCRY_ALERT_EMAIL_FROM": "a@example.org",
        "OUTCRY_ALERT_EMAIL_TO": "b@example.org",
    }  # fmt: skip
    assert {"web", *configured(env)} == set(CHANNELS)
    assert set(configured({})) == {"log"}


async def test_an_answer_that_is_no_success_is_not_delivered():
    async with fake(500) as server:
        with pytest.raises(Undelivered, match="HTTP 500"):
            await configured(environment(server.url))["slack"].tell(ALERT)
    with pytest.raises(httpx2.HTTPError):
        await configured(environment(server.url))["slack"].tell(ALERT)


def certificate(folder):
    """A key and a certificate for 127.0.0.1 that signs itself, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = WallClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


def mailing(server: socket.socket, context: ssl.SSLContext, heard: list[tuple[bool, str]]) -> None:
    """One SMTP conversation in a thread: STARTTLS, then a login, then a message; ``heard`` has whether it was secret."""
    raw, _ = server.accept()
    with raw:
        stream, secret = raw, False
        stream.sendall(b"220 here\r\n")
        buffer = b""
        while True:
            while b"\r\n" not in buffer:
                got = stream.recv(4096)
                if not got:
                    return
                buffer += got
            line, _, buffer = buffer.partition(b"\r\n")
            text = line.decode()
            heard.append((secret, text))
            word = text.upper().split(" ")[0]
            if word == "EHLO":
                stream.sendall(
                    b"250-here\r\n250 AUTH PLAIN\r\n" if secret else b"250-here\r\n250 STARTTLS\r\n"
                )
            elif word == "STARTTLS":
                stream.sendall(b"220 go on\r\n")
                try:
                    stream, secret = context.wrap_socket(raw, server_side=True), True
                except (ssl.SSLError, ConnectionError):
                    return  # it did not believe us
            elif word == "AUTH":
                stream.sendall(b"235 welcome\r\n")
            elif word == "DATA":
                stream.sendall(b"354 go on\r\n")
                while b"\r\n.\r\n" not in buffer:
                    buffer += stream.recv(4096)
                message, _, buffer = buffer.partition(b"\r\n.\r\n")
                heard.append((secret, message.decode()))
                stream.sendall(b"250 ok\r\n")
            elif word == "QUIT":
                stream.sendall(b"221 bye\r\n")
                return
            else:
                stream.sendall(b"250 ok\r\n")


@pytest.mark.parametrize("trusted", [True, False])
async def test_e_mail_logs_in_over_starttls_and_only_to_whom_it_trusts(tmp_path, monkeypatch, trusted):
    cert, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    heard: list[tuple[bool, str]] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        serving = asyncio.create_task(asyncio.to_thread(mailing, server, context, heard))
        env = {
            "OUTCRY_ALERT_SMTP_HOST": f"127.0.0.1:{server.getsockname()[1]}", "OUTCRY_ALERT_SMTP_USER": "floor",
            "OUTCRY_ALERT_SMTP_PASSWORD": SECRET, "OUTCRY_ALERT_EMAIL_FROM": "floor@example.org",
            "OUTCRY_ALERT_EMAIL_TO": "desk@example.org",
        }  # fmt: skip
        if trusted:
            await configured(env)["email"].tell(ALERT)
        else:
            with pytest.raises(ssl.SSLCertVerificationError):
                await configured(env)["email"].tell(ALERT)
        await serving
    login = base64.b64encode(f"\0floor\0{SECRET}".encode()).decode()
    assert [
        text for secret, text in heard if not secret and not text.upper().startswith(("EHLO", "STARTTLS"))
    ] == []
    assert ((True, f"AUTH PLAIN {login}") in heard) == trusted
    assert any(secret and "Subject: [ERROR] leverage Alert" in text for secret, text in heard) == trusted
