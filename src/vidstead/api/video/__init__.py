"""``/video/v1``: assets, direct uploads, playback ids, as Mux clients know them."""
