"""Venues' Markdown as HTML that is safe to show: rendered, then cut to an allow-list. Pure."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt

_TAGS = {
    "a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "s",
    "strong", "ul",
}  # fmt: skip

_markdown = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")


def html(about_md: str) -> str:
    """Headings start at h2, under the page's own h1; images and HTML are left out.

    markdown-it is told to pass no HTML; nh3 is what is trusted.
    """
    rendered = _markdown.render(about_md)
    rendered = rendered.replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    return nh3.clean(
        rendered,
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener nofollow ugc",
    )
