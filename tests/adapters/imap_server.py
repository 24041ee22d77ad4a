"""A small IMAP4rev1 server for tests: it speaks the protocol over a socket, and holds one mailbox.

Only what RFC 3501 asks of LOGIN, SELECT, UID SEARCH UNSEEN, UID FETCH BODY.PEEK and UID STORE; it
is ours, so that it proves the client's manners and not a server's.
"""

from __future__ import annotations

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

USER, PASSWORD = "support", 't0p "secret\\'


class Mailbox:
    def __init__(self) -> None:
        self.mails: dict[int, bytes] = {}
        self.seen: set[int] = set()
        self.commands: list[str] = []
        self.away = False

    def put(self, raw: bytes) -> int:
        uid = max(self.mails, default=100) + 1
        self.mails[uid] = raw
        return uid


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        box = self.server.box
        if box.away:
            return
        self._say("* OK IMAP4rev1 ready")
        for line in self.rfile:
            tag, _, command = line.decode().strip().partition(" ")
            box.commands.append(re.sub(r"^LOGIN .*", "LOGIN", command))
            if not self._answer(tag, command):
                return

    def _answer(self, tag: str, command: str) -> bool:
        box = self.server.box
        verb = command.upper()
        if verb == "CAPABILITY":
            self._say("* CAPABILITY IMAP4rev1")
        elif verb.startswith("LOGIN"):
            quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
            if command != f'LOGIN {USER} "{quoted}"':
                self._say(f"{tag} NO {command} is wrong")
                return True
        elif verb.startswith("SELECT"):
            if command != 'SELECT "INBOX"':
                self._say(f"{tag} NO no such mailbox")
                return True
            self._say(f"* {len(box.mails)} EXISTS")
        elif verb == "UID SEARCH UNSEEN":
            uids = " ".join(str(uid) for uid in box.mails if uid not in box.seen)
            self._say(f"* SEARCH {uids}".rstrip())
        elif found := re.fullmatch(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", command):
            uid, most = int(found[1]), int(found[2])
            if uid in box.mails:
                data = box.mails[uid][:most]
                self.wfile.write(f"* 1 FETCH (UID {uid} BODY[]<0> {{{len(data)}}}\r\n".encode())
                self.wfile.write(data + b")\r\n")
        elif found := re.fullmatch(r"UID STORE ([\d,]+) \+FLAGS \(\\Seen\)", command):
            box.seen |= {int(uid) for uid in found[1].split(",")}
        elif verb == "LOGOUT":
            self._say("* BYE")
            self._say(f"{tag} OK bye")
            return False
        else:
            self._say(f"{tag} BAD unknown")
            return True
        self._say(f"{tag} OK done")
        return True

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, box: Mailbox) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.box = box


@contextmanager
def imap_server() -> Iterator[tuple[Mailbox, int]]:
    """The mailbox, and the port on which it is served."""
    box = Mailbox()
    with _Server(box) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield box, server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
