"""A Chromium for the tests of pages, where there is none: Debian's, and only where CI runs as root."""

import os
import shutil
import subprocess

from deploy.bootstrap import say

INSTALL = (
    ("apt-get", "update", "-qq"),
    ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"),
)
MOST_S = 300.0


def chromium() -> str | None:
    """Where it is, by ``OUTCRY_CHROMIUM`` or the path."""
    return os.environ.get("OUTCRY_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def main() -> None:
    """Install it if it may be; what cannot be is said, and the tests that want it are left out."""
    if chromium() is not None:
        return
    if not os.environ.get("CI") or os.geteuid() != 0 or shutil.which("apt-get") is None:
        say(
            "no chromium: the tests that look at pages are left out (OUTCRY_CHROMIUM=/path/to/it, or install one)"
        )
        return
    say("installing a chromium for the tests (once; a minute or less on a good line)")
    try:
        for command in INSTALL:
            subprocess.run(
                command,
                check=True,
                timeout=MOST_S,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
    except (subprocess.SubprocessError, OSError) as failed:
        say(f"it cannot be installed, and the tests that look at pages are left out: {failed}")


if __name__ == "__main__":
    main()
