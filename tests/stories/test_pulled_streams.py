"""A concert whose pictures come from another server, watched through our door and no other."""

from __future__ import annotations

from pathlib import PurePosixPath

from sqlalchemy import update

from paywall.catalogue.tables import Stream
from tests.adapters.local_servers import Answer, http_server
from tests.stories.hall import Hall

PLAYLIST = b'#EXTM3U\n#EXT-X-MAP:URI="/init.mp4"\n#EXTINF:4,\na/seg1.m4s?sig=1\n'


def origin(head: bytes) -> Answer:
    path = head.split(b" ", 2)[1].decode()
    bodies = {"/h/live.m3u8": PLAYLIST, "/init.mp4": b"init", "/h/a/seg1.m4s?sig=1": b"picture"}
    return Answer(200, bodies[path]) if path in bodies else Answer(404, b"")


async def test_a_pulled_stream_is_behind_the_same_door_as_our_own(sqlite_hall: Hall) -> None:
    hall = sqlite_hall
    event_id = await hall.event(in_hours=-0.5)
    ada = await hall.buyer()
    await ada.buy(await hall.ticket(event_id))
    await hall.parts.playback.refresh_denials()
    async with http_server(origin) as (port, seen):
        async with hall.db.transaction() as tx:
            source = f"http://127.0.0.1:{port}/h/live.m3u8"
            await tx.execute(update(Stream).values(kind="pull", source=source))
        play = (await ada.watch(event_id)).json()
        bearer = {"Authorization": f"Bearer {play['token']}"}
        address = play["urls"]["hls"]
        assert (await ada.client.get(address)).status_code == 401
        assert seen == []
        playlist = await ada.client.get(address, headers=bearer)
        assert playlist.headers["content-type"] == "application/vnd.apple.mpegurl"
        assert "sig" not in playlist.text
        below = str(PurePosixPath(address.split("://", 1)[1]).parent)
        segment = f"http://{below}/{playlist.text.splitlines()[3]}"
        assert (await ada.client.get(segment)).status_code == 401
        picture = await ada.client.get(segment, headers=bearer)
        assert (picture.content, picture.status_code) == (b"picture", 200)
        assert b"eyJ" not in b"".join(seen)
    hall.clock.move(seconds=5)
    await hall.parts.playback.refresh_denials()
    assert (await ada.client.get(address, headers=bearer)).status_code == 502
