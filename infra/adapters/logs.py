"""Logging of a whole process: structlog and the standard library through one door, no secrets.

Lines are JSON for machines or coloured for people. Everything that leaves passes `redact` last,
libraries' lines and tracebacks too.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

GONE = "[redacted]"

_SECRET_NAMES = re.compile(
    r"authorization|cookie|password|passwd|secret|api[-_]?key|client_key|private_key"
    r"|(?:^|[-_])(?:token|otp|totp|pin|cvc|cvv|pan|iban|card_number|webhook-signature)$",
    re.IGNORECASE,
)
# Each with what it recognises. A match's first group, where there is one, is kept.
_SECRET_TEXTS = (
    # Header lines inside a text: Authorization: Bearer ..., Cookie: a=b
    re.compile(r"((?:authorization|(?:set-)?cookie)['\"]?\s*[:=]\s*)[^\r\n]+", re.IGNORECASE),
    re.compile(r"(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE),
    # Query and form fields.
    re.compile(
        r"(\b(?:\w*token|\w*secret|password|passwd|code|signature|api_?key)=)[^&\s\"']+",
        re.IGNORECASE,
    ),
    # A URL's user and password.
    re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s:@]*:[^/\s@]+@", re.IGNORECASE),
    # JSON Web Tokens: base64 of '{"'.
    re.compile(r"\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*"),
    # Keys that carry their kind in front: ours, webhooks', Stripe's.
    re.compile(
        r"\b(?:pws_|pwk_|pw_(?:test|live)_|whsec_|(?:sk|rk|pk)_(?:test|live)_|sk_)[A-Za-z0-9+/=_-]+"
    ),
    # Stripe's client secrets: pi_..._secret_...
    re.compile(r"\b((?:pi|seti)_\w+?_secret_)\w+"),
)
# What every one of the above needs somewhere. Most texts have none of it, and are asked only this.
_SUSPECT = re.compile(r"[=:@]|eyJ|(?:basic|bearer)\s|(?:pws?|pwk|k|whsec|pi|seti)_", re.IGNORECASE)
_DIGITS = re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?![\w.])")


def configure_logging(*, as_json: bool, stream: TextIO | None = None, level: str = "INFO") -> None:
    """Set up logging of this process.

    Calling it again replaces the former set-up for loggers that were not used yet.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]
    last: Processor = structlog.dev.ConsoleRenderer(colors=False)
    if as_json:
        last = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("httpx", "httpcore", "taskiq", "fontTools", "fpdf", "sqlalchemy.engine"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The processor: secrets by the name of their field, and by their looks in any text."""
    return {name: _clean(name, value) for name, value in event.items()}


def redact_text(text: str) -> str:
    """The text without what looks like a secret or a card number."""
    if _SUSPECT.search(text):
        for pattern in _SECRET_TEXTS:
            text = pattern.sub(_gone, text)
    return _DIGITS.sub(_without_card, text)


def _gone(match: re.Match[str]) -> str:
    return (match.group(1) if match.re.groups else "") + GONE


def _clean(name: str, value: Any) -> Any:
    if name in ("_record", "_from_structlog"):
        return value  # structlog's own, removed before rendering
    if value is not None and _SECRET_NAMES.search(name):
        return GONE
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes):
        return redact_text(value.decode("utf-8", "replace"))
    if isinstance(value, Mapping):
        return {str(key): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value if not isinstance(value, int) else _number(value)
    return redact_text(str(value))


def _number(value: int) -> int | str:
    text = str(value)
    return value if len(text) < 13 or _DIGITS.sub(_without_card, text) == text else GONE


def _without_card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match.group())
    return GONE if _luhn(digits) else match.group()


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B; keeps most order numbers and timestamps readable."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + at % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
