"""Clips: grids of their own that share what they can with the film that they are cut from."""
