"""What a person, or the computer of a production line, reads of a check or a sweep."""
