"""What the README tells a newcomer to type works as it stands there."""

import json
import os
import re
import subprocess
from pathlib import Path

from tests.serve import serve

from vidstead import bootstrap
from vidstead.cli.demo import make_clip
from vidstead.settings import Settings

REPOSITORY = Path(__file__).parents[2]


def commands_after(heading: str) -> str:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1]
    found = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found.group(1)


def test_start_is_two_commands() -> None:
    lines = commands_after("Start").strip().splitlines()
    assert lines[-1] == "make run"
    assert len(lines) == 2


def test_first_upload_by_curl(tmp_path: Path) -> None:
    with serve(tmp_path) as server:
        make_clip(bootstrap.ffmpeg_path(Settings()), tmp_path / "film.mp4", seconds=6)
        script = commands_after("The first upload").replace("http://localhost:8080", server.url)
        assert server.url in script
        assert server.data_dir == tmp_path / "data"
        done = subprocess.run(
            ["bash", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
            env={"PATH": os.environ["PATH"], "no_proxy": "*"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + server.tail()
        assets = json.loads(done.stdout.splitlines()[-1])["data"]
        assert len(assets) == 1
        assert assets[0]["status"] in {"preparing", "ready"}
        assert assets[0]["playback_ids"][0]["policy"] == "public"
