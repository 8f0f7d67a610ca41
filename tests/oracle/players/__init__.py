"""The players of the browser oracle: a page, a recorder that reads barcodes from the screen, and a report."""
