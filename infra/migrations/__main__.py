"""`python -m infra.migrations`: bring the database that the settings name to this version."""

from __future__ import annotations

import asyncio
import sys

from sqlalchemy.exc import SQLAlchemyError

from infra.kernel.settings import load_settings
from infra.migrations.run import SchemaRefused, upgrade

if __name__ == "__main__":
    try:
        done = asyncio.run(upgrade(load_settings().database()))
    except SchemaRefused as refused:
        sys.exit(str(refused))
    except (OSError, SQLAlchemyError) as error:
        why = getattr(error, "orig", None) or error
        sys.exit(f"The database does not answer or refuses: {why}. See PAYWALL_DATABASE_URL.")
    sys.stdout.write(done + "\n")
