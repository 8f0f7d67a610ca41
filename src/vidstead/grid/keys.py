"""Keys of objects: they follow from coordinates, so that anybody who knows the grid can find a cell."""


def grid_prefix(environment_id: str, grid_id: str) -> str:
    """Everything that was encoded for a grid."""
    return f"{environment_id}/grids/{grid_id}/"


def cell_key(environment_id: str, grid_id: str, slug: str, index: int) -> str:
    """One cell: ``slug`` is the row's name and generation, ``index`` its column."""
    return f"{grid_prefix(environment_id, grid_id)}{slug}/{index:06d}.m4s"


def source_prefix(environment_id: str, source_id: str) -> str:
    """The parts of a source and its index."""
    return f"{environment_id}/sources/{source_id}/"


def part_key(environment_id: str, source_id: str, number: int) -> str:
    """One part of a source, from 0."""
    return f"{source_prefix(environment_id, source_id)}part-{number:04d}"


def index_key(environment_id: str, source_id: str) -> str:
    """The source's ``SourceIndex``."""
    return f"{source_prefix(environment_id, source_id)}index.json"


def pictures_key(environment_id: str, source_id: str) -> str:
    """Where the pictures of a source that passes through lie in it."""
    return f"{source_prefix(environment_id, source_id)}pictures"


def sound_key(environment_id: str, source_id: str) -> str:
    """Where the frames of sound that passes through lie in a source."""
    return f"{source_prefix(environment_id, source_id)}sound"
