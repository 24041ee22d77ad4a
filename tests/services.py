"""Starts a real PostgreSQL and Redis on free ports, runs a command with them, stops both.

    python -m tests.services -- pytest tests

As root, missing Debian packages are installed; otherwise it says exactly what is missing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = {
    "postgres": "postgresql",
    "redis-server": "redis-server",
    "chromium": "chromium",
    "nginx": "nginx",
}


def find(program: str) -> str | None:
    """The program on the path, or in Debian's own folder of PostgreSQL servers."""
    if program in {"postgres", "initdb"}:
        for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
            if (folder / program).exists():
                return str(folder / program)
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/bin")


def install_missing() -> None:
    """Debian packages of what is missing, when root; else exits with their names."""
    missing = [package for program, package in PACKAGES.items() if find(program) is None]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.exit(
            f"Missing for the tests: {', '.join(missing)}. "
            f"Install them (sudo apt-get install {' '.join(missing)}), then run this again."
        )
    print(f"installing {', '.join(missing)} with apt ...", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    quiet: dict[str, object] = {"stdout": subprocess.DEVNULL, "env": environment}
    subprocess.run(["apt-get", "update", "-qq"], check=True, **quiet)  # type: ignore[call-overload]
    subprocess.run(  # type: ignore[call-overload]
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
        check=True,
        **quiet,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit(f"{name} did not start:\n{log.read_text(errors='replace')}")


@contextmanager
def running(
    name: str, command: list[str], port: int, folder: Path, *, user: str = ""
) -> Iterator[None]:
    """The server as a child of ours, in a folder of its own, ended however the block ends."""
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, cwd=folder, user=user or None, start_new_session=True
        )
    try:
        wait_for(port, name, process, log)
        yield
    finally:
        process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL that refuses to run as root, so as root it runs as the package's own user."""
    data, port = folder / "pg", free_port()
    user = "postgres" if os.geteuid() == 0 else ""
    data.mkdir()
    if user:
        folder.chmod(0o755)
        shutil.chown(data, user, user)
    initdb, server = find("initdb"), find("postgres")
    assert initdb is not None
    assert server is not None
    subprocess.run(
        [initdb, "-D", str(data), "-U", "paywall", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=data,
        user=user or None,
    )
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "port": str(port),
        "max_connections": "120",
        "shared_buffers": "128MB",
    }
    if os.environ.get("PAYWALL_TEST_FSYNC") != "on":
        settings["fsync"] = "off"  # a test's server may lose its data with the machine
    command = [server, "-D", str(data)]
    for key, value in settings.items():
        command += ["-c", f"{key}={value}"]
    with running("postgres", command, port, folder, user=user):
        yield f"postgresql+asyncpg://paywall@127.0.0.1:{port}/postgres"


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    port = free_port()
    server = find("redis-server")
    assert server is not None
    command = [
        server,
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        str(folder),
    ]
    with running("redis", command, port, folder):
        yield f"redis://127.0.0.1:{port}/0"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", nargs=argparse.REMAINDER, help="after --, what to run")
    command = [part for part in parser.parse_args().command if part != "--"]
    install_missing()
    with tempfile.TemporaryDirectory(prefix="paywall-test-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            folder.chmod(0o755)
        with postgres(folder) as database_url, redis(folder) as redis_url:
            environment = os.environ | {
                "PAYWALL_TEST_POSTGRES": database_url,
                "PAYWALL_TEST_REDIS": redis_url,
            }
            return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
