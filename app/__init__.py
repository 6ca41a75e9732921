"""Faces: the command line and the live screen. The only room that prints."""
