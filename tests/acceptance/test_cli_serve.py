"""``vidstead serve`` as a process: what it prints and keeps, what it restarts, and that nothing outlives it."""

import json
import os
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from tests.postgres import PostgresForTests
from tests.serve import VIDSTEAD, Server, free_port, serve, wait_for


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the tests that leave it running."""
    with serve(tmp_path_factory.mktemp("serve")) as running:
        yield running


def service(server: Server, name: str) -> psutil.Process | None:
    """The process that runs ``vidstead NAME`` under the server."""
    for process in psutil.Process(server.process.pid).children():
        try:
            if process.cmdline()[-1] == name:
                return process
        except (psutil.Error, IndexError):
            continue
    return None


def answers(server: Server) -> bool:
    try:
        return httpx.get(server.url + "/readyz", trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=40)
    left = [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert left == []


def test_credentials_are_kept_for_the_owner_only(server: Server) -> None:
    path = server.data_dir / "credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = json.loads(path.read_text())
    assert set(kept) == {"url", "token_id", "token_secret", "environment_id"}
    assert kept["url"] == server.url.replace("127.0.0.1", "localhost")


def test_ready_server_says_where_it_is_and_the_token(server: Server) -> None:
    url, secret = server.credentials["url"], server.credentials["token_secret"]
    said = wait_for(lambda: "Ctrl-C" in server.log.read_text() and server.log.read_text(), seconds=20, what="a banner")
    assert f"Vidstead is ready: {url}\n" in said
    assert f"{url}/#token={secret}" in said


def test_taken_port_is_one_sentence(server: Server, tmp_path: Path) -> None:
    port = server.url.rsplit(":", 1)[1]
    for command in ("serve", "web"):
        done = subprocess.run(
            [*VIDSTEAD, command, "--data-dir", str(tmp_path / "d"), "--port", port],
            capture_output=True, text=True, timeout=60, check=False, env=server.environ,
        )  # fmt: skip
        assert done.returncode == 3
        assert done.stderr == (
            f"vidstead: Port {port} on 127.0.0.1 is taken by another program: stop that one, or choose another with"
            " `--port`.\n"
        )


def test_port_of_another_kind_of_server_is_seen(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = subprocess.run(
            [*VIDSTEAD, "serve", "--data-dir", str(tmp_path / "d"), "--port", port],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 3
    assert not (tmp_path / "d").exists()


def test_data_folder_serves_one(server: Server) -> None:
    done = subprocess.run(
        [*VIDSTEAD, "serve", "--data-dir", str(server.data_dir), "--port", str(free_port())],
        capture_output=True, text=True, timeout=60, check=False, env=server.environ,
    )  # fmt: skip
    assert done.returncode == 3
    assert "Another `vidstead serve` uses the data folder" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert answers(server)


@pytest.mark.parametrize("name", ["web", "worker"])
def test_killed_service_is_started_again(server: Server, name: str) -> None:
    before = wait_for(lambda: service(server, name), seconds=10, what=f"a {name} process")
    family = [before, *before.children(recursive=True)]
    before.kill()

    def replaced() -> bool:
        now = service(server, name)
        return now is not None and now.pid != before.pid and answers(server)

    wait_for(replaced, seconds=40, what=f"a new {name} process")
    assert_gone(family)
    assert f'"event": "process ended", "process": "{name}", "exit": -9' in server.log.read_text()


def test_killed_database_is_started_again(server: Server) -> None:
    found = [child for child in server.children() if child.name() == "postgres"]
    first = min(found, key=lambda process: process.create_time())
    first.kill()
    wait_for(lambda: not first.is_running() and answers(server), seconds=60, what="a new database")
    assert '"process": "database", "exit"' in server.log.read_text()


def test_tokens_are_made_listed_and_revoked(server: Server) -> None:
    at = ("--data-dir", str(server.data_dir))
    made = json.loads(server.cli("token", "create", "--name", "tests", "--json", *at).stdout)

    def whoami() -> int:
        headers = {"Authorization": f"Bearer {made['token_secret']}"}
        return httpx.get(server.url + "/system/v1/whoami", headers=headers, trust_env=False).status_code

    assert whoami() == 200
    listed = server.cli("token", "list", *at).stdout
    assert made["token_id"] in listed
    assert made["token_secret"] not in listed
    assert server.cli("token", "revoke", made["token_id"], *at).returncode == 0
    wait_for(lambda: whoami() == 401, seconds=10, what="the token to be refused")
    assert server.cli("token", "revoke", "nobody", *at).returncode == 5


def test_lost_credentials_are_made_anew(server: Server) -> None:
    path = server.data_dir / "credentials.json"
    before = json.loads(path.read_text())
    path.unlink()
    port = server.url.rsplit(":", 1)[1]
    done = subprocess.run(
        [*VIDSTEAD, "token", "create", "--data-dir", str(server.data_dir)],
        capture_output=True, text=True, timeout=60, check=False, env={**server.environ, "VIDSTEAD_PORT": port},
    )  # fmt: skip
    after = json.loads(path.read_text())
    assert done.returncode == 0
    assert after["environment_id"] == before["environment_id"]
    assert after["token_secret"] != before["token_secret"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_one_signal_stops_everything(tmp_path: Path, number: signal.Signals) -> None:
    with serve(tmp_path) as server:
        everybody = server.children()
        assert len(everybody) >= 4
        server.process.send_signal(number)
        assert server.process.wait(40) == 0
        assert_gone(everybody)


def test_nothing_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        everybody = server.children()
        server.process.kill()
        server.process.wait(10)
        assert_gone(everybody)
    with serve(tmp_path) as again:
        assert answers(again)


def test_second_start_keeps_the_token_and_its_secret(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        first = server.credentials
    server.log.unlink()
    with serve(tmp_path) as server:
        wait_for(lambda: "Vidstead is ready" in server.log.read_text(), seconds=20, what="a banner")
        assert first["token_secret"] not in server.log.read_text()
        again = server.credentials
        assert {**first, "url": ""} == {**again, "url": ""}
        assert again["url"] == server.url.replace("127.0.0.1", "localhost")


def test_empty_home_and_hardly_any_variables(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [*VIDSTEAD, "serve", "--port", str(port)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path / "nowhere")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:

        def ready() -> bool:
            assert process.poll() is None, process.communicate()
            try:
                return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200
            except httpx.TransportError:
                return False

        wait_for(ready, seconds=60, what="a server")
        assert (tmp_path / "data" / "credentials.json").exists()
        assert not (tmp_path / "nowhere").exists()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=40)
    assert process.returncode == 0


def test_database_by_url_is_used_and_left_running(tmp_path: Path, postgres: PostgresForTests) -> None:
    with postgres.database() as urls, serve(tmp_path, database_url=urls.owner) as server:
        assert not [child for child in server.children() if child.name() == "postgres"]
        assert not (server.data_dir / "postgres").exists()
        with server.client() as client:
            assert client.get("/system/v1/whoami").status_code == 200
    with postgres.database() as urls:
        assert urls.owner


def test_migrate_starts_the_embedded_database_for_itself(tmp_path: Path) -> None:
    command = [*VIDSTEAD, "migrate", "--data-dir", str(tmp_path / "d")]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, timeout=120, check=False) for _ in range(2)
    )
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert first.stdout.startswith("The database is now at version ")
    assert second.stdout.startswith("The database is at version ")
    here = [process for process in psutil.process_iter(["cmdline"]) if str(tmp_path) in str(process.info["cmdline"])]
    assert here == []


def test_migrate_beside_a_running_server(server: Server) -> None:
    done = server.cli("migrate", "--data-dir", str(server.data_dir))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The database is at version ")
    assert answers(server)
