"""Pictures of a real other server: rewritten, bounded, fetched once, and only what was named."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from infra.adapters.encoder import prepare, recording_command
from infra.adapters.outside_http import OutsideClient
from infra.adapters.pull_http import HttpOutside
from infra.kernel.clock import HandClock
from paywall.bridges import pull as pull_module
from paywall.bridges.pull import MAX_SEGMENT_BYTES, OriginFailed, Pull
from tests.adapters.local_servers import Answer, http_server

EVENT = "evt_01k9x4m8z2v7q0n3t5r6s8w1ya"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of HLS in two renditions, made by ffmpeg."""
    folder = tmp_path_factory.mktemp("origin") / "show"
    prepare(folder)
    subprocess.run(recording_command(folder, None, 6), check=True, capture_output=True)
    return folder


@pytest.fixture
async def pull(clock: HandClock) -> AsyncIterator[Pull]:
    outside = OutsideClient(total_s=5)
    made = Pull(HttpOutside(outside, loopback_in_test=True), clock, b"k" * 32)
    yield made
    await made.close()
    await outside.close()


def path_of(head: bytes) -> str:
    return head.split(b" ", 2)[1].decode()


def files(folder: Path) -> Callable[[bytes], Answer]:
    def answer(head: bytes) -> Answer:
        file = folder / path_of(head).partition("?")[0].removeprefix("/show/")
        return Answer(200, file.read_bytes()) if file.is_file() else Answer(404, b"")

    return answer


async def get(pull: Pull, source: str, path: str, *, test: bool = True) -> tuple[bytes, str]:
    found = await pull.read(EVENT, source, path.split("/"), test=test)
    assert found is not None, path
    return found


def addresses(playlist: bytes) -> list[str]:
    return [x for x in playlist.decode().splitlines() if x and not x.startswith("#")]


def segments_in(folder: Path) -> list[bytes]:
    found = [file.read_bytes() for file in folder.rglob("*") if file.suffix in (".ts", ".m4s")]
    assert len(found) > 2
    return sorted(found)


async def test_a_recording_of_ffmpeg_is_played_through_to_its_last_byte(
    pull: Pull, recording: Path
) -> None:
    async with http_server(files(recording)) as (port, seen):
        source = f"http://127.0.0.1:{port}/show/index.m3u8?sig=abc"
        master, suffix = await get(pull, source, "index.m3u8")
        assert suffix == ".m3u8"
        assert str(port).encode() not in master
        got = []
        for rendition in addresses(master):
            assert rendition.startswith("u/")
            assert rendition.endswith(".m3u8")
            media, _ = await get(pull, source, rendition)
            for segment in addresses(media):
                assert "/" not in segment
                got.append((await get(pull, source, f"u/{segment}"))[0])
        assert sorted(got) == segments_in(recording)
        assert path_of(seen[0]) == "/show/index.m3u8?sig=abc"


async def test_a_crowd_costs_the_origin_one_request(
    pull: Pull, clock: HandClock, recording: Path
) -> None:
    async with http_server(files(recording)) as (port, seen):
        source = f"http://127.0.0.1:{port}/show/index.m3u8"
        await asyncio.gather(*[get(pull, source, "index.m3u8") for _ in range(200)])
        assert len(seen) == 1
        clock.move(seconds=2)
        await get(pull, source, "index.m3u8")
        assert len(seen) == 2


async def test_a_viewer_who_goes_away_takes_nothing_from_the_others(
    pull: Pull, recording: Path
) -> None:
    async with http_server(files(recording)) as (port, seen):
        source = f"http://127.0.0.1:{port}/show/index.m3u8"
        first = asyncio.create_task(get(pull, source, "index.m3u8"))
        second = asyncio.create_task(get(pull, source, "index.m3u8"))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second)[0].startswith(b"#EXTM3U")
        assert len(seen) == 1


async def test_nothing_is_fetched_that_no_playlist_of_this_event_named(
    pull: Pull, recording: Path
) -> None:
    async with http_server(files(recording)) as (port, seen):
        source = f"http://127.0.0.1:{port}/show/index.m3u8"
        master, _ = await get(pull, source, "index.m3u8")
        name = addresses(master)[0].removeprefix("u/")
        swapped = ("B" if name[0] == "A" else "A") + name[1:]
        before = len(seen)
        for path in (
            "secret.m3u8", "v0/media.m3u8", "u/index.m3u8", "u", "u/", f"u/x/{name}",
            f"u/{swapped}", f"u/{name[:-6]}.m3u8", f"u/{name[:-5]}.ts", "u/aHR0cDovLzEyNw.ts",
            f"index.m3u8/{name}", name,
        ):  # fmt: skip
            assert await pull.read(EVENT, source, path.split("/"), test=True) is None, path
        other = EVENT[:-1] + "b"
        assert await pull.read(other, source, ["u", name], test=True) is None
        assert len(seen) == before


async def test_redirects_are_followed_and_addresses_resolved_where_they_lead(
    pull: Pull, recording: Path
) -> None:
    def answer(head: bytes) -> Answer:
        if path_of(head) == "/live.m3u8":
            return Answer(302, b"", "location: /show/index.m3u8\r\n")
        return files(recording)(head)

    async with http_server(answer) as (port, _):
        source = f"http://127.0.0.1:{port}/live.m3u8"
        master, _ = await get(pull, source, "index.m3u8")
        media, _ = await get(pull, source, addresses(master)[0])
        assert addresses(media)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, b"broken"),
        Answer(403, b"no"),
        Answer(200, b"<html>not a playlist</html>"),
        Answer(200, b"#EXTM3U\n" + b"#" * (1024 * 1024)),
        Answer(302, b"", "location: http://10.0.0.1/index.m3u8\r\n"),
        Answer(302, b"", "location: file:///etc/passwd\r\n"),
        Answer(200, b"#EXTM3U\nhttps://example.org/" + b"a" * 3000),
        Answer(200, b"\xff\xfe"),
    ],
)
async def test_an_origin_that_fails_is_asked_once_and_never_believed(
    pull: Pull, answer: Answer
) -> None:
    async with http_server(lambda _: answer) as (port, seen):
        source = f"http://127.0.0.1:{port}/index.m3u8"
        for _ in range(3):
            with pytest.raises(OriginFailed):
                await pull.read(EVENT, source, ["index.m3u8"], test=True)
        assert len(seen) == 1


async def test_a_huge_segment_is_cut_off(pull: Pull) -> None:
    def answer(head: bytes) -> Answer:
        if path_of(head) == "/index.m3u8":
            return Answer(200, b"#EXTM3U\n#EXTINF:4,\nhuge.ts\n")
        return Answer(200, b"x" * (MAX_SEGMENT_BYTES + 1))

    async with http_server(answer) as (port, _):
        source = f"http://127.0.0.1:{port}/index.m3u8"
        media, _ = await get(pull, source, "index.m3u8")
        with pytest.raises(OriginFailed, match="more than"):
            await get(pull, source, addresses(media)[0])


async def test_a_live_venue_pulls_from_no_machine_of_ours(pull: Pull) -> None:
    async with http_server(lambda _: Answer(200, b"#EXTM3U\n")) as (port, seen):
        for address in (f"http://127.0.0.1:{port}/a.m3u8", f"https://localhost:{port}/a.m3u8"):
            with pytest.raises(OriginFailed):
                await pull.read(EVENT, address, ["index.m3u8"], test=False)
        assert seen == []


async def test_memory_is_bounded_and_the_oldest_goes_first(pull: Pull) -> None:
    names = [f"s{n}.ts" for n in range(6)]
    playlist = "#EXTM3U\n" + "\n".join(names)

    def answer(head: bytes) -> Answer:
        is_list = path_of(head) == "/index.m3u8"
        return Answer(200, playlist.encode() if is_list else b"x" * MAX_SEGMENT_BYTES)

    async with http_server(answer) as (port, seen):
        source = f"http://127.0.0.1:{port}/index.m3u8"
        segments = addresses((await get(pull, source, "index.m3u8"))[0])
        for segment in segments:
            await get(pull, source, segment)
        assert pull.kept_bytes <= pull_module.CACHE_BYTES
        before = len(seen)
        await get(pull, source, segments[-1])
        assert len(seen) == before
        await get(pull, source, segments[0])
        assert len(seen) == before + 1
