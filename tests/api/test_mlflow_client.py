"""MLflow's own client works through the API against a real tracking server."""

import asyncio
import json
import os
import socket
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from api.tracking.forwarding import Tracking
from api.tracking.settings import TrackingSettings
from deploy import mlflow
from tests.api.conftest import TOKENS
from tests.api.test_errors import is_error

SCRIPT = Path(__file__).with_name("mlflow_client.py")
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}


@asynccontextmanager
async def tracking_server(folder: Path) -> AsyncIterator[str]:
    """The address of a tracking server with its own database and artefact store."""
    program = (await asyncio.to_thread(mlflow.environment)).with_name("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        program, "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{folder}/runs.db", "--artifacts-destination", str(folder / "artefacts"),
        env={**os.environ, **QUIET, "PATH": f"{program.parent}:{os.environ['PATH']}"}, cwd=folder,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        while not await asyncio.to_thread(_answers, f"{address}/health"):
            assert process.returncode is None, "the tracking server ended"
            await asyncio.sleep(0.2)
        yield address
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


async def client(address: str, folder: Path) -> dict:
    """What the script says, run with the API as its tracking server and a trader's key as its token."""
    given = {
        **os.environ,
        **QUIET,
        "MLFLOW_TRACKING_URI": f"http://{address}/mlflow",
        "MLFLOW_TRACKING_TOKEN": TOKENS["trader"],
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    }
    process = await asyncio.create_subprocess_exec(
        mlflow.environment(), SCRIPT, env=given, cwd=folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()[-3000:]
    found: dict = json.loads(out.decode().splitlines()[-1])
    return found


@pytest.mark.timeout(400)  # the first run installs MLflow
async def test_the_real_client_works_against_a_real_server(newborn, tmp_path):
    async with tracking_server(tmp_path) as address, newborn.client("viewer") as viewer:
        object.__setattr__(newborn.floor, "tracking", Tracking(TrackingSettings(tracking_uri=address)))
        said = await client(newborn.address, tmp_path)
        assert (said["status"], said["history"]) == ("FINISHED", [0.5, 0.75, 0.924])
        assert said["params"] == {"window": "20"} and said["found"] == [said["run_id"]]
        assert said["listed"] == ["model/files/weights and ä.bin"]
        assert said["same"] and said["bytes"] == 1024 * 1024
        assert said["version"] == said["champion"] == "1"

        model = (await viewer.get("/mlflow/models/price-predictor")).json()
        assert (model["name"], model["description"]) == ("price-predictor", "tries")
        (version,) = model["versions"]
        assert (version["version"], version["run_id"], version["status"]) == ("1", said["run_id"], "READY")
        assert version["created_at"].endswith("Z") and model["created_at"] <= version["created_at"]

        experiment = (await viewer.get(f"/mlflow/experiments/{said['experiment_id']}")).json()
        assert experiment["name"] == "floor/weekly" and experiment["lifecycle_stage"] == "active"
        assert experiment["tags"]["team"] == "desk"

        is_error(await viewer.get("/mlflow/models/nothing-like-it"), 404, "NOT_FOUND")
        is_error(await viewer.get("/mlflow/experiments/999999"), 404, "NOT_FOUND")
        theirs = await viewer.get("/mlflow/api/2.0/mlflow/experiments/get?experiment_id=999999")
        assert theirs.status_code == 404 and theirs.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"
        is_error(await viewer.post("/mlflow/api/2.0/mlflow/runs/create", json={}), 403, "FORBIDDEN")
