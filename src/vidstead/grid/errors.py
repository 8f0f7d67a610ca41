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
