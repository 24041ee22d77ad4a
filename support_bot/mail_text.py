"""What a person wrote in a mail: HTML made plain, quotes and signatures split off. Pure.

Nothing is thrown away: what was split off is kept beside the text, since the split is a guess.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

HTML_MAX = 500_000
"""Characters of HTML that are read; mails of people are far shorter."""

_BLOCKS = {
    *("address", "article", "aside", "blockquote", "br", "caption", "dd", "div", "dl", "dt"),
    *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tr", "ul"),
}
_SILENT = {"head", "script", "style", "title", "template", "svg", "math", "object", "noscript"}
_VOID = {
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param"),
    *("source", "track", "wbr"),
}
# Where clients put the mail that is answered: Gmail, Thunderbird, Yahoo, Proton, Outlook.
_QUOTES = (
    "gmail_quote", "moz-cite-prefix", "yahoo_quoted", "protonmail_quote", "divrplyfwdmsg",
    "appendonsend", "mail-editor-reference-message-container", "zmail_extra", "tutanota_quote",
)  # fmt: skip
_SIGNATURES = ("gmail_signature", "moz-signature", "protonmail_signature_block")
# Outlook's quotes have no end: everything after their mark belongs to the old mail.
_OPEN_ENDED = ("divrplyfwdmsg", "appendonsend", "mail-editor-reference-message-container")


class _Plain(HTMLParser):
    """HTML to text; quoted parts go to a text of their own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.quoted: list[str] = []
        self._silent = 0
        self._inside: list[tuple[str, bool]] = []
        self._quoting = 0
        self._rest = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self._out("\n")
        if tag == "li":
            self._out("- ")
        if tag in _VOID:
            return
        names = " ".join((v or "") for k, v in attrs if k in ("class", "id", "type")).lower()
        quotes = tag == "blockquote" or any(one in names for one in (*_QUOTES, *_SIGNATURES))
        if any(one in names for one in _OPEN_ENDED):
            self._rest = True
        if tag in _SILENT:
            self._silent += 1
        if len(self._inside) < 2_000:
            self._inside.append((tag, quotes))
            self._quoting += quotes

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT and self._silent:
            self._silent -= 1
        # Mails leave tags open; close down to the one that is named, if it is there at all.
        if any(name == tag for name, _ in self._inside[-50:]):
            while self._inside:
                name, quotes = self._inside.pop()
                self._quoting -= quotes
                if name == tag:
                    break
        if tag in _BLOCKS:
            self._out("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._out(re.sub(r"[\s\u200b\ufeff]+", " ", data))

    def _out(self, text: str) -> None:
        (self.quoted if self._quoting or self._rest else self.said).append(text)


def html_to_text(html: str) -> tuple[str, str]:
    """What the HTML says, and what it quotes or signs with."""
    parser = _Plain()
    parser.feed(html[:HTML_MAX])
    parser.close()
    said, quoted = tidy("".join(parser.said)), tidy("".join(parser.quoted))
    return (said, quoted) if said else (quoted, "")


def tidy(text: str) -> str:
    """Lines without spaces at their ends, at most one empty line between them."""
    lines = [line.strip() for line in text.replace("\u00a0", " ").splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


# "On Mon, 3 May 2026 at 20:01, Maud <maud@x.example> wrote:" in any language: a line that ends
# with a colon, names an address or a year, and stands before quoted lines or ends the text.
_WROTE = re.compile(r"^(?=.*(@|\b(19|20)\d\d\b|\d{1,2}:\d\d))[^>].{5,250}[:：]\s*$")
_ORIGINAL = re.compile(r"^\s*[-_*]{2,}\s*[^\W\d_][^-_*\n]{3,60}\s*[-_*]{2,}\s*$|^_{20,}\s*$")
# Outlook's head in many languages: at least two of these lines, one after another.
_HEAD = re.compile(
    r"^\s*\*?(from|von|de|da|van|od|från|fra|lähettäjä|felad[óo]|kimden|от|από|من|差出人|发件人"
    r"|sent|gesendet|envoy[ée]|enviado|inviato|verzonden|wysłano|skickat|sendt|lähetetty"
    r"|elküldve|gönderildi|date|datum|data|fecha|to|an|à|para|a|aan|do|till|til|subject|betreff"
    r"|objet|asunto|assunto|oggetto|onderwerp|temat|ämne|emne|aihe)\s*:\*?\s*\S",
    re.IGNORECASE,
)
_OUR_TAG = re.compile(r"\[#\d{1,9}-[0-9a-z]{10}\]")
_SIGNED = re.compile(
    r"^(-- ?|—|sent from my .{2,40}|envoyé de(puis)? mon .{2,40}|von meinem .{2,40} gesendet"
    r"|enviado desde mi .{2,40}|enviado do meu .{2,40}|inviato da(l mio)? .{2,40}"
    r"|verstuurd vanaf mijn .{2,40}|get outlook for .{2,20}|obtenez outlook pour .{2,20}"
    r"|wysłane z .{2,40}|skickat från min .{2,40}|sendt fra min .{2,40})\s*$",
    re.IGNORECASE,
)


def split(text: str) -> tuple[str, str]:
    """What the writer says now, and the quotes and signature below it.

    Answers written between quoted lines stay whole. Where nothing would be left, all is text.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    end = _end_of_own(lines)
    own, rest = lines[:end], lines[end:]
    for at, line in enumerate(own):
        if at and _SIGNED.match(line.strip() if line.strip() != "--" else "--"):
            own, rest = own[:at], own[at:] + rest
            break
    said = tidy("\n".join(own))
    return (said, tidy("\n".join(rest))) if said else (tidy(text), "")


def _end_of_own(lines: list[str]) -> int:
    for at, line in enumerate(lines):
        if _OUR_TAG.search(line) and at:
            return _before_attribution(lines, at)
        if _ORIGINAL.match(line) and at:
            return at
        if _HEAD.match(line) and at + 1 < len(lines) and _HEAD.match(lines[at + 1]):
            return at
        if _is_attribution(lines, at) and _only_quotes(lines[at + 1 :]):
            return at
        if line.startswith(">") and _only_quotes(lines[at:]):
            return _before_attribution(lines, at)
    return len(lines)


def _is_attribution(lines: list[str], at: int) -> bool:
    """The line, or the two that a mail program broke it into, says who wrote what follows."""
    line = lines[at].strip()
    if _WROTE.match(line):
        return True
    joined = f"{line} {lines[at + 1].strip()}" if at + 1 < len(lines) else line
    return (
        not line.endswith(":")
        and bool(_WROTE.match(joined))
        and joined[:1].isalpha()
        and ("@" in joined)
    )


def _only_quotes(lines: list[str]) -> bool:
    """Nothing but quoted and empty lines, of which at least one is quoted; a colon's rest too."""
    filled = [line for line in lines if line.strip()]
    if filled and not filled[0].startswith(">") and filled[0].rstrip().endswith(":"):
        filled = filled[1:]
    cut = next((i for i, line in enumerate(filled) if _SIGNED.match(line.strip())), len(filled))
    filled = filled[:cut]
    return bool(filled) and all(line.lstrip().startswith(">") for line in filled)


def _before_attribution(lines: list[str], at: int) -> int:
    """Where a quote really begins: with the line above it that says who wrote it."""
    start = at
    while start and not lines[start - 1].strip():
        start -= 1
    for back in (1, 2):
        if start >= back and _is_attribution(lines, start - back):
            return start - back
    return start if start else at
