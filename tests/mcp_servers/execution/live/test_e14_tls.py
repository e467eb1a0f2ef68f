"""E14: an exchange over TLS whose connection is cut, at any moment of an answer, or whose name nobody vouches for."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp.connector
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from openoutcry.errors import VenueUnknown
from tests.mcp_servers.execution.live.rig import Rig
from tests.mcp_servers.execution.live.test_c7_network import ENTRY, at
from wire.clock import WallClock

HERE = "127.0.0.1"


def certified(folder: Path) -> Path:
    """A key and a certificate for this machine, by nobody but itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an exchange of the tests")])
    now = WallClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(HERE))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "exchange.pem"
    path.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    return path


class Relay:
    """TLS in front of an exchange. What an order's answer comes to is ``cut`` after so many bytes, without a goodbye."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.cut: int | None = None
        self.asked: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, of which every request is answered on one of its own."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head, await reader.readexactly(_length(head)), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        self.asked.append(head.split(b"\r\n", 1)[0])
        answer = await self._from_exchange(head, body)
        if self.cut is not None and head.startswith(b"POST "):
            writer.write(answer[: self.cut])
            await writer.drain()
            self.cut = None
            writer.transport.abort()
            raise ConnectionResetError
        writer.write(answer)
        await writer.drain()

    async def _from_exchange(self, head: bytes, body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(HERE, self._port)
        try:
            writer.write(head + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            return answer + await reader.readexactly(_length(answer))
        finally:
            writer.close()


def _length(head: bytes) -> int:
    lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
    return next((int(value) for name, _, value in lines if name == b"content-length"), 0)


@asynccontextmanager
async def relayed(rig: Rig, folder: Path) -> AsyncIterator[tuple[Relay, str, Path]]:
    """The relay of the rig's exchange, its address and its certificate."""
    pem = await asyncio.to_thread(certified, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    relay = Relay(urlsplit(rig.gateway._access.url or "").port or 0)
    server = await asyncio.start_server(relay.serve, HERE, 0, ssl=context)
    async with server:
        yield relay, f"https://{HERE}:{server.sockets[0].getsockname()[1]}", pem


@pytest.mark.parametrize("cut", [0, 10, 150, 400], ids=["nothing came", "status", "head", "body"])
async def test_e14_a_tls_connection_cut_in_an_answer_leaves_one_order(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    async with relayed(rig, tmp_path) as (relay, url, pem):
        monkeypatch.setattr(
            aiohttp.connector, "_SSL_CONTEXT_VERIFIED", ssl.create_default_context(cafile=pem)
        )
        async with at(rig, url) as venue:
            relay.cut = cut
            state = await venue.place(rig.ticket(ENTRY))
            assert relay.cut is None, "it was cut"
    assert state.status == "FILLED" and rig.posts() == 1 and rig.accepted() == [rig.cid("entry")]


async def test_e14_nothing_is_said_to_an_exchange_that_nobody_vouches_for(rig: Rig, tmp_path: Path) -> None:
    before = len(rig.running.requests)
    async with relayed(rig, tmp_path) as (relay, url, _), at(rig, url) as venue:
        with pytest.raises(VenueUnknown, match="never sent: ClientConnectorCertificateError"):
            await venue.place(rig.ticket(ENTRY))
        assert relay.asked == []
    assert len(rig.running.requests) == before
