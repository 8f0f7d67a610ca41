"""What can go wrong with who asks."""

from vidstead.kit import VidsteadError


class TenancyError(VidsteadError):
    """The access token could not be checked."""

    code = "tenancy_error"
    status = 500


class Unauthorized(TenancyError):
    """The request has no valid access token: send `Authorization: Basic` with token id and secret, or `Bearer`
    with the secret.
    """

    code = "unauthorized"
    status = 401


class Forbidden(TenancyError):
    """The access token does not have the permission {permission}: use one that has it."""

    code = "forbidden"
    status = 403


class TokenNotFound(TenancyError):
    """There is no access token {token_id} in this environment."""

    code = "token_not_found"
    status = 404
