"""What the process decides, in pure Python: no network, no files, no clock of its own."""
