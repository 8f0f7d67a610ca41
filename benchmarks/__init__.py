"""What Vidstead costs, measured beside the bare tools in the same run. ``make bench``; see docs/benchmarks.md."""
