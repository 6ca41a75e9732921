"""Boards: ports, wire codecs, chips, meters and simulators. Nothing is here yet; docs/design.md has the plan."""
