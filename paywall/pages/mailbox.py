"""/dev/mailbox: where mails end while no mail server is configured. Test mode, this machine."""

from __future__ import annotations

import re
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.errors import NotFound
from paywall.notices.dev_mailbox import Mailbox, MailboxEntry
from paywall.pages.paths import path
from paywall.pages.site import HTML, AnyRequest, Site

OPEN = {"public": True}
# The mail itself: its own styles, nothing fetched, nothing run, links leave the frame.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "sandbox allow-popups allow-top-navigation-by-user-activation"
)


@get("/dev/mailbox", opt=OPEN)
async def mailbox(request: AnyRequest, site: NamedDependency[Site]) -> Response[bytes]:
    """Every mail, newest first."""
    await site.require_dev(request)
    entries = await Mailbox(site.parts.db).entries()
    rows = [_row(one) for one in entries]
    return await site.page(request, "mailbox.html", messages=rows, message=None, tz="UTC")


@get("/dev/mailbox/{mail_id:str}", opt=OPEN)
async def message(
    mail_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """One mail: its links, its HTML in a frame that can do nothing, its plain text."""
    await site.require_dev(request)
    opened = await Mailbox(site.parts.db).open(mail_id)
    if opened is None:
        raise NotFound("mail")
    request.scope["state"]["extra_csp"] = {"frame-src": "'self'"}
    row = _row(opened.entry)
    row["text"] = opened.text
    row["attachments"] = [
        (one.name, path("mailbox_attachment", attachment=one.id)) for one in opened.attachments
    ]
    return await site.page(request, "mailbox.html", messages=[], message=row, tz="UTC")


@get("/dev/mailbox/{mail_id:str}/html", opt=OPEN)
async def html_part(
    mail_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """The mail's HTML as it was sent, with its links opening in the whole window."""
    await site.require_dev(request)
    opened = await Mailbox(site.parts.db).open(mail_id)
    if opened is None:
        raise NotFound("mail")
    text = re.sub(r"<head>", '<head><base target="_top">', opened.html, count=1)
    headers = {"Content-Security-Policy": MAIL_POLICY, "Cache-Control": "no-store"}
    return Response(text.encode(), media_type=HTML, headers=headers)


@get("/dev/mailbox/attachments/{attachment_id:str}", opt=OPEN)
async def attachment(
    attachment_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """A file of a mail, to keep."""
    await site.require_dev(request)
    found = await Mailbox(site.parts.db).attachment(attachment_id)
    if found is None:
        raise NotFound("file")
    name = re.sub(r"[^A-Za-z0-9._-]", "-", found.name)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(found.data, media_type=found.content_type, headers=headers)


def _row(entry: MailboxEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "to": entry.recipient,
        "sender": entry.sender,
        "subject": entry.subject,
        "sent_at": entry.sent_at,
    }
