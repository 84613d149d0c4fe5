"""What `clz` says about itself. No imports: asking for the version or for help is answered at once."""

__all__ = ["EXAMPLES", "SHORT_HELP", "version_line"]

SHORT_HELP = """\
Usage: clz [OPTIONS] [FILE... | -]

Compress FILEs to FILE.clz, small and exact, or restore them. With no FILE, or when
FILE is -, read standard input and write standard output. FILEs are kept.

  -d            decompress
  -1 ... -9     compression level, from fast to small
  -c            write to standard output
  -o OUTPUT     write to OUTPUT
  -t, -l        test archives, list what is in them
  -r            take the files in directories (for one archive: tar -I clz -cf DIR.tar.clz DIR)
  --rm          remove each FILE once its archive was decoded and compared
  -f            overwrite, read from and write to terminals
  -T#           number of threads (usually up to 4); 0 takes all cores
  -V, -h, -H    version, this help, full help with examples
"""

EXAMPLES = """\
Examples:
  clz book.txt                       write book.txt.clz, keep book.txt
  clz -9 --rm *.csv                  small archives; each source goes once its archive is proven
  clz -d book.txt.clz                write book.txt
  clzcat book.txt.clz | less         read it without a file
  clz -l *.clz                       sizes, ratio, checksum and model of each archive
  clz -t backup.tar.clz              prove that an archive is whole
  tar -I clz -cf src.tar.clz src     pack a directory; unpack with tar -I clz -xf src.tar.clz
  mysqldump shop | clz -1 > shop.sql.clz
  clz --model hf:gpt2 notes.txt      with a language model: smallest, slow, for this machine only
  clz --engine ray --address auto -r /shared/logs      on a cluster that shares this folder
  find . -name '*.log' -print0 | xargs -0 clz --rm

Several FILEs to one OUTPUT, or to -c, become one archive of several frames: their contents joined,
their names lost. OUTPUT is written under a temporary name and appears complete or not at all.

SIZE is a number of MiB, or a number with K, M or G.

Exit status: 0 all done, 1 a file failed (the others are still processed), 2 wrong usage,
130 interrupted, 141 the reader of standard output went away.

Aliases: unclz = clz -d, clzcat = clz -dcf.

Shell completion, in the start-up file of the shell:
  bash    eval "$(_CLZ_COMPLETE=bash_source clz)"
  zsh     eval "$(_CLZ_COMPLETE=zsh_source clz)"
  fish    _CLZ_COMPLETE=fish_source clz | source
"""


def version_line(*, quiet: bool) -> str:
    """The version of the program and of the format; if quiet, the number alone."""
    from codelength import __version__, format_version

    return __version__ if quiet else f"clz {__version__}, format {format_version}"
