"""Boards: ports, wire codecs, chips, parts, the boards themselves, and simulators of all of them."""
