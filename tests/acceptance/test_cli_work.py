"""Work that a kill interrupts: no child survives it, and the film is encoded to its end all the same."""

import contextlib
import json
import os
import pty
import subprocess
from pathlib import Path

import httpx
import psutil
import pytest
from tests.serve import VIDSTEAD, Server, serve, wait_for

from vidstead import bootstrap
from vidstead.cli.demo import make_clip
from vidstead.settings import Settings


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    make_clip(bootstrap.ffmpeg_path(Settings()), path, seconds=12)
    return path


def encoders(server: Server) -> list[psutil.Process]:
    found = []
    for process in server.children():
        try:
            if "ffmpeg" in process.name():
                found.append(process)
        except psutil.Error:
            continue
    return found


def worker(server: Server) -> psutil.Process:
    for process in psutil.Process(server.process.pid).children():
        try:
            if process.cmdline()[-1:] == ["worker"]:
                return process
        except psutil.Error:
            continue
    raise AssertionError("no worker" + server.tail())


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=40)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


def covered(server: Server, asset_id: str) -> bool:
    return bool(server.asset(asset_id)["progress"]["progress"] == 100)


def test_killed_worker_takes_its_children_along_and_the_next_one_goes_on(tmp_path: Path, film: Path) -> None:
    with serve(tmp_path) as server:
        asset = server.upload(film)
        wait_for(lambda: encoders(server), seconds=60, what="an encoder")
        old = worker(server)
        family = [old, *old.children(recursive=True)]
        old.kill()
        assert_gone(family)
        wait_for(lambda: covered(server, asset["asset_id"]), seconds=180, what="the rest of the cells")


def test_killed_supervisor_takes_everything_along_and_the_next_one_goes_on(tmp_path: Path, film: Path) -> None:
    with serve(tmp_path) as server:
        asset = server.upload(film)
        wait_for(lambda: encoders(server), seconds=60, what="an encoder")
        family = server.children()
        server.process.kill()
        server.process.wait(10)
        assert_gone(family)
    with serve(tmp_path) as server:
        wait_for(lambda: covered(server, asset["asset_id"]), seconds=180, what="the rest of the cells")


def test_stop_while_encoding_leaves_nothing(tmp_path: Path, film: Path) -> None:
    with serve(tmp_path) as server:
        server.upload(film)
        wait_for(lambda: encoders(server), seconds=60, what="an encoder")
        family = server.children()
        server.process.terminate()
        assert server.process.wait(40) == 0
        assert_gone(family)


def test_upload_says_what_it_made_and_what_it_could_not(tmp_path: Path, film: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(film.read_bytes()[:1000])
    with serve(tmp_path) as server:
        done = server.cli("upload", str(broken), str(film), "--json", "--wait", "covered", "--title", "A film")
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith(f"vidstead: {broken} was uploaded but can't be published: ")
        made = json.loads(done.stdout)
        assert set(made) == {"asset_id", "playback_id", "status", "hls_url", "dash_url", "watch_url"}
        assert made["status"] == "ready"
        assert covered(server, made["asset_id"])
        assert server.asset(made["asset_id"])["meta"]["title"] == "A film"
        said = server.cli("upload", str(film)).stdout.splitlines()
        assert said[0] == "film.mp4"
        assert any(line.split()[0] == "watch" for line in said[1:])
        refused = subprocess.run(
            ["env", "VIDSTEAD_TOKEN_SECRET=wrong", *VIDSTEAD, "upload", str(film)],
            env={**server.environ, "VIDSTEAD_URL": server.url, "VIDSTEAD_TOKEN_ID": "a"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert refused.returncode == 4
        assert refused.stderr.startswith("vidstead: The server refused: ")


def test_progress_is_shown_on_a_terminal_and_leaves_it_clean(tmp_path: Path, film: Path) -> None:
    with serve(tmp_path) as server:
        ours, theirs = pty.openpty()
        try:
            process = subprocess.Popen(
                [*VIDSTEAD, "upload", str(film), "--wait", "covered", "--data-dir", str(server.data_dir)],
                env=server.environ, stdout=subprocess.PIPE, stderr=theirs, text=True,
            )  # fmt: skip
            os.close(theirs)
            shown = ""
            with contextlib.suppress(OSError):  # the end of a terminal whose last writer is gone
                while piece := os.read(ours, 4096):
                    shown += piece.decode()
            printed = process.communicate(timeout=180)[0]
        finally:
            os.close(ours)
    assert process.returncode == 0, shown
    assert "uploaded (100%)" in shown
    assert "% encoded" in shown
    assert shown.endswith("\r\x1b[2K")
    assert "uploaded" not in printed


def test_demo_and_doctor_beside_a_server(tmp_path: Path) -> None:
    with serve(tmp_path, encode_speed=None) as server:
        at = ("--data-dir", str(server.data_dir))
        made = json.loads(server.cli("demo", "--seconds", "4", "--json", *at).stdout)
        assert server.asset(made["asset_id"])["status"] == "ready"
        done = server.cli("doctor", "--json", "--port", server.url.rsplit(":", 1)[1], *at)
        found = {line["check"]: line for line in map(json.loads, done.stdout.splitlines())}
        assert done.returncode == 0, done.stdout
        assert "Vidstead answers" in found["port"]["found"]
        assert found["database"]["found"].startswith("embedded, schema ")
        wait_for(lambda: measured(server), seconds=60, what="the worker measures how fast it encodes")
        done = server.cli("doctor", *at)
        assert f"{measured(server):.2f} x 1080p30, measured by " in done.stdout


def measured(server: Server) -> float:
    """What the web process believes of the workers."""
    lines = httpx.get(f"{server.url}/metrics", trust_env=False).text.splitlines()
    return float(next(line for line in lines if line.startswith("vidstead_encode_speed ")).split()[1])
