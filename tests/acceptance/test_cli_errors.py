"""Errors at the command line: one sentence with a way out, an exit code that means something, never a traceback."""

import json
import os
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.serve import VIDSTEAD, free_port

from vidstead.cli.errors import EXIT_CODES

SIGNED_IN = {"VIDSTEAD_TOKEN_ID": "a", "VIDSTEAD_TOKEN_SECRET": "b"}


def run(*words: str, folder: Path, variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VIDSTEAD_")}
    return subprocess.run(
        [*VIDSTEAD, *words], cwd=folder, env={**kept, **(variables or {})},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def assert_one_sentence(done: subprocess.CompletedProcess[str], code: int, *parts: str) -> None:
    assert done.returncode == code, done.stderr
    assert code in EXIT_CODES
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("vidstead: ")
    assert done.stdout == ""
    for part in parts:
        assert part in done.stderr


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"not a film")
    return path


def test_missing_file(tmp_path: Path) -> None:
    done = run("upload", "gone.mp4", folder=tmp_path, variables={"VIDSTEAD_URL": "http://127.0.0.1:1", **SIGNED_IN})
    assert_one_sentence(done, 2, "gone.mp4", "no such file")


@pytest.mark.parametrize("what", ["folder", "empty"])
def test_file_that_is_none(tmp_path: Path, what: str) -> None:
    path = tmp_path / "thing"
    path.mkdir() if what == "folder" else path.touch()
    assert_one_sentence(run("upload", str(path), folder=tmp_path), 2, what)


def test_no_credentials(tmp_path: Path, clip: Path) -> None:
    assert_one_sentence(run("upload", str(clip), folder=tmp_path), 4, "data/credentials.json", "VIDSTEAD_TOKEN_SECRET")


def test_torn_credentials(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "credentials.json").write_text('{"url": "http:')
    assert_one_sentence(run("upload", str(clip), folder=tmp_path), 4, "data/credentials.json")


def test_server_that_is_not_there(tmp_path: Path, clip: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = run("upload", str(clip), folder=tmp_path, variables={"VIDSTEAD_URL": url, **SIGNED_IN})
    assert_one_sentence(done, 3, url, "vidstead serve")


@pytest.mark.parametrize("url", ["localhost", "http://", "ftp://localhost", "http://[", "http://a:b"])
def test_address_that_is_none(tmp_path: Path, clip: Path, url: str) -> None:
    done = run("upload", str(clip), folder=tmp_path, variables={"VIDSTEAD_URL": url, **SIGNED_IN})
    assert_one_sentence(done, 3, "VIDSTEAD_URL")


def test_server_that_speaks_something_else(tmp_path: Path, clip: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        url = f"http://127.0.0.1:{other.getsockname()[1]}"
        command = [*VIDSTEAD, "upload", str(clip)]
        environ = {**os.environ, "VIDSTEAD_URL": url, **SIGNED_IN}
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        other.settimeout(30)
        accepted, _ = other.accept()
        with accepted:
            accepted.recv(65536)
            accepted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/html\r\n\r\nhi")
            said = process.communicate(timeout=30)[1]
    assert process.returncode == 3
    assert "does not speak the API of Vidstead" in said
    assert len(said.splitlines()) == 1


def test_setting_that_is_not_valid(tmp_path: Path) -> None:
    done = run("serve", folder=tmp_path, variables={"VIDSTEAD_HOT_SLOTS": "many"})
    assert_one_sentence(done, 2, "VIDSTEAD_HOT_SLOTS", "docs/settings.md")
    assert not (tmp_path / "data").exists()


def test_secret_setting_is_not_repeated(tmp_path: Path) -> None:
    url = "mysql://somebody:s3cret@host/name"
    done = run("migrate", folder=tmp_path, variables={"VIDSTEAD_DATABASE_URL": url})
    assert done.returncode in EXIT_CODES
    assert done.returncode != 0
    assert "s3cret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_host_that_is_not_here(tmp_path: Path) -> None:
    done = run("serve", "--host", "192.0.2.1", folder=tmp_path)
    assert_one_sentence(done, 3, "192.0.2.1", "--host")


def test_data_folder_that_is_a_file(tmp_path: Path, clip: Path) -> None:
    done = run("serve", "--data-dir", str(clip), "--port", str(free_port()), folder=tmp_path)
    assert_one_sentence(done, 3, str(clip), "--data-dir")


def test_unknown_option_is_wrong_use(tmp_path: Path) -> None:
    done = run("serve", "--warp", "9", folder=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_debug_shows_where(tmp_path: Path, clip: Path) -> None:
    done = run("--debug", "upload", str(clip), folder=tmp_path)
    assert done.returncode == 4
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1].endswith("[no_credentials]")


def test_every_command_explains_itself(tmp_path: Path) -> None:
    listed = run("--help", folder=tmp_path).stdout
    for command in ("serve", "web", "worker", "migrate", "doctor", "upload", "demo", "token"):
        assert f"\n  {command} " in listed
        done = run(command, "--help", folder=tmp_path)
        assert done.returncode == 0
        assert "Usage: " in done.stdout


def test_doctor_says_each_check_and_mends(tmp_path: Path) -> None:
    done = run("doctor", "--json", "--port", str(free_port()), folder=tmp_path)
    found = {line["check"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert {"ffmpeg", "database", "storage", "disk", "port"} <= set(found)
    assert all(found[check]["ok"] for check in ("ffmpeg", "database", "storage", "disk", "port"))
    assert not (tmp_path / "data").exists()


def test_doctor_finds_what_is_wrong(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        variables = {
            "VIDSTEAD_FFMPEG": "/bin/true",
            "VIDSTEAD_DATABASE_URL": f"postgresql://a:b@127.0.0.1:{free_port()}/c",
            "VIDSTEAD_STORAGE_URL": "file:///proc/nowhere",
            "VIDSTEAD_PORT": str(other.getsockname()[1]),
            "VIDSTEAD_DATA_DIR": "/proc/nowhere",
        }
        done = run("doctor", "--json", folder=tmp_path, variables=variables)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    found = {line["check"]: line for line in map(json.loads, done.stdout.splitlines())}
    for check in ("ffmpeg", "database", "storage", "disk", "port"):
        assert not found[check]["ok"], check
        assert found[check]["remedy"]
