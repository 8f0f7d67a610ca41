"""PyAV and ffmpeg, in child processes."""
