"""Files of a form, read within bounds; what they hold is judged where they are kept."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import UploadFile

from support_bot.case_files import FILE_BYTES_MAX, FILES_MAX, TOTAL_BYTES_MAX, Offered

BODY_MAX = TOTAL_BYTES_MAX + 256 * 1024
"""Of a form with files."""


async def offered_files(request: Request[Any, Any, Any]) -> list[Offered]:
    """What was chosen under `files`; an empty field of a form sends a file without a name."""
    data = await request.form()
    found = []
    for value in data.getall("files", [])[: 2 * FILES_MAX]:
        if isinstance(value, UploadFile) and value.filename:
            found.append(Offered(value.filename, await value.read(FILE_BYTES_MAX + 1)))
    return found
