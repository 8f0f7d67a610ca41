"""What can go wrong with grids."""

from vidstead.kit import VidsteadError


class GridError(VidsteadError):
    """The grid could not be used."""

    code = "grid_error"
    status = 500


class GridNotFound(GridError):
    """There is no grid {grid_id}: it never was, or everything that used it was deleted."""

    code = "grid_not_found"
    status = 404


class TooManyClips(GridError):
    """Viewers watch {most} clips of this video already, each with times of its own: try again in some minutes."""

    code = "too_many_clips"
    status = 429
