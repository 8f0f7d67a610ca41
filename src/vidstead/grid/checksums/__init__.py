"""Checksums of sources."""
