"""Clients that others' generators make of the document: they compile, and a real call through each works."""

import asyncio
import json
import shutil
import sys
from pathlib import Path

import pytest

from deploy import typescript
from tests.api.conftest import TOKENS
from tests.api.documented import openapi

HERE = Path(__file__).parent
PYTHON = """
import compileall, importlib, pkgutil, sys
import the_client
assert compileall.compile_dir(the_client.__path__[0], quiet=1)
names = [m.name for m in pkgutil.walk_packages(the_client.__path__, "the_client.")]
for name in names:
    importlib.import_module(name)
from the_client import AuthenticatedClient
from the_client.api.orders import get_v1_orders
client = AuthenticatedClient(base_url=f"http://{sys.argv[1]}", token=sys.argv[2])
found = get_v1_orders.sync(client=client, limit=1)
print(len([n for n in names if ".api." in n and n.count(".") == 3]), found.count, found.orders[0].symbol)
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_text(json.dumps(openapi()))
    return path


async def run(*command: object, folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()[-4000:]
    return out.decode()


async def test_python(world, written: Path, tmp_path: Path):
    program = Path(sys.executable).with_name("openapi-python-client")
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"package_name_override": "the_client", "post_hooks": []}))
    said = await run(
        program, "generate", "--path", written, "--meta", "none", "--output-path", tmp_path / "the_client",
        "--config", config, "--fail-on-warning", folder=tmp_path,
    )  # fmt: skip
    assert "warning" not in said.lower(), said
    script = tmp_path / "call.py"
    script.write_text(PYTHON)
    modules, count, symbol = (
        await run(sys.executable, script, world.address, TOKENS["viewer"], folder=tmp_path)
    ).split()
    operations = sum(len(item) for item in openapi()["paths"].values())
    assert (int(modules), count, symbol) == (operations, "1", "BTC/USDT")


async def test_typescript(world, written: Path, tmp_path: Path):
    tools = typescript.INSTALLED / "node_modules"
    assert tools.is_dir(), "python -m deploy.typescript puts the compiler there; make check does it by itself"
    (tmp_path / "node_modules").symlink_to(tools)
    for name in ("smoke.ts", "tsconfig.json"):
        shutil.copy(HERE / name, tmp_path)
    node = typescript.node()
    generator = tools / "openapi-typescript" / "bin" / "cli.js"
    await run(node, generator, written, "-o", tmp_path / "schema.ts", folder=tmp_path)
    await run(
        node, tools / "typescript" / "bin" / "tsc", "--noEmit", "--strict", "-p", tmp_path, folder=tmp_path
    )
    (tmp_path / "package.json").write_text('{"type": "module"}')
    said = await run(node, "smoke.ts", world.address, TOKENS["viewer"], folder=tmp_path)
    assert json.loads(said.splitlines()[-1]) == {"count": 1, "side": "BUY", "field": "id", "status": 400}
