"""
Writes pillow.json: what Pillow makes of small images that it or ImageMagick wrote, for tests. Run: python pillow.py > pillow.json
"""
import base64, io, json, subprocess
import numpy as np
from PIL import Image, __version__

def encode(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return base64.b64encode(out.getvalue()).decode()

def pattern(height, width, channels):
    y, x, c = np.mgrid[:height, :width, :channels]
    values = ((37 * y * y + 91 * x + 53 * x * y + 120 * c) % 256).astype(np.uint8)
    return Image.fromarray(values[:, :, 0] if channels == 1 else values)

resized = []
for height, width, channels, rows, columns in [
    (28, 28, 1, 56, 56), (28, 28, 1, 14, 14), (28, 28, 1, 10, 10), (7, 5, 1, 3, 4), (5, 9, 3, 11, 4), (1, 1, 3, 4, 3),
    (6, 8, 3, 1, 1), (13, 13, 1, 32, 32), (125, 94, 1, 62, 47), (3, 4, 1, 3, 9), (30, 20, 3, 13, 7),
]:
    small = pattern(height, width, channels).resize((columns, rows), Image.Resampling.BILINEAR)
    resized.append({
        "from": [height, width, channels], "to": [rows, columns],
        "values": base64.b64encode(np.asarray(small).tobytes()).decode(),
    })

def kinds():
    pattern3 = pattern(3, 4, 3)
    yield "RGB", pattern3, "PNG", {}
    yield "gray", pattern(3, 4, 1), "PNG", {}
    rgba = pattern3.convert("RGBA"); rgba.putalpha(pattern(3, 4, 1))
    yield "RGB with alpha", rgba, "PNG", {}
    la = pattern(3, 4, 1).convert("LA"); la.putalpha(Image.new("L", (4, 3), 9))
    yield "gray with alpha", la, "PNG", {}
    yield "palette", pattern3.quantize(5), "PNG", {}
    yield "palette with a transparent colour", pattern3.quantize(5), "PNG", {"transparency": 2}
    yield "one bit", pattern(3, 4, 1).convert("1"), "PNG", {}
    cmyk = Image.merge("CMYK", [Image.new("L", (16, 8), ink) for ink in (200, 40, 90, 30)])
    yield "CMYK", cmyk, "JPEG", {"quality": 100}
    yield "JPEG in gray", Image.new("L", (8, 8), 77), "JPEG", {"quality": 100}
    yield "JPEG in colour", Image.new("RGB", (16, 16), (250, 20, 90)), "JPEG", {"quality": 100, "subsampling": 0}

    for mode in ("RGB", "L", "1"):
        yield f"bitmap, {mode}", pattern3.convert(mode), "BMP", {}
    yield "bitmap with a palette", pattern3.quantize(5), "BMP", {}
    yield "GIF", pattern3.quantize(5), "GIF", {}
    yield "GIF of two frames", pattern3.quantize(5), "GIF", {"save_all": True, "append_images": [Image.new("P", (4, 3), 1)]}
    yield "WebP", pattern3, "WEBP", {"lossless": True}
    yield "WebP with alpha", rgba, "WEBP", {"lossless": True, "exact": True}
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        yield f"TIFF, {compression}", pattern3, "TIFF", {"compression": compression}
    yield "TIFF in gray", pattern(3, 4, 1), "TIFF", {}
    yield "TIFF of one bit", pattern(3, 4, 1).convert("1"), "TIFF", {"compression": "group4"}
    yield "TIFF with alpha", rgba, "TIFF", {}
    yield "TIFF with a palette", pattern3.quantize(5), "TIFF", {}
    yield "TIFF of two pages", pattern3, "TIFF", {"save_all": True, "append_images": [Image.new("RGB", (4, 3))]}

def magick():
    png = base64.b64decode(encode(pattern(3, 4, 3), "PNG"))
    small = base64.b64decode(encode(pattern(3, 4, 3).quantize(5), "PNG"))
    for source, options, to in [
        (png, [], "BMP2"), (png, [], "BMP3"), (png, [], "BMP"), (small, [], "BMP3"), (png, [], "GIF"),
        (png, ["-compress", "zip"], "TIFF"), (png, ["-endian", "MSB", "-compress", "none"], "TIFF"),
        (png, ["-interlace", "plane"], "TIFF"), (png, ["-define", "webp:lossless=true"], "WEBP"),
    ]:
        call = ["convert", "png:-", *options, f"{to}:-"]
        file = subprocess.run(call, input=source, stdout=subprocess.PIPE, check=True).stdout
        yield f"ImageMagick, {' '.join([*options, to])}", base64.b64encode(file).decode()

def made():
    for name, image, format, options in kinds():
        options = {key: value for key, value in options.items() if value is not None}
        yield name, encode(image, format, **options)
    yield from magick()

decoded = []
for name, file in made():
    again = Image.open(io.BytesIO(base64.b64decode(file)))
    decoded.append({
        "name": name, "file": file,
        "rgb": np.asarray(again.convert("RGB")).ravel().tolist()[:48],
        "gray": np.asarray(again.convert("L")).ravel().tolist()[:16],
    })
# Pillow rounds down, and only what is opaque in part shows it.
half = Image.fromarray(np.array([[[250, 0, 10, 0], [250, 0, 10, 255], [200, 100, 0, 128]]], np.uint8), "RGBA")
under = Image.new("RGBA", half.size, (255, 0, 200, 255))
over = {"file": encode(half, "PNG"), "rgb": np.asarray(Image.alpha_composite(under, half).convert("RGB")).ravel().tolist()}
deep = np.array([[0, 1], [257, 65535]], np.uint16)
hidden = encode(pattern(3, 4, 3).quantize(5), "GIF", transparency=2)
wide = {"values": deep.ravel().tolist(), "files": [encode(Image.fromarray(deep), "TIFF", compression=c) for c in (None, "tiff_lzw")]}
floats = encode(Image.new("F", (2, 2), 0.5), "TIFF")
print(json.dumps({"pillow": __version__, "resized": resized, "decoded": decoded, "over": over, "wide": wide, "floats": floats, "hidden": hidden}, indent=1))
