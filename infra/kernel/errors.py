"""The few typed errors of the domain. `paywall.http` turns each into problem+json once."""

from __future__ import annotations

from typing import Any, ClassVar


class Problem(Exception):
    """Something the caller can understand and act on.

    `detail` is one sentence that names the remedy; `field` the input it concerns, if one;
    `extra` further members of the RFC 9457 object. Never put a secret in any of them.
    """

    status: ClassVar[int] = 400
    code: str = "problem"
    title: ClassVar[str] = "The request can't be carried out"

    def __init__(
        self, detail: str, *, field: str | None = None, code: str | None = None, **extra: Any
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.extra = extra
        if code is not None:
            self.code = code


class Invalid(Problem):
    """Input that breaks a rule. The first argument names the field."""

    status = 422
    code = "invalid"
    title = "A field is not right"

    def __init__(self, field: str, detail: str, *, code: str | None = None, **extra: Any) -> None:
        super().__init__(detail, field=field, code=code, **extra)


class Unauthenticated(Problem):
    status = 401
    code = "unauthenticated"
    title = "Sign in first"


class PaymentRequired(Problem):
    status = 402
    code = "not_bought"
    title = "This has to be bought first"


class Forbidden(Problem):
    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFound(Problem):
    status = 404
    code = "not_found"
    title = "Not found"

    def __init__(self, what: str, *, code: str | None = None) -> None:
        super().__init__(f"There is no such {what}, or it is not yours to see.", code=code)


class Conflict(Problem):
    status = 409
    code = "conflict"
    title = "The state has changed"


class Gone(Problem):
    status = 410
    code = "gone"
    title = "No longer there"


class StaleEdit(Problem):
    status = 412
    code = "stale_edit"
    title = "Somebody else changed this first"


class TooMany(Problem):
    """A limit was reached. `retry_after_s` becomes the Retry-After header."""

    status = 429
    code = "too_many"
    title = "Too many requests"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Unavailable(Problem):
    """An outside service can't answer now; nothing was lost; trying again is safe."""

    status = 503
    code = "unavailable"
    title = "Not available right now"

    def __init__(self, detail: str, *, retry_after_s: int = 5) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class BadTransition(Conflict):
    """A state machine was asked for a step that its table does not have."""

    code = "bad_transition"
