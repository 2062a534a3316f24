"""HEIF image sequences, made of a HEIC picture: the same pixels as the samples of a track."""

from describer.vision.imaging.boxes import boxes, shown


def sequence(heic: bytes, width: int, height: int, pictures: int = 3) -> bytes:
    """A file of the brand `msf1` that has a track and no item. Args: heic: one picture without transparency."""
    configuration = shown(heic).find(b"hvcC")
    assert configuration is not None
    pixels = next(heic[box.start : box.end] for box in boxes(heic, 0, len(heic)) if box.kind == b"mdat")
    sides = width.to_bytes(2) + height.to_bytes(2)
    codec = _box(b"hvcC", heic[configuration.start : configuration.end])
    entry = _box(b"hvc1", bytes(6), b"\0\1", bytes(16), sides, bytes(50), codec)
    kind = _box(b"ftyp", b"msf1", bytes(4), b"msf1hevciso8")
    samples = [
        _box(b"stsd", bytes(4), (1).to_bytes(4), entry),
        _box(b"stsz", bytes(4), len(pixels).to_bytes(4), pictures.to_bytes(4)),
    ]

    def movie(start: int) -> bytes:
        table = _box(b"stbl", *samples, _box(b"stco", bytes(4), (1).to_bytes(4), start.to_bytes(4)))
        return _box(b"moov", _box(b"trak", _box(b"mdia", _box(b"minf", table))))

    return b"".join([kind, movie(len(kind) + len(movie(0)) + 8), _box(b"mdat", pixels * pictures)])


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return (8 + len(body)).to_bytes(4) + kind + body
