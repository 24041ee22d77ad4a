"""Orders, refunds and cancellations as stories."""
