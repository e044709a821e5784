"""HTTP and Pardot's wire. Knows no stream and nothing of Singer."""
