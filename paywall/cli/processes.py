"""Children of `paywall serve`: started together, watched, ended together."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from infra.adapters import encoder
from infra.kernel.settings import Settings
from support_bot.bot_wire import socket_path

RESTART_PAUSE_S = 1.0
STOP_WITHIN_S = 10.0


class CannotStart(Exception):
    """One plain sentence with the remedy."""


def port_is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port_after(host: str, port: int) -> int:
    for candidate in range(port + 1, port + 50):
        if port_is_free(host, candidate):
            return candidate
    raise CannotStart(f"No free port between {port + 1} and {port + 49}. Choose another --port.")


def yield_to_others(pid: int, niceness: int) -> None:
    """Let other processes of this machine go first; nothing happens where that is not possible."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, niceness)
    # Where Linux schedules by session (sched_autogroup_enabled), the session has its own niceness:
    # man 7 sched, "The autogroup feature".
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness))


class Child:
    """One process that is started again when it dies while the others run."""

    def __init__(
        self,
        name: str,
        command: list[str],
        environment: dict[str, str],
        *,
        niceness: int = 0,
        once: bool = False,
    ) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._niceness = niceness
        self._once = once
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._spawn(self._command)

    def _spawn(self, command: list[str], fds: tuple[int, ...] = ()) -> None:
        # A session of its own: Ctrl-C reaches the supervisor alone, which ends children in order.
        self.process = subprocess.Popen(  # noqa: S603 - our own programs
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            # What is done once speaks only of trouble.
            stdout=subprocess.DEVNULL if self._once else None,
            start_new_session=True,
            pass_fds=fds,
        )
        if self._niceness:
            yield_to_others(self.process.pid, self._niceness)

    def called(self) -> bool:
        """Whether somebody waits for a process that was not started yet."""
        return False

    def died(self) -> bool:
        """It ended, and should not have."""
        return not self._once and self.process is not None and self.process.poll() is not None

    def end(self, number: signal.Signals) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return

    def wait(self, seconds: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.end(signal.SIGKILL)
            self.process.wait()


class ActivatedChild(Child):
    """Started by the first knock at its socket, which we keep: its death loses no caller.

    The socket is handed on as file descriptor `{fd}` in the command. A process that ends, killed
    or idle, is started again by the next knock, AGAIN_AFTER_S later at the earliest.
    """

    AGAIN_AFTER_S = 5.0

    def __init__(
        self,
        name: str,
        command: list[str],
        environment: dict[str, str],
        listen: Callable[[], socket.socket],
        *,
        niceness: int = 0,
    ) -> None:
        super().__init__(name, command, environment, niceness=niceness)
        self._listen = listen
        self._listener: socket.socket | None = None
        self._started_at = 0.0

    def start(self) -> None:
        """The first call only listens; the next ones are for a caller who waits."""
        if self._listener is None:
            self._listener = self._listen()
            return
        self._started_at = time.monotonic()
        fd = self._listener.fileno()
        self._spawn([part.format(fd=fd) for part in self._command], (fd,))

    def called(self) -> bool:
        running = self.process is not None and self.process.poll() is None
        if self._listener is None or running:
            return False
        if time.monotonic() - self._started_at < self.AGAIN_AFTER_S and self._started_at:
            return False
        return bool(select.select([self._listener], [], [], 0)[0])

    def died(self) -> bool:
        return False  # its end is nobody's loss until somebody knocks

    def close(self) -> None:
        """Hear nobody any more."""
        if self._listener is not None:
            self._listener.close()


class Supervisor:
    """Keeps the children running until SIGINT or SIGTERM; nothing outlives it."""

    def __init__(self, children: list[Child]) -> None:
        self._children = children
        self._stop = threading.Event()
        self._watching = False

    def start(self) -> None:
        """Start all. From here on a signal ends them, even while the start is not yet done."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._interrupt)
        for child in self._children:
            child.start()

    def add(self, child: Child) -> None:
        """Start one more, which ends with the others at the latest."""
        self._children.append(child)
        child.start()

    def _interrupt(self, *_: object) -> None:
        if self._watching:
            self._stop.set()
        else:
            raise SystemExit(130)

    def watch(self) -> None:
        """Until asked to stop. A child that dies is started again after a second."""
        self._watching = True
        while not self._stop.wait(0.25):
            for child in self._children:
                if child.called():
                    child.start()
                elif child.died() and not self._stop.wait(RESTART_PAUSE_S):
                    print(f"{child.name} ended; starting it again", file=sys.stderr)
                    child.start()
        self.end()

    def end(self) -> None:
        """Ask all to end, web first so that no request meets a dead worker; then insist."""
        for child in self._children:
            child.end(signal.SIGTERM)
        for child in self._children:
            child.wait(STOP_WITHIN_S)


def children(settings: Settings, *, demo: bool) -> list[Child]:
    """What `paywall serve` runs: web, worker, the bot once it is asked, the sandbox, an encoder."""
    python = sys.executable
    sandbox_port = int(settings.sandbox_url.rsplit(":", 1)[1]) if settings.sandbox_url else 0
    environment = dict(os.environ)
    web = [
        *(python, "-m", "granian", "--interface", "asgi", "--factory", "paywall.app.web:app"),
        *("--host", settings.host, "--port", str(settings.port)),
        *("--workers", str(settings.web_workers), "--log-level", "warning"),
        *("--loop", "asyncio", "--no-ws"),
    ]
    made = [
        Child("web", web, environment | _counted_together(settings)),
        # A buyer never waits because mails are going out: the worker takes what the web leaves.
        Child("worker", [python, "-m", "paywall.worker"], environment, niceness=10),
    ]
    if not settings.bot_address:
        bot = [python, "-m", "paywall.cli.bot", "--fd", "{fd}"]
        path = socket_path(settings.data_dir)
        made.append(
            ActivatedChild("bot", bot, environment, lambda: unix_listener(path), niceness=5)
        )
    if sandbox_port:
        data = settings.data_dir / "sandbox.sqlite3"
        command = [python, "-m", "infra.adapters.sandbox_server"]
        command += ["--port", str(sandbox_port), "--data", str(data), "--die-with-parent"]
        made.insert(0, Child("sandbox", command, environment))
    if demo:
        folder = settings.data_dir / "media" / "demo-live"
        encoder.prepare(folder)
        made.append(Child("encoder", encoder.live_command(folder, None), environment))
    return made


def demo_audience() -> Child:
    """Two simulated years for the demo's first venue, scored: after all else, once, in no hurry."""
    command = [sys.executable, "-m", "paywall.cli", "simulate", "audience"]
    # Of this seed one action is seen to help and one to do harm; of others it is too early to say.
    command += ["--venue", "la-verriere", "--seed", "5", "--once", "--start", "--json"]
    environment = dict(os.environ)
    return Child("audience", command, environment, niceness=15, once=True)


def _counted_together(settings: Settings) -> dict[str, str]:
    """Where the web workers of one port keep their counters, so that a scrape tells the sum."""
    if settings.web_workers == 1:
        return {}
    folder = settings.data_dir / "metrics"
    # Counters begin anew with the server, as those of a single process do.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return {"PROMETHEUS_MULTIPROC_DIR": str(folder.resolve())}


def wait_until_ready(settings: Settings, seconds: float) -> None:
    """Return when the web process answers /health/ready; CannotStart when it does not."""
    address = f"http://{settings.host}:{settings.port}/health/ready"
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise CannotStart(f"The server did not answer at {address}. Its messages are above.")


def unix_listener(path: Path) -> socket.socket:
    """Takes the place of a socket that a killed process left; only this user may connect."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(64)
    return listener


def check_folder(folder: Path) -> None:
    """CannotStart unless the data folder can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".write-test"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            f"The data folder {folder} can't be written ({error.strerror}). "
            "Set PAYWALL_DATA_DIR to a folder that can."
        ) from error


def bring_up_to_date(settings: Settings) -> str:
    """Run the steps of the schema that are missing; CannotStart where the database can't be used.

    In a process of its own, which ends before others start: nothing of it stays in memory.
    """
    done = subprocess.run(
        [sys.executable, "-m", "infra.migrations"],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PAYWALL_DATA_DIR": str(settings.data_dir)},
    )
    if done.returncode:
        raise CannotStart(f"The database could not be brought up to date. {done.stderr.strip()}")
    return done.stdout.strip()
