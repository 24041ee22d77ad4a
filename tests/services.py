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


class Server:
    """A server as a child of ours, in a folder of its own; it can be stopped and started again."""

    def __init__(
        self, name: str, command: list[str], port: int, folder: Path, *, user: str = ""
    ) -> None:
        self.name, self.port = name, port
        self._command, self._folder, self._user = command, folder, user
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when its port answers."""
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                self._command,
                stdout=out,
                stderr=out,
                cwd=self._folder,
                user=self._user or None,
                start_new_session=True,
            )
        wait_for(self.port, self.name, self._process, self._log)

    def stop(self, number: signal.Signals | None = None) -> None:
        """Politely, or by the given signal; however it takes it, it is gone afterwards."""
        if self._process is None:
            return
        # PostgreSQL's fast shutdown does not wait for its clients.
        polite = signal.SIGINT if self.name == "postgres" else signal.SIGTERM
        self._process.send_signal(number or polite)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def running(server: Server) -> Iterator[None]:
    """Started, and ended however the block ends."""
    server.start()
    try:
        yield
    finally:
        server.stop()


def postgres_server(folder: Path) -> Server:
    """A new cluster. PostgreSQL refuses root, so as root it runs as its package's user."""
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
    return Server("postgres", command, port, folder, user=user)


def postgres_url(server: Server) -> str:
    return f"postgresql+asyncpg://paywall@127.0.0.1:{server.port}/postgres"


def redis_server(folder: Path) -> Server:
    port, program = free_port(), find("redis-server")
    assert program is not None
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    return Server("redis", [*command, "--dir", str(folder)], port, folder)


def redis_url(server: Server) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", nargs=argparse.REMAINDER, help="after --, what to run")
    command = [part for part in parser.parse_args().command if part != "--"]
    install_missing()
    with tempfile.TemporaryDirectory(prefix="paywall-test-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            folder.chmod(0o755)
        postgres, redis = postgres_server(folder), redis_server(folder)
        with running(postgres), running(redis):
            environment = os.environ | {
                "PAYWALL_TEST_POSTGRES": postgres_url(postgres),
                "PAYWALL_TEST_REDIS": redis_url(redis),
            }
            return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
