"""Imports every module that has tables, so that the one metadata is whole."""

from __future__ import annotations

import entitlements.tables  # noqa: F401
import infra.kernel.db
import infra.kernel.idempotency  # noqa: F401
import offers.tables  # noqa: F401
import support_bot.conversation_tables  # noqa: F401
from infra.kernel.db import Base

METADATA = Base.metadata
