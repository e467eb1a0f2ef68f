"""The cluster on disk: made once, whole or not at all."""

import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

from db.embedded.account import Account
from db.embedded.errors import EmbeddedPostgresError
from db.embedded.layout import Layout, write_private

SUPERUSER = "outcry"
DATABASE = "outcry"
IN_ITS_FOLDER = ("-c", "dynamic_shared_memory_type=mmap")
DRAFT = "making-"
MAKING_S = 120


def ensure_cluster(layout: Layout, binaries: Path, account: Account, *, durable: bool) -> str:
    """Make the cluster when there is none; returns the superuser's password.

    It is made under a name of its own and renamed when complete: a kill in the middle leaves nothing that
    looks finished, and the dying programs of that attempt cannot write into this one.
    """
    account.own(layout.root)
    for abandoned in layout.root.glob(f"{DRAFT}*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    if layout.data.exists():
        if not layout.password.exists():
            raise EmbeddedPostgresError(
                f"{layout.data} exists but its password file {layout.password} is gone"
            )
        return layout.password.read_text().strip()
    password = secrets.token_urlsafe(24)
    write_private(layout.password, password + "\n")
    draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=layout.root))
    account.own(draft)
    _initdb(draft, binaries, account, layout.password, durable=durable)
    _create_database(draft, binaries, account)
    draft.replace(layout.data)
    return password


def _initdb(data: Path, binaries: Path, account: Account, password: Path, *, durable: bool) -> None:
    options = ["--username", SUPERUSER, "--pwfile", str(password), "--auth", "scram-sha-256"]
    options += ["--locale", "C", "--encoding", "UTF8", "--no-instructions", *IN_ITS_FOLDER]
    if not durable:
        options.append("--no-sync")
    account.own(password)
    _run(account.command(binaries / "initdb", "--pgdata", str(data), *options))
    account.take_back(password)


def _create_database(data: Path, binaries: Path, account: Account) -> None:
    """In single-user mode, so that no SQL client is needed."""
    options = ["--single", "-j", "-D", str(data), *IN_ITS_FOLDER]
    single_user = account.command(binaries / "postgres", *options, "postgres")
    _run(single_user, f"CREATE DATABASE {DATABASE} OWNER {SUPERUSER};\n\n")


def _run(command: list[str], text: str = "") -> None:
    try:
        done = subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            timeout=MAKING_S,
            env=clean_env(),
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise EmbeddedPostgresError(f"making the database cluster took longer than {MAKING_S} s") from late
    # Single-user mode exits 0 even when its statement failed.
    if done.returncode != 0 or "ERROR:" in done.stderr or "FATAL:" in done.stderr:
        raise EmbeddedPostgresError(
            f"making the database cluster failed: {(done.stderr or done.stdout).strip()[-800:]}"
        )


def clean_env() -> dict[str, str]:
    """The environment of the Postgres programs: no secret of ours, no PG* variable that would steer them."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
