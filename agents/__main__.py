"""``python -m agents technical``: host one agent."""

import sys

from agents.entry import main
from openoutcry.errors import OpenOutcryError

if __name__ == "__main__":
    try:
        sys.exit(main())
    except OpenOutcryError as error:
        sys.exit(f"{error.code}: {error}")
