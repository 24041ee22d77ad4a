"""Edits that don't overwrite each other: `ETag` out, `If-Match` in (RFC 9110 section 13.1.1)."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from litestar import Request, Response

from infra.kernel.errors import Problem, StaleEdit

T = TypeVar("T")

_TAG = re.compile(r'^(?:W/)?"v(\d{1,9})"$')


class MatchRequired(Problem):
    """RFC 6585 section 3: an edit without If-Match could undo somebody else's."""

    status = 428
    code = "if_match_required"
    title = "Say which version you edit"


def etag(version: int) -> str:
    return f'"v{version}"'


def tagged(view: T, version: int, status: int = 200) -> Response[T]:
    """The view with its ETag."""
    return Response(view, status_code=status, headers={"ETag": etag(version)})


def edited_version(request: Request[Any, Any, Any]) -> int:
    """The version that If-Match names. MatchRequired when missing, StaleEdit when not ours."""
    given = request.headers.get("if-match", "").strip()
    if not given:
        raise MatchRequired(
            "Read it first, then send its ETag in an If-Match header with your change."
        )
    match = _TAG.match(given)
    if match is None:
        raise StaleEdit("If-Match is not an ETag of this resource. Read it again.")
    return int(match.group(1))
