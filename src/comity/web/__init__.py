"""How people come in: pages for each desk, and the REST API for the same reads."""
