"""`python -m infra.migrations`: bring the database that the settings name to this version."""

from __future__ import annotations

import asyncio
import sys

from infra.kernel.settings import load_settings
from infra.migrations.run import SchemaRefused, upgrade

if __name__ == "__main__":
    try:
        sys.stdout.write(asyncio.run(upgrade(load_settings().database())) + "\n")
    except SchemaRefused as refused:
        sys.exit(str(refused))
