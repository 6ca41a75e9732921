"""The passport of boards: what each is, and all that was ever measured on it, in one file that outlives the program."""
