"""The command line: pictures of files, folders, URLs and blobs; stored records; and whether all is well."""
