"""Everything that can be wrong with an input, one class each.

    CodecError
    ├── FormatError            not an archive of ours, or of a version or with a flag we do not know
    ├── CorruptError           checksum differs, an invariant of the format is broken, or junk follows the end
    ├── TruncatedError         the input ends too early (also an EOFError)
    ├── LimitError             a limit that the caller set would be exceeded
    └── ModelError             the predictor that an archive needs
        ├── ModelNotFoundError     is not installed (also a LookupError)
        └── ModelMismatchError     is installed, with other weights

Wrong arguments stay TypeError and ValueError.
"""

__all__ = [
    "CodecError",
    "CorruptError",
    "FormatError",
    "LimitError",
    "ModelError",
    "ModelMismatchError",
    "ModelNotFoundError",
    "TruncatedError",
]


class CodecError(Exception):
    """Base of every error about an archive."""


class FormatError(CodecError):
    """The input is not a clz archive, or one of a format version or with a flag that is not known here."""


class CorruptError(CodecError):
    """The archive is damaged: a checksum differs or an invariant of the format does not hold."""


class TruncatedError(CodecError, EOFError):
    """The input ended before the archive did."""


class LimitError(CodecError):
    """Decoding would exceed a limit that the caller set."""


class ModelError(CodecError):
    """Base of the errors about the predictor that an archive names."""


class ModelNotFoundError(ModelError, LookupError):
    """No predictor of this name or hash is installed."""


class ModelMismatchError(ModelError):
    """The installed predictor has other weights than the archive was written with."""
