"""The bytes of a file that may be packed, as exchanges publish them: plain, ``.gz``, ``.zip`` of one file."""

import gzip
import zipfile
from pathlib import Path

from openoutcry.errors import BadInput


def content_of(path: Path) -> bytes:
    """The unpacked bytes. Raises BadInput for an archive of several files."""
    if path.suffix.lower() == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            if len(archive.namelist()) != 1:
                raise BadInput(f"{path.name}: must hold exactly one file", field="file")
            return archive.read(archive.namelist()[0])
    return path.read_bytes()
