"""Raw text collections → documents: readers, filters, near-duplicates, ingestion."""
