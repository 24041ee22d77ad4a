"""The console's pure parts: the price timeline, the live picture's pulse, the marked sentences."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.kernel.clock import HandClock
from offers.tables import Price
from paywall.bridges.pulse import PulseState, pulse
from paywall.pages.console.sentences import SENTENCES
from paywall.pages.console.timeline import WIDTH, lanes

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
ROOT = Path(__file__).parent.parent.parent.parent


def price(
    minor: int, start: datetime | None = None, end: datetime | None = None, n: int = 1
) -> Price:
    return Price(
        id=f"prc_{n}", venue_id="ven", offer_id="ofr", currency="EUR", minor=minor,
        valid_from=start, valid_until=end, created_at=NOW,
    )  # fmt: skip


def test_a_timeline_shows_what_a_quote_would_ask() -> None:
    mid = NOW + timedelta(days=30)
    (lane,) = lanes([price(4900, None, None, 1), price(2900, mid, None, 2)], NOW)
    first, second = lane.bars
    assert (first.price.minor, first.now, first.starts_at, first.ends_at) == (4900, True, None, mid)
    assert (second.price.minor, second.now, second.ends_at) == (2900, False, None)
    assert first.x == 0
    assert second.x == first.width
    assert second.x + second.width == WIDTH
    assert 0 < lane.now_x < second.x


def test_a_gap_between_windows_stays_a_gap() -> None:
    early = price(1000, None, NOW - timedelta(days=2), 1)
    late = price(1200, NOW + timedelta(days=2), None, 2)
    (lane,) = lanes([early, late], NOW)
    assert [bar.now for bar in lane.bars] == [False, False]
    assert lane.bars[0].x + lane.bars[0].width < lane.bars[1].x


def write_stream(folder: Path, at: datetime) -> None:
    (folder / "v0").mkdir(parents=True)
    (folder / "index.m3u8").write_text(
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv0/media.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=2\nv1/media.m3u8\n"
    )
    (folder / "v0" / "media.m3u8").write_text(
        f"#EXTM3U\n#EXT-X-PROGRAM-DATE-TIME:{at:%Y-%m-%dT%H:%M:%S.000+0000}\n#EXTINF:2.0,\nseg1.ts\n"
    )
    (folder / "v0" / "seg1.ts").write_bytes(b"G")


@pytest.mark.parametrize(("ago_s", "state"), [(4, PulseState.LIVE), (60, PulseState.STOPPED)])
async def test_a_picture_is_live_while_new_segments_come(
    tmp_path: Path, ago_s: int, state: PulseState
) -> None:
    write_stream(tmp_path / "hall", NOW - timedelta(seconds=ago_s))
    seen = await pulse(tmp_path, "hall", HandClock(NOW))
    assert seen.state is state
    assert seen.renditions == 2
    assert seen.age_s == ago_s - 2


async def test_an_empty_folder_has_no_picture_and_a_path_out_of_it_neither(tmp_path: Path) -> None:
    clock = HandClock(NOW)
    assert (await pulse(tmp_path, "hall", clock)).state is PulseState.NOTHING
    assert (await pulse(tmp_path, "../hall", clock)).state is PulseState.NOTHING


async def test_a_playlist_that_names_a_missing_segment_is_broken(tmp_path: Path) -> None:
    write_stream(tmp_path / "hall", NOW)
    (tmp_path / "hall" / "v0" / "seg1.ts").unlink()
    assert (await pulse(tmp_path, "hall", HandClock(NOW))).state is PulseState.BROKEN


def test_every_sentence_marked_for_translation_is_still_said_somewhere() -> None:
    files = [
        path
        for folder in ("paywall", "offers", "churn", "support_bot", "infra")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "sentences.py"
    ]
    said = re.sub(r'"\s*\n\s*f?"', "", "\n".join(path.read_text() for path in files))
    for sentence in SENTENCES:
        general = re.sub(r"^The (season|event) must", "The {what} must", sentence)
        assert general in said, sentence
