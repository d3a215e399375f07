"""Views of the ledger as plain documents, and their rendering to text."""
