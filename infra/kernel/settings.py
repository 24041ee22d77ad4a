"""Settings of one installation, read once at start from the environment. Every default runs."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from infra.kernel.seal import load_or_make_master

MASTER_BYTES = 32
DRIVERS = ("sqlite+aiosqlite:///", "postgresql+asyncpg://")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between a laptop and a broadcaster. Variables are PAYWALL_<NAME>."""

    data_dir: Path = Path("data")
    database_url: str = ""  # empty: SQLite in data_dir; else postgresql+asyncpg://...
    redis_url: str = ""  # empty: in process
    public_url: str = "http://localhost:8000"
    sandbox_url: str = ""  # empty: started by `paywall serve` on the next free port
    lake_url: str = ""  # empty: data_dir/lake; else a folder, or s3://bucket/prefix?region=...
    media_url: str = ""  # empty: the embedded edge under public_url + /media
    master_secret: str = ""  # base64, >= 32 bytes; empty: made in data_dir with mode 0600
    smtp_url: str = ""  # empty: the mailbox page; else smtp://user:password@host:587
    webhooks_to_loopback: bool = True  # test-mode venues may receive webhooks on this machine
    mail_from: str = "tickets@localhost"
    support_address: str = ""  # support@tickets.example; answers to support+<mark>@ come back
    imap_url: str = ""  # where mail to support_address is read: imaps://user:password@host/INBOX
    host: str = "127.0.0.1"
    port: int = 8000
    web_workers: int = 1
    trusted_proxies: str = ""  # comma-separated addresses whose X-Forwarded-* is believed
    bot_address: str = ""  # empty: `paywall serve` starts the bot; else host:port of `paywall bot`
    dev_pages_anywhere: bool = False  # /dev/* for others than loopback, in test mode
    log_json: bool = False
    db_pool: int = 10
    playback_token_s: int = 300  # life of a renewable playback token
    metrics_token: str = ""  # lets Prometheus read /metrics from another machine
    rate_scale: int = 1  # multiplies every quota of requests; 0: no quotas

    @property
    def secure(self) -> bool:
        """Behind TLS, so cookies are Secure and HSTS is sent."""
        return self.public_url.startswith("https://")

    def database(self) -> str:
        if self.database_url:
            return self.database_url
        return f"sqlite+aiosqlite:///{self.data_dir.absolute() / 'paywall.sqlite3'}"

    def lake(self) -> str:
        """Where the facts for analytics are kept: a folder, or s3://..."""
        return self.lake_url or str(self.data_dir.absolute() / "lake")

    def master(self) -> bytes:
        if self.master_secret:
            return _secret(self.master_secret)
        return load_or_make_master(self.data_dir / "master.key")


class BadSetting(Exception):
    """A variable of the environment can't be used; the message says which and why."""


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from PAYWALL_* variables; a wrong or unknown one raises BadSetting with its name."""
    environ = os.environ if environ is None else environ
    names = {f"PAYWALL_{f.name.upper()}": f.name for f in msgspec.structs.fields(Settings)}
    given: dict[str, str] = {}
    for key, value in environ.items():
        if not key.startswith("PAYWALL_") or key.startswith("PAYWALL_TEST_"):
            continue
        if key not in names:
            raise BadSetting(f"{key} is not a setting; known are {', '.join(sorted(names))}.")
        given[names[key]] = value
    try:
        settings = msgspec.convert(given, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        words, _, path = str(error).partition(" - at `$.")
        name = f"PAYWALL_{path.rstrip('`').upper()}"
        raise BadSetting(f"{name} can't be used: {words.replace('`', '')}.") from error
    _check(settings)
    return settings


def _check(settings: Settings) -> None:
    """What the types can't say."""
    if settings.database_url and not settings.database_url.startswith(DRIVERS):
        known = " or ".join(f"{driver}..." for driver in DRIVERS)
        raise BadSetting(f"PAYWALL_DATABASE_URL can't be used: it begins with {known}.")
    if settings.master_secret:
        _secret(settings.master_secret)
    host, _, port = settings.bot_address.rpartition(":")
    if settings.bot_address and not (host and port.isdecimal() and 0 < int(port) < 65536):
        raise BadSetting("PAYWALL_BOT_ADDRESS can't be used: it is host:port, such as bot:8100.")


def _secret(text: str) -> bytes:
    try:
        secret = base64.b64decode(text, validate=True)
    except binascii.Error:
        secret = b""
    if len(secret) < MASTER_BYTES:
        raise BadSetting(
            f"PAYWALL_MASTER_SECRET can't be used: it has to be at least {MASTER_BYTES} random"
            " bytes in base64, such as `openssl rand -base64 32` prints."
        )
    return secret


def _decode(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(kind)
