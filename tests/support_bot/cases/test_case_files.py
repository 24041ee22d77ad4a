"""Files are taken by what they hold, under names that are safe, and never too many."""

from __future__ import annotations

import pytest

from support_bot.case_files import (
    FILE_BYTES_MAX,
    Offered,
    Why,
    check,
    clean_name,
    kind_of,
)

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a...", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"%PDF-1.7\n", "application/pdf"),
        ("error 0x80 à 20 h\n".encode(), "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", ""),
        (b"<?xml version='1.0'?><svg/>", ""),
        (b"\xef\xbb\xbf<!DOCTYPE html><script>", ""),
        (b"hello <script>alert(1)</script>", ""),
        (b"MZ\x90\x00", ""),
        (b"PK\x03\x04", ""),
        (b"\x7fELF", ""),
        (b"caf\xe9", ""),
    ],
)
def test_a_file_is_what_its_bytes_say(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind


@pytest.mark.parametrize(
    ("name", "ending", "clean"),
    [
        ("screen.png", "png", "screen.png"),
        ("../../etc/passwd", "txt", "passwd.txt"),
        ("C:\\temp\\a.html", "png", "a.png"),
        ("invoice\u202egnp.exe", "pdf", "invoicegnp.pdf"),
        ('a"b\r\nSet-Cookie: x.png', "png", "abSet-Cookie x.png"),
        ("", "png", "file.png"),
        ("..", "txt", "file.txt"),
        ("x" * 300 + ".png", "png", "x" * 80 + ".png"),
    ],
)
def test_names_hold_no_path_and_no_trick(name: str, ending: str, clean: str) -> None:
    assert clean_name(name, ending) == clean


def test_refusals_name_the_file_and_the_reason() -> None:
    taken, refused = check(
        [
            Offered("a.png", PNG),
            Offered("b.svg", b"<svg/>"),
            Offered("c.png", b""),
            Offered("d.txt", b"x" * (FILE_BYTES_MAX + 1)),
            *[Offered(f"{n}.png", PNG) for n in range(6)],
        ]
    )
    assert [one.name for one in taken] == ["a.png", "0.png", "1.png", "2.png", "3.png"]
    assert [(one.name, one.why) for one in refused] == [
        ("b.svg", Why.KIND), ("c.png", Why.EMPTY), ("d.txt", Why.SIZE),
        ("4.png", Why.NUMBER), ("5.png", Why.NUMBER),
    ]  # fmt: skip


def test_a_case_that_is_full_takes_none() -> None:
    taken, refused = check([Offered("a.png", PNG)], room=0)
    assert not taken
    assert refused[0].why is Why.NUMBER
