"""What the computing process tells its worker: length-prefixed MessagePack on a pipe."""

import struct
from asyncio import IncompleteReadError, StreamReader
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias
from uuid import UUID

import msgspec

from db.jobs.rows import Output

LENGTH = struct.Struct(">I")


class Order(msgspec.Struct, frozen=True):
    """What a computing process is started for; it reads this from its standard input."""

    job_id: UUID
    org_id: UUID
    attempt: int
    kind: str
    request: dict[str, Any]
    home: Path
    database_url: str


class Progress(msgspec.Struct, tag=True, frozen=True):
    """How far it is: ``current`` of ``total``, with a word on what it is doing."""

    current: int
    total: int
    message: str


class Preflight(msgspec.Struct, tag=True, frozen=True):
    """The report of the checks before the run."""

    report: dict[str, Any]


class Done(msgspec.Struct, tag=True, frozen=True):
    """It is finished, with this."""

    output: Output


class Failed(msgspec.Struct, tag=True, frozen=True):
    """It cannot be done, for this reason."""

    error: str


Frame: TypeAlias = Progress | Preflight | Done | Failed
DECODER: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
ORDER: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order, dec_hook=lambda wanted, value: wanted(value))


def order_line(order: Order) -> bytes:
    """An order as one line."""
    return msgspec.json.encode(order, enc_hook=str) + b"\n"


def send(pipe: BinaryIO, frame: Frame) -> None:
    """Write a frame and flush it."""
    body = msgspec.msgpack.encode(frame)
    pipe.write(LENGTH.pack(len(body)) + body)
    pipe.flush()


async def receive(pipe: StreamReader) -> Frame | None:
    """The next frame; None at the end of the pipe, also when that cuts a frame."""
    try:
        (size,) = LENGTH.unpack(await pipe.readexactly(LENGTH.size))
        return DECODER.decode(await pipe.readexactly(size))
    except IncompleteReadError:
        return None
