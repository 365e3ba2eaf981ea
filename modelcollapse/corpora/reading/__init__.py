"""Reviews out of files, whatever their form: archives, encodings, tables, records, labels."""
