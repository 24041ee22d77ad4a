"""Playlists of other servers, rewritten: no address stays that leads past us."""

from __future__ import annotations

import pytest

from paywall.bridges.playlists import NotAPlaylist, rewritten

BASE = "https://cdn.example.com/a/b/index.m3u8?sig=1"


def names(text: str) -> list[str]:
    """The addresses that were replaced, in order."""
    seen: list[str] = []

    def name(address: str) -> str:
        seen.append(address)
        return f"n{len(seen)}"

    done = rewritten("#EXTM3U\n" + text, BASE, name)
    assert "example.com" not in done
    return seen


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("v0/media.m3u8", "https://cdn.example.com/a/b/v0/media.m3u8"),
        ("seg1.ts?token=x&y=/..%2f", "https://cdn.example.com/a/b/seg1.ts?token=x&y=/..%2f"),
        ("/root.ts", "https://cdn.example.com/root.ts"),
        ("../../../up.ts", "https://cdn.example.com/up.ts"),
        ("//other.example.com/x.ts", "https://other.example.com/x.ts"),
        ("http://other.example.com/x.ts", "http://other.example.com/x.ts"),
        ("HTTPS://OTHER.example.com/x.ts", "https://OTHER.example.com/x.ts"),
        ('#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",URI="a/en.m3u8"',
         "https://cdn.example.com/a/b/a/en.m3u8"),
        ('#EXT-X-KEY:METHOD=AES-128,URI="https://keys.example.com/k.key",IV=0x1',
         "https://keys.example.com/k.key"),
        ('#EXT-X-MAP:URI="init.mp4"', "https://cdn.example.com/a/b/init.mp4"),
        ('#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="i.m3u8"',
         "https://cdn.example.com/a/b/i.m3u8"),
        ('#EXT-X-PART:DURATION=0.3,URI="p.m4s"', "https://cdn.example.com/a/b/p.m4s"),
    ],
)  # fmt: skip
def test_every_kind_of_address_is_replaced(line: str, address: str) -> None:
    assert names(line) == [address]


@pytest.mark.parametrize(
    "line",
    [
        '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://fairplay-key"',
        '#EXT-X-SESSION-DATA:DATA-ID="a",URI="data:text/plain,a"',
        "#EXTINF:4.0,",
        "# a comment with seg.ts in it",
    ],
)
def test_the_rest_stays_as_it_was(line: str) -> None:
    assert rewritten(f"#EXTM3U\n{line}", BASE, lambda _: "replaced") == f"#EXTM3U\n{line}\n"


def test_a_playlist_that_sends_players_to_other_servers_no_longer_does() -> None:
    line = '#EXT-X-CONTENT-STEERING:SERVER-URI="/steering"'
    assert rewritten(f"#EXTM3U\n{line}\na.ts", BASE, lambda _: "n") == "#EXTM3U\nn\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        '#EXTM3U\n#EXT-X-DEFINE:NAME="host",VALUE="10.0.0.1"\nhttps://{$host}/x.ts',
        "#EXTM3U\n#EXT-X-BYTERANGE:100@0\nall.ts",
        '#EXTM3U\n#EXT-X-MAP:URI="all.mp4",BYTERANGE="100@0"',
        "#EXTM3U\nhttps://[broken/x.ts",
    ],
)
def test_what_can_not_be_served_from_here_is_refused(text: str) -> None:
    with pytest.raises(NotAPlaylist):
        rewritten(text, BASE, lambda _: "n")
