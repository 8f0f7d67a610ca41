"""The commands and their options. Bodies live beside this file and are imported when they run."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="vidstead",
    help="Video infrastructure that you own: upload a film, watch it a second later.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    add_completion=False,
)
token_app = typer.Typer(help="List, create and revoke access tokens.", rich_markup_mode=None, no_args_is_help=True)

DataDir = Annotated[Path | None, typer.Option(help="Folder of everything this machine keeps (default: ./data).")]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="TCP port (default: 8080).")]
Host = Annotated[str | None, typer.Option(help="Address to listen on (default: 127.0.0.1, this machine only).")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line on standard output.")]


class Wait(StrEnum):
    """How far an upload should have come before the command returns."""

    PUBLISHED = "published"
    COVERED = "covered"


class Policy(StrEnum):
    """Who may play."""

    PUBLIC = "public"
    SIGNED = "signed"


def _version(asked: bool) -> None:
    if asked:
        from vidstead import __version__

        print(f"vidstead {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option(help="Show tracebacks and error codes.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Video infrastructure that you own: upload a film, watch it a second later."""
    if debug:
        os.environ["VIDSTEAD_DEBUG"] = "1"


@app.command()
def serve(data_dir: DataDir = None, port: Port = None, host: Host = None) -> None:
    """Start and supervise everything on this machine: database, web and worker. Ctrl-C stops it all."""
    from vidstead.cli.serve import serve as run

    _set(data_dir=data_dir, port=port, host=host)
    raise typer.Exit(run())


@app.command()
def web(data_dir: DataDir = None, port: Port = None, host: Host = None) -> None:
    """Run the web process alone: API, delivery and pages."""
    from vidstead.cli.processes import web as run

    _set(data_dir=data_dir, port=port, host=host)
    run()


@app.command()
def worker(data_dir: DataDir = None) -> None:
    """Run one worker alone: it publishes uploads and encodes cells."""
    from vidstead.cli.processes import worker as run

    _set(data_dir=data_dir)
    run()


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to the newest schema. Safe to run at any time, and twice."""
    from vidstead.cli.database import migrate as run

    _set(data_dir=data_dir)
    run()


@app.command()
def doctor(data_dir: DataDir = None, port: Port = None, host: Host = None, as_json: Json = False) -> None:
    """Check ffmpeg, database, storage, disk and port: what is wrong here, and how to mend it."""
    from vidstead.cli.doctor import doctor as run

    _set(data_dir=data_dir, port=port, host=host)
    raise typer.Exit(run(as_json=as_json))


@app.command()
def upload(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Video or sound files.")],
    policy: Annotated[Policy, typer.Option(help="Who may play.")] = Policy.PUBLIC,
    title: Annotated[str | None, typer.Option(help="Title (default: the name of the file).")] = None,
    wait: Annotated[Wait, typer.Option(help="Return when it plays, or when all of it is encoded.")] = Wait.PUBLISHED,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Upload files and print where they play."""
    from vidstead.cli.upload import upload as run

    _set(data_dir=data_dir)
    run(files, policy=policy.value, title=title, covered=wait is Wait.COVERED, as_json=as_json)


@app.command()
def demo(
    seconds: Annotated[int, typer.Option(min=1, max=3600, help="Length of the clip in seconds.")] = 30,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Generate a clip with picture and sound, upload it and print where it plays."""
    from vidstead.cli.demo import demo as run

    _set(data_dir=data_dir)
    run(seconds=seconds, as_json=as_json)


app.add_typer(token_app, name="token")


@token_app.command("list")
def token_list(data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the access tokens of the environment, without their secrets."""
    from vidstead.cli.token import list_tokens

    _set(data_dir=data_dir)
    list_tokens(as_json=as_json)


@token_app.command("create")
def token_create(
    name: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Create an access token. Its secret is shown once."""
    from vidstead.cli.token import create_token

    _set(data_dir=data_dir)
    create_token(name=name, as_json=as_json)


@token_app.command("revoke")
def token_revoke(token_id: Annotated[str, typer.Argument(help="Id of the token.")], data_dir: DataDir = None) -> None:
    """Revoke an access token: it opens nothing from now on."""
    from vidstead.cli.token import revoke_token

    _set(data_dir=data_dir)
    revoke_token(token_id)


def _set(**given: object) -> None:
    """Options win over variables: both reach the settings, ours and those of the children, as variables."""
    for name, value in given.items():
        if value is not None:
            os.environ[f"VIDSTEAD_{name.upper()}"] = str(value)


def main() -> None:
    """The entry point: every error of ours is one sentence on standard error and an exit code, never a traceback."""
    from vidstead.kit import VidsteadError

    try:
        app()
    except VidsteadError as error:
        from vidstead.cli.errors import exit_code

        _complain(error.message, error.code)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        print(file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        _complain(f"Something went wrong inside Vidstead ({type(error).__name__}: {error}).", "internal_error")
        sys.exit(1)


def _complain(sentence: str, code: str) -> None:
    import traceback

    if os.environ.get("VIDSTEAD_SUPERVISOR_PID"):
        from vidstead.cli.supervisor import log

        log("error", sentence, code=code, exception=traceback.format_exc())
        return
    if os.environ.get("VIDSTEAD_DEBUG"):
        traceback.print_exc()
        sentence = f"{sentence} [{code}]"
    elif code == "internal_error":
        sentence = f"{sentence} Run it with `vidstead --debug` to see where."
    print(f"vidstead: {sentence}", file=sys.stderr)
