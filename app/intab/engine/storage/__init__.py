"""What is stored of models: chunks, records, exports and imports."""
