"""Content-addressed blobs: where the bytes of values lie."""
