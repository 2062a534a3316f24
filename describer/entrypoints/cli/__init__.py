"""The command line: describes pictures in files, folders, URLs and blobs, and manages stored records."""
