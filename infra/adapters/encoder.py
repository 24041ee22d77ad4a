"""A live HLS encoder for a laptop: ffmpeg makes a moving picture with the wall clock and a tone.

The ffmpeg binary comes with the `imageio-ffmpeg` wheel. Two renditions cost about a tenth of a
core. A venue's own encoder takes its place by writing HLS into the same folder.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import imageio_ffmpeg

SEGMENT_S = 2
FRAMES_PER_S = 12
_COLOURS = {
    "live": ("0x14101c", "0xe0a458", "0x5a2140"),
    "replay": ("0x0c1420", "0x4f9aa8", "0x28406a"),
}


def ffmpeg() -> str:
    """The path of the ffmpeg that came with the wheel."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())  # type: ignore[attr-defined,no-untyped-call]


def live_command(folder: Path, font: Path | None) -> list[str]:
    """Encode for ever into `folder`: index.m3u8 and two renditions, old segments deleted."""
    return [
        ffmpeg(),
        *_inputs("live", realtime=True),
        *_renditions(font, r"%{localtime\:%H\\\:%M\\\:%S}"),
        *("-f", "hls", "-hls_time", str(SEGMENT_S), "-hls_list_size", "8"),
        *("-hls_delete_threshold", "4"),
        # temp_file: a playlist or segment appears whole or not at all.
        *("-hls_flags", "delete_segments+independent_segments+temp_file+program_date_time"),
        *("-hls_start_number_source", "epoch"),
        *_outputs(folder),
    ]


def recording_command(folder: Path, font: Path | None, length_s: int) -> list[str]:
    """Write a recording of so many seconds, as fast as the machine can."""
    return [
        ffmpeg(),
        *_inputs("replay", realtime=False),
        *("-t", str(length_s)),
        *_renditions(font, r"%{pts\:hms}"),
        *("-f", "hls", "-hls_time", "4", "-hls_playlist_type", "vod"),
        *("-hls_flags", "independent_segments+temp_file"),
        *_outputs(folder),
    ]


def _inputs(look: str, *, realtime: bool) -> list[str]:
    first, second, third = _COLOURS[look]
    picture = (
        f"gradients=s=640x360:r={FRAMES_PER_S}:c0={first}:c1={second}:c2={third}"
        ":nb_colors=3:speed=0.01:seed=7"
    )
    pace = ["-re"] if realtime else []
    return [
        *("-hide_banner", "-loglevel", "error", "-nostdin"),
        *pace,
        *("-f", "lavfi", "-i", picture),
        *pace,
        *("-f", "lavfi", "-i", "sine=frequency=220:sample_rate=44100"),
    ]


def _renditions(font: Path | None, clock_text: str) -> list[str]:
    face = f"fontfile='{font}':" if font is not None else ""
    text = (
        f"drawtext={face}text='{clock_text}':fontsize=64:fontcolor=white@0.92:x=(w-tw)/2:y=(h-th)/2"
    )
    keyframes = str(FRAMES_PER_S * SEGMENT_S)
    return [
        *("-filter_complex", f"[0:v]{text},split=2[a][b];[b]scale=320:180[c]"),
        *("-map", "[a]", "-map", "1:a", "-map", "[c]", "-map", "1:a"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"),
        *("-g", keyframes, "-keyint_min", keyframes, "-sc_threshold", "0"),
        *("-pix_fmt", "yuv420p", "-b:v:0", "500k", "-b:v:1", "200k", "-threads", "1"),
        *("-c:a", "aac", "-b:a", "48k", "-ac", "1", "-af", "volume=0.15"),
    ]


def _outputs(folder: Path) -> list[str]:
    return [
        *("-master_pl_name", "index.m3u8", "-var_stream_map", "v:0,a:0 v:1,a:1"),
        *("-hls_segment_filename", str(folder / "v%v" / "seg%d.ts")),
        str(folder / "v%v" / "media.m3u8"),
    ]


def prepare(folder: Path) -> None:
    """Empty the folder and make the renditions' folders: before `live_command` runs."""
    shutil.rmtree(folder, ignore_errors=True)
    for rendition in ("v0", "v1"):
        (folder / rendition).mkdir(parents=True)


def make_recording(folder: Path, font: Path | None, length_s: int) -> None:
    """Write a recording unless the folder already has a whole one."""
    done = folder / "index.m3u8"
    if done.exists():
        return
    work = folder.with_name(folder.name + ".part")
    prepare(work)
    subprocess.run(recording_command(work, font, length_s), check=True, stdin=subprocess.DEVNULL)  # noqa: S603
    shutil.rmtree(folder, ignore_errors=True)
    work.rename(folder)
