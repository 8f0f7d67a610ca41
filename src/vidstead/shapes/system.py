"""What a token is told about itself."""

from vidstead.shapes.vocabulary import Shape
from vidstead.tenancy import Whoami


def whoami_shape(facts: Whoami) -> Shape:
    """``GET /system/v1/whoami``."""
    return {
        "access_token_name": facts.access_token_name,
        "environment_id": facts.environment_id,
        "environment_name": facts.environment_name,
        "environment_type": facts.environment_type,
        "organization_id": facts.organization_id,
        "organization_name": facts.organization_name,
        "permissions": list(facts.permissions),
    }
