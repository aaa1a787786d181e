"""Many records at once, out of files: read, checked without anybody's turn, and written in one revision or not."""
