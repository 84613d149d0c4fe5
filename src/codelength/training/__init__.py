"""Training of the byte-level network: corpus, float network, trainer. PyTorch is imported by the modules in
here only.

What is trained here is a float parent; its integer child, which the compressor runs, is made by the export.
"""
