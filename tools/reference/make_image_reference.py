"""Picture files of many kinds with the pixels that transformers' `load_image` makes of them, for the tests of lib/inputs.

    python make_image_reference.py > ../../tests/golden/inputs/pictures.json
"""
import base64
import io
import json
import struct
import sys
import warnings
import zlib

import numpy as np
from PIL import Image, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo
from transformers.image_utils import load_image

warnings.simplefilter("ignore")
rng = np.random.default_rng(0)
cases = []


def text(data):
    return base64.b64encode(bytes(data)).decode()


def add(name, data):
    """One file; transformers takes base64 text as it takes paths."""
    pixels = np.asarray(load_image(text(data)))
    cases.append({"name": name, "file": text(data), "size": [pixels.shape[1], pixels.shape[0]],
                  "pixels": text(np.ascontiguousarray(pixels).tobytes())})


def save(name, image, kind, **kwargs):
    file = io.BytesIO()
    image.save(file, kind, **kwargs)
    add(name, file.getvalue())


def noise(width, height):
    return Image.fromarray(rng.integers(0, 256, (height, width, 3)).astype(np.uint8))


def turned(orientation):
    exif = Image.Exif()
    exif[274] = orientation
    return exif


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def deep_png(colour_type, channels, high, transparent=None):
    """A PNG file of 16 bits a sample, which Pillow writes for grey only."""
    rows = rng.integers(0, high, (4, 5, channels)).astype(">u2")
    body = b"".join(b"\0" + row.tobytes() for row in rows)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 4, 16, colour_type, 0, 0, 0)) +
            (png_chunk(b"tRNS", transparent) if transparent else b"") + png_chunk(b"IDAT", zlib.compress(body)) +
            png_chunk(b"IEND", b""))


def bmp(width, height, bits, data, compression=0, palette=b"", masks=b"", header=40, colours=0):
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(data), 2835, 2835, colours, 0)
        info += masks.ljust(header - 40, b"\0") if header > 40 else masks
    offset = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) + info + palette + data


def rows(width, height, bits):
    stride = (width * bits + 31) // 32 * 4
    return rng.integers(0, 256, height * stride).astype(np.uint8).tobytes()


def palette(entries, padding=4):
    colours = rng.integers(0, 256, (entries, padding)).astype(np.uint8)
    return colours.tobytes()


def tiff(width, height, sampling, data, tags=()):
    """An uncompressed TIFF of luma and chroma in one strip."""
    across, down = sampling
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, None), (259, 3, 1, 1), (262, 3, 1, 6),
               (273, 4, 1, None), (277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, len(data)), (284, 3, 1, 1),
               (530, 3, 2, across | down << 16), *tags]
    entries.sort()
    bits = 8 + 2 + 12 * len(entries) + 4
    values = {258: bits, 273: bits + 6}
    body = b"".join(struct.pack("<HHII", tag, kind, count, values.get(tag, value)) for tag, kind, count, value in entries)
    return struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + body + struct.pack("<IHHH", 0, 8, 8, 8) + data


def orientations():
    for name, kind, image, kwargs in (("jpeg", "JPEG", noise(5, 3).resize((16, 8)), {"quality": 90}),
                                      ("png", "PNG", noise(4, 3), {}), ("tiff", "TIFF", noise(4, 3), {}),
                                      ("webp", "WEBP", noise(4, 3), {"lossless": True})):
        for orientation in range(10):
            save(f"{name}, orientation {orientation}", image, kind, exif=turned(orientation), **kwargs)
    image = noise(4, 3)
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    save("jpeg, orientation in XMP", image.resize((16, 8)), "JPEG", xmp=xmp)
    save("webp, orientation in XMP", image, "WEBP", lossless=True, xmp=xmp)
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", xmp.decode())
    save("png, orientation in XMP", image, "PNG", pnginfo=info)
    profile = b"Exif\0\0" + turned(8).tobytes()[6:]
    for zipped in (False, True):
        info = PngInfo()
        info.add_text("Raw profile type exif", f"\nexif\n{len(profile):8}\n{profile.hex()}\n", zip=zipped)
        save(f"png, orientation as {'packed ' if zipped else ''}text", image, "PNG", pnginfo=info)
    alpha = image.copy()
    alpha.putalpha(Image.fromarray(rng.integers(0, 256, (3, 4)).astype(np.uint8)))
    save("png with alpha, orientation 5", alpha, "PNG", exif=turned(5))
    save("cmyk jpeg, orientation 6", image.resize((16, 8)).convert("CMYK"), "JPEG", exif=turned(6))


def transparency():
    base = noise(5, 4)
    alpha = Image.fromarray(rng.integers(0, 256, (4, 5)).astype(np.uint8))
    rgba, grey = base.copy(), base.convert("L")
    rgba.putalpha(alpha)
    grey.putalpha(alpha)
    few = base.convert("P", palette=Image.Palette.ADAPTIVE, colors=8)
    save("RGBA png", rgba, "PNG")
    save("LA png", grey, "PNG")
    save("palette png, one transparent", few, "PNG", transparency=3)
    save("palette png, half transparent", few, "PNG", transparency=bytes(range(0, 160, 20)))
    save("RGB png, transparent colour", base, "PNG", transparency=base.getpixel((2, 2)))
    save("L png, transparent grey", base.convert("L"), "PNG", transparency=base.convert("L").getpixel((1, 1)))
    save("RGBA webp", rgba, "WEBP", lossless=True, exact=True)
    save("RGBA tiff", rgba, "TIFF")
    save("gif, transparent", few, "GIF", transparency=2)
    small = io.BytesIO()
    few.save(small, "GIF", transparency=5)
    larger = bytearray(small.getvalue())
    larger[6], larger[8] = 8, 6  # a screen around the picture
    add("gif, transparent, on a larger screen", larger)
    small = io.BytesIO()
    few.save(small, "GIF")
    larger = bytearray(small.getvalue())
    larger[6], larger[8] = 8, 6
    add("gif on a larger screen", larger)


def depths():
    low = Image.fromarray(rng.integers(0, 600, (4, 5)).astype(np.uint16))
    save("16-bit grey png", low, "PNG")
    save("16-bit grey tiff", low, "TIFF")
    add("16-bit RGB png", deep_png(2, 3, 65536))
    add("16-bit RGBA png", deep_png(6, 4, 65536))
    add("16-bit grey and alpha png", deep_png(4, 2, 65536))
    add("16-bit grey png, transparent grey", deep_png(0, 1, 400, struct.pack(">H", 300)))
    for bits in (1, 2, 4):
        image = noise(5, 4).convert("P", palette=Image.Palette.ADAPTIVE, colors=2**bits)
        save(f"{bits}-bit palette png", image, "PNG", bits=bits)


def bitmaps():
    base = noise(5, 4)
    for mode in ("1", "L", "P", "RGB"):
        image = base.convert(mode, palette=Image.Palette.ADAPTIVE, colors=9) if mode == "P" else base.convert(mode)
        save(f"{mode} bmp", image, "BMP")
    alpha = base.copy()
    alpha.putalpha(200)
    save("RGBA bmp", alpha, "BMP")
    for bits in (1, 4, 8):
        add(f"{bits}-bit bmp", bmp(11, 3, bits, rows(11, 3, bits), palette=palette(2**bits)))
        add(f"{bits}-bit bmp of OS/2", bmp(11, 3, bits, rows(11, 3, bits), palette=palette(2**bits, 3), header=12))
    for bits in (16, 24, 32):
        add(f"{bits}-bit bmp", bmp(5, 3, bits, rows(5, 3, bits)))
        add(f"{bits}-bit bmp, top row first", bmp(5, -3, bits, rows(5, 3, bits)))
    add("16-bit bmp, 5 6 5", bmp(5, 3, 16, rows(5, 3, 16), 3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F)))
    add("32-bit bmp, masks", bmp(5, 3, 32, rows(5, 3, 32), 3, masks=struct.pack("<III", 0xFF000000, 0xFF0000, 0xFF00)))
    masks = struct.pack("<IIII", 0xFF, 0xFF00, 0xFF0000, 0xFF000000)
    add("32-bit bmp, masks in a header of 124", bmp(5, 3, 32, rows(5, 3, 32), 3, masks=masks, header=124))
    runs = bytes([3, 7, 2, 9, 0, 0, 0, 3, 1, 2, 3, 0, 2, 4, 0, 0, 0, 2, 1, 0, 4, 5, 0, 0, 9, 3, 0, 1])
    add("8-bit bmp of runs", bmp(5, 4, 8, runs, 1, palette=palette(256)))
    small = bytes([5, 0x12, 0, 0, 0, 3, 0x34, 0x50, 2, 0x67, 0, 0, 4, 0x89, 1, 0x10, 0, 1])
    add("4-bit bmp of runs", bmp(5, 3, 4, small, 2, palette=palette(16)))


def luma_chroma():
    base = noise(5, 4).convert("YCbCr")
    save("luma and chroma tiff", base, "TIFF")
    save("luma and chroma tiff, orientation 6", base, "TIFF", exif=turned(6))
    save("luma and chroma tiff, packed", base, "TIFF", compression="tiff_lzw")
    save("luma and chroma tiff, jpeg inside", base.resize((16, 16)), "TIFF", compression="jpeg")
    for across, down in ((2, 1), (2, 2), (4, 2), (1, 2)):
        width, height = 8, 4
        blocks = (width // across) * (height // down)
        data = rng.integers(0, 256, blocks * (across * down + 2)).astype(np.uint8).tobytes()
        TiffImagePlugin.READ_LIBTIFF = True  # Pillow's own reader takes no blocks
        add(f"luma and chroma tiff, blocks of {across} x {down}", tiff(width, height, (across, down), data))
        TiffImagePlugin.READ_LIBTIFF = False


for make in (orientations, transparency, depths, bitmaps, luma_chroma):
    make()
json.dump(cases, sys.stdout, separators=(",", ":"))
sys.stdout.write("\n")
