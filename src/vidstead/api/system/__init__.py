"""``/system/v1``: what a token is told about itself."""
