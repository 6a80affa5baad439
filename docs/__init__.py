"""The project's documents; ``building`` makes a site of them."""
