"""Mails as mail programs really write them, built by hand byte for byte."""

from __future__ import annotations


def raw(body: str, **headers: str) -> bytes:
    """A mail with these headers (reply_to is Reply-To) and a plain body."""
    facts = {
        "From": "Ada <ada@example.org>",
        "To": "help@hall.example",
        "Subject": "No picture",
        "Message-ID": "<a1@example.org>",
        "Date": "Fri, 20 Nov 2026 12:00:00 +0000",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    for name, value in headers.items():
        facts["-".join(part.capitalize() for part in name.split("_"))] = value
    if "Message-Id" in facts:
        facts["Message-ID"] = facts.pop("Message-Id")
    lines = [f"{name}: {value}" for name, value in facts.items() if value != "-"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body.replace("\n", "\r\n")).encode()


def multipart(kind: str, *parts: str, boundary: str = "b0", **headers: str) -> bytes:
    """A mail of parts, each with its own head."""
    body = "".join(f"--{boundary}\n{part}\n" for part in parts) + f"--{boundary}--\n"
    return raw(body, content_type=f'multipart/{kind}; boundary="{boundary}"', **headers)


GMAIL = """Yes, still black.

Ada

On Fri, 20 Nov 2026 at 12:30, La Verrière <support+abc@hall.example>
wrote:

> Which browser do you use?
>
> Claire
"""
OUTLOOK = """Es geht wieder, danke.

Von: La Verrière <support@hall.example>
Gesendet: Freitag, 20. November 2026 12:30
An: Ada <ada@example.org>
Betreff: Re: No picture

Welchen Browser nutzen Sie?
"""
APPLE_FR = """Firefox, la dernière version.

Envoyé de mon iPhone

> Le 20 nov. 2026 à 12:30, La Verrière <support@hall.example> a écrit :
>
> Quel navigateur ?
"""
JAPANESE = """まだ映りません。

2026年11月20日(金) 12:30 La Verrière <support@hall.example>:

> どのブラウザですか。
"""
INLINE = """> Which browser?

Firefox.

> Which version?

The last one.
"""
ORIGINAL = """Merci !

-----Message d'origine-----
De : La Verrière
Envoyé : vendredi 20 novembre 2026 12:30
Objet : Re: image

Quel navigateur ?
"""
SIGNED = """Where is my ticket?

--\x20
Ada Lovelace
Analytical Engines Ltd
"""
GMAIL_HTML = """<div dir="ltr">Yes, still <b>black</b>.<div><br></div><div>Ada</div></div><br>
<div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Fri, La Verrière wrote:<br></div>
<blockquote class="gmail_quote" style="margin:0"><p>Which browser?</p></blockquote></div>"""
OUTLOOK_HTML = """<html><head><style>p{color:red}</style><title>x</title></head><body>
<div class="WordSection1"><p class="MsoNormal">It works again.<o:p></o:p></p></div>
<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> La Verrière<br>
<b>Sent:</b> Friday</div><div>Which browser?</div></body></html>"""
