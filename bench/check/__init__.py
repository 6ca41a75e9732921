"""Board validation: the procedure of a check, its verdicts, and what it says of a faulty board."""
