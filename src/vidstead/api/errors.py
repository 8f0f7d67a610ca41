"""What can go wrong at the edge, before any room is asked."""

from vidstead.kit import VidsteadError


class ApiError(VidsteadError):
    """The request could not be handled."""

    code = "api_error"
    status = 500


class InvalidParameters(ApiError):
    """The request is not valid: {problem}."""

    code = "invalid_parameters"
    status = 400


class RequestTooLarge(ApiError):
    """The body of the request is larger than {limit} bytes, the most that a JSON request may have."""

    code = "request_too_large"
    status = 413


class RequestTooSlow(ApiError):
    """The body of the request did not arrive within {seconds} seconds: send it again."""

    code = "request_too_slow"
    status = 408
