"""The server that a backend keeps its storage on, where the suite may kill and start it."""
