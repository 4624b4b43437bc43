"""A small SFTP server on 127.0.0.1 over one folder, to be run in an environment that has paramiko.

`python testing/sftp_server.py FOLDER USER PASSWORD PUBLIC_KEY_FILE` prints its port and serves until it is
ended.
"""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path

import paramiko


class Door(paramiko.ServerInterface):
    """Lets one user in, by password or by key."""

    def __init__(self, user: str, password: str, key: str) -> None:
        self._user, self._password, self._key = user, password, key

    def check_auth_password(self, username: str, password: str) -> int:
        """By password."""
        return self._answer((username, password) == (self._user, self._password))

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """By key."""
        return self._answer(username == self._user and key.get_base64() == self._key)

    def get_allowed_auths(self, username: str) -> str:
        """Both."""
        return "password,publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """Sessions only."""
        allowed = kind == "session"
        return paramiko.OPEN_SUCCEEDED if allowed else paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def _answer(self, fits: bool) -> int:
        return paramiko.AUTH_SUCCESSFUL if fits else paramiko.AUTH_FAILED


class Files(paramiko.SFTPServerInterface):
    """The folder, to read only."""

    root = Path()

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        """The entries of a folder."""
        try:
            return [
                paramiko.SFTPAttributes.from_stat(entry.stat(), entry.name)
                for entry in sorted(self._local(path).iterdir())
            ]
        except OSError as error:
            return int(paramiko.SFTPServer.convert_errno(error.errno or 0))

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        """A file's size and times."""
        try:
            return paramiko.SFTPAttributes.from_stat(self._local(path).stat())
        except OSError as error:
            return int(paramiko.SFTPServer.convert_errno(error.errno or 0))

    lstat = stat

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> paramiko.SFTPHandle | int:
        """A file to read."""
        handle = paramiko.SFTPHandle(flags)
        try:
            handle.readfile = self._local(path).open("rb")
        except OSError as error:
            return int(paramiko.SFTPServer.convert_errno(error.errno or 0))
        return handle

    def _local(self, path: str) -> Path:
        return self.root / path.lstrip("/")


def serve(folder: Path, door: Door) -> None:
    """Answer every client until the process ends."""
    Files.root = folder
    key = paramiko.ECDSAKey.generate()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            client, _ = listening.accept()
            threading.Thread(target=_session, args=(client, key, door), daemon=True).start()


def _session(client: socket.socket, key: paramiko.PKey, door: Door) -> None:
    transport = paramiko.Transport(client)
    transport.add_server_key(key)
    transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Files)
    transport.start_server(server=door)
    transport.join()


if __name__ == "__main__":
    _, folder_, user_, password_, key_ = sys.argv
    serve(Path(folder_), Door(user_, password_, Path(key_).read_text().split()[1]))
