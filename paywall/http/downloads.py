"""Files that strangers sent, given back as downloads: never sniffed, never run inside our pages."""

from __future__ import annotations

from urllib.parse import quote

from litestar import Response


def download(name: str, content_type: str, data: bytes) -> Response[bytes]:
    """RFC 6266, with an ASCII twin of the name for old programs."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    wide = f"filename*=UTF-8''{quote(name)}"
    return Response(
        data,
        media_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{plain}"; {wide}',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, no-store",
        },
    )
