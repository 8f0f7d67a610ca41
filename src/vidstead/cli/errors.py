"""What can go wrong at the command line, and the exit codes that say so."""

from vidstead.kit import VidsteadError

EXIT_CODES = {
    0: "done",
    1: "it failed; the last line on standard error says why",
    2: "wrong command, option or input",
    3: "something needed does not answer or is in use: the server, the database, the object store, a port",
    4: "no access token, or one that is not valid here",
    5: "what was asked for does not exist",
    130: "interrupted",
}
"""Exit code to its meaning; ``docs/reference/cli.md`` shows them."""

BY_STATUS = {400: 2, 401: 4, 403: 4, 404: 5, 413: 2, 415: 2, 422: 2, 502: 3, 503: 3, 504: 3}


def exit_code(error: VidsteadError) -> int:
    """The exit code for an error: its own, or one that follows from its HTTP status."""
    own: int | None = getattr(error, "exit_code", None)
    return BY_STATUS.get(error.status, 1) if own is None else own


class CommandError(VidsteadError):
    """The command failed: {reason}."""

    code = "command_failed"
    status = 500
    exit_code: int | None = None


class InvalidSetting(CommandError):
    """The setting {name} is not valid ({reason}): see docs/settings.md for what it may be."""

    code = "invalid_setting"
    status = 400


class PortTaken(CommandError):
    """Port {port} on {host} is taken by another program: stop that one, or choose another with `--port`."""

    code = "port_taken"
    status = 409
    exit_code = 3


class HostUnusable(CommandError):
    """This machine can't listen on {host}, port {port} ({reason}): choose others with `--host` and `--port`."""

    code = "host_unusable"
    status = 400
    exit_code = 3


class DataFolderUnusable(CommandError):
    """The data folder {path} can't be used ({reason}): choose another with `--data-dir`, or mend its owner."""

    code = "data_folder_unusable"
    status = 500
    exit_code = 3


class DataFolderInUse(CommandError):
    """Another `vidstead serve` uses the data folder {path}: stop that one, or choose another with `--data-dir`."""

    code = "data_folder_in_use"
    status = 409
    exit_code = 3


class NoEnvironment(CommandError):
    """There is no environment in the database yet: `vidstead serve` makes the first one."""

    code = "no_environment"
    status = 404


class StartFailed(CommandError):
    """The {process} process ended {times} times before it was ready: its last lines above say why,
    `vidstead doctor` says more.
    """

    code = "start_failed"
    status = 503
    exit_code = 1


class NoCredentials(CommandError):
    """There are no credentials in {path}: run this beside `vidstead serve`, name its folder with
    `--data-dir`, or set VIDSTEAD_URL, VIDSTEAD_TOKEN_ID and VIDSTEAD_TOKEN_SECRET.
    """

    code = "no_credentials"
    status = 401


class ServerUnreachable(CommandError):
    """The server at {url} does not answer ({reason}): start it with `vidstead serve`, or set VIDSTEAD_URL."""

    code = "server_unreachable"
    status = 503


class ServerRefused(CommandError):
    """The server refused: {reason}"""

    code = "server_refused"
    status = 500

    def __init__(self, *, reason: str, answered: int) -> None:
        """``answered`` is the HTTP status that the server gave."""
        super().__init__(reason=reason)
        self.exit_code = BY_STATUS.get(answered, 1)


class FileUnreadable(CommandError):
    """The file {path} can't be read ({reason}): check its name and your rights to it."""

    code = "file_unreadable"
    status = 400


class AssetErrored(CommandError):
    """{path} was uploaded but can't be published: {reason}"""

    code = "asset_errored"
    status = 422
    exit_code = 1


class NoProgress(CommandError):
    """Nothing happened to {path} for {minutes} minutes: see whether a worker runs, with `vidstead doctor`."""

    code = "no_progress"
    status = 504
    exit_code = 1


class NeverCovered(CommandError):
    """{path} plays as asset {asset_id}, but is encoded only when watched: wait for `published`, or serve with
    VIDSTEAD_FILL=eager.
    """

    code = "never_covered"
    status = 409
    exit_code = 1


class DemoFailed(CommandError):
    """The demo clip could not be made ({reason}): run `vidstead doctor` to check ffmpeg."""

    code = "demo_failed"
    status = 500
