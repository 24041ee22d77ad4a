"""Imports every module that has tables, so that the one metadata is whole."""

from __future__ import annotations

import churn.metrics.tables
import churn.prediction.tables
import churn.tables
import churn.triggers.tables  # noqa: F401
import entitlements.tables  # noqa: F401
import infra.kernel.db
import infra.kernel.idempotency  # noqa: F401
import offers.tables  # noqa: F401
import paywall.accounts.proofs
import paywall.accounts.tables
import paywall.bridges.lake.tables
import paywall.catalogue.tables
import paywall.checkout.tables
import paywall.crm.tables
import paywall.ledger.tables
import paywall.mailings.tables
import paywall.notices.dev_mailbox
import paywall.notices.receipts
import paywall.notices.tables
import paywall.payments.tables  # noqa: F401
import support_bot.article_tables
import support_bot.case_tables
import support_bot.conversation_tables  # noqa: F401
from infra.kernel.db import Base

METADATA = Base.metadata
