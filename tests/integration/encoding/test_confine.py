"""What a child can't do any more, whatever a source makes of it."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.oracle.barcode import ffmpeg

from vidstead.encoding.adapters import process
from vidstead.encoding.adapters.children.confine import fences
from vidstead.encoding.adapters.process import GIGABYTE, child

ATTEMPTS = {
    "read a file": "open('/etc/passwd').read()",
    "read another's memory": "open(f'/proc/{os.getppid()}/environ').read()",
    "list a folder": "os.listdir('/')",
    "make a file": "open('/tmp/made-by-a-child', 'w')",
    "remove a file": "os.unlink(sys.argv[1])",
    "rename a file": "os.rename(sys.argv[1], sys.argv[1] + '.away')",
    "open a connection": "socket.create_connection(('127.0.0.1', int(sys.argv[2])))",
    "send a datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
    "talk to the machine": "socket.socket(socket.AF_UNIX).connect('/run/postgresql')",
    "wait for connections": "socket.create_server(('127.0.0.1', 0))",
    "end its parent": "os.kill(os.getppid(), 0)",
    "start a process": "os.fork()",
    "become a program": "os.execv('/bin/true', ['true'])",
}


@pytest.fixture(autouse=True)
def fenced() -> None:
    """Where the kernel has no fences there are none to test."""
    if None in fences().values():
        pytest.skip("cannot exist here: this kernel lacks Landlock or seccomp")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Somebody on loopback who would be glad of a visit."""
    with socket.create_server(("127.0.0.1", 0)) as waiting:
        waiting.settimeout(0)
        yield waiting


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter of its own."""
    command = [sys.executable, "-I", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_what_reads_media_can_do_nothing_else(attempt: str, listener: socket.socket, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    begin = "import os, socket, sys, av\n"
    confined = f"sys.path.insert(0, {process.CHILDREN!r})\nfrom children.confine import confine\nconfine()\n"
    told = f"try:\n    {ATTEMPTS[attempt]}\nexcept PermissionError:\n    print('refused')\n"
    arguments = str(victim), str(listener.getsockname()[1])
    done = python(begin + confined + told, *arguments)
    assert done.stdout.strip() == "refused", done
    assert victim.read_text() == "precious"


async def said_by(*arguments: str) -> str:
    """What ffmpeg says of something that it can't do."""
    order = {"command": [ffmpeg(), "-nostdin", "-loglevel", "error", *arguments]}
    async with child("exec", order, memory=GIGABYTE, cpu_seconds=30) as running:
        assert await running.wait() != 0
        return running.said


async def test_ffmpeg_can_open_nothing_by_name(listener: socket.socket, tmp_path: Path) -> None:
    null = ("-f", "null", "-")
    assert "Permission denied" in await said_by("-f", "data", "-i", "/etc/passwd", *null)
    assert "Permission denied" in await said_by("-f", "lavfi", "-i", "movie=/etc/passwd", *null)
    assert "Permission denied" in await said_by("-f", "lavfi", "-i", "color", "-t", "1", str(tmp_path / "made.mp4"))
    port = listener.getsockname()[1]
    assert "Operation not permitted" in await said_by("-i", f"tcp://127.0.0.1:{port}", *null)
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert not (tmp_path / "made.mp4").exists()


async def test_it_still_has_its_threads_and_its_pipes() -> None:
    picture = ("-f", "lavfi", "-i", "testsrc2=duration=1:size=640x360", "-threads", "4", "-c:v", "libx264")
    order = {"command": [ffmpeg(), "-nostdin", "-loglevel", "error", *picture, "-f", "null", "-"]}
    async with child("exec", order, memory=4 * GIGABYTE, cpu_seconds=30) as running:
        assert await running.wait() == 0, running.said
