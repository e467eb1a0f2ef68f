"""The same list as FastAPI's documentation would have it: a response model, an asyncpg pool. No authentication, no limits."""

import json
import os
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg
from fastapi import FastAPI, Request
from pydantic import BaseModel

QUERY = os.environ["BENCH_QUERY"]
ARGUMENTS = [
    value if kind == "text" else int(value) if kind == "int" else datetime.fromisoformat(value)
    for kind, value in json.loads(os.environ["BENCH_ARGUMENTS"])
]


class Trade(BaseModel):
    """One execution; money as JSON numbers, as the document has it."""

    id: str
    symbol: str
    side: Literal["buy", "sell"]
    quantity: float
    price: float
    timestamp: datetime
    status: str
    order_type: str
    fees: float
    liquidity: str
    order_id: UUID | None
    session_id: UUID


@asynccontextmanager
async def lifespan(app: FastAPI):
    """The pool, as long as the app runs."""
    app.state.pool = await asyncpg.create_pool(os.environ["BENCH_DATABASE"], min_size=8, max_size=8)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


@app.get("/empty")
async def empty() -> dict[str, Any]:
    """Nothing."""
    return {}


@app.get("/list")
async def trades(request: Request) -> list[Trade]:
    """The list."""
    return [Trade(**row) for row in await request.app.state.pool.fetch(QUERY, *ARGUMENTS)]
