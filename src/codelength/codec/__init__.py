"""The compressor: segments on threads behind the shapes of `lzma` and `compression.zstd`."""
