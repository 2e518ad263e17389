"""
Writes files.json: data as people have them, made by the tools that people use, for the table in docs/data.md.
Needs NumPy, SciPy, scikit-learn, scikit-image, pandas with PyArrow, h5py, safetensors, Pillow, ImageMagick, zip and tar.
Run: python files.py > files.json
"""
import base64, gzip, json, os, pickle, struct, subprocess, sys, tempfile
from pathlib import Path

import h5py, numpy as np, pandas as pd, scipy.io, skimage.data
from PIL import Image
from safetensors.numpy import save_file
from sklearn.datasets import load_digits

random = np.random.default_rng(1)
cases = {}

def pixels(*shape):
    return random.integers(0, 256, shape, dtype=np.uint8)

def labels(count, classes=3):
    return np.arange(count) % classes

def case(name):
    """What the function leaves in the present folder is the data of a row of the table."""
    def make(write):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            write()
            files = sorted(path for path in Path(".").rglob("*") if path.is_file())
            cases[name] = {str(path): base64.b64encode(path.read_bytes()).decode() for path in files}
            os.chdir("/")
    return make

def picture(path, *shape, **options):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(*shape)).save(path, **options)

def shell(line):
    subprocess.run(line, shell=True, check=True, stdout=sys.stderr)

def idx(path, array):
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    with gzip.GzipFile(path, "wb", mtime=0) as file:
        file.write(header + array.astype(np.uint8).tobytes())

@case("pets/")
def _():
    for name in ("cat/1.jpg", "cat/2.jpg", "dog/1.jpg"):
        picture(f"pets/{name}", 16, 16, 3)

@case("scans/")
def _():
    for number in range(3):
        picture(f"scans/{number}.png", 8, 8)

@case("photos/")
def _():
    os.mkdir("photos")
    shell("convert -size 64x48 plasma:red-blue photos/a.jpg")
    shell("convert -size 32x24 plasma:red-blue photos/b.webp")
    shell("convert -size 64x48 plasma:red-blue -compress zip photos/c.tif")

@case("birds/")
def _():
    for split in ("train", "test"):
        for name in ("owl", "wren"):
            picture(f"birds/{split}/{name}/{split}.png", 8, 8)

@case("plants/")
def _():
    for name in ("oak/2023/1.png", "oak/2024/1.png", "elm/2024/1.png"):
        picture(f"plants/{name}", 8, 8)

@case("cells/")
def _():
    names = [f"{number}.png" for number in range(4)]
    for name in names:
        picture(f"cells/{name}", 8, 8)
    pd.DataFrame({"filename": names, "label": ["red", "white", "red", "red"]}).to_csv("cells/labels.csv", index=False)

@case("night/")
def _():
    for name in ("noisy/1.png", "noisy/2.png", "clean/1.jpg", "clean/2.jpg"):
        picture(f"night/{name}", 8, 8)

@case("flowers.zip")
def _():
    for name in ("flowers/rose/1.png", "flowers/lily/1.png"):
        picture(name, 8, 8)
    shell("zip -q -r flowers.zip flowers && rm -r flowers")

@case("leaves.tar.gz")
def _():
    for name in ("leaves/oak/1.png", "leaves/elm/1.png"):
        picture(name, 8, 8)
    shell("tar czf leaves.tar.gz leaves && rm -r leaves")

@case("lfw.tgz")
def _():
    for person in ("Ada_Lovelace", "Emmy_Noether"):
        Path(f"lfw/{person}").mkdir(parents=True)
        Image.new("RGB", (250, 250), (200, 120, 90)).save(f"lfw/{person}/{person}_0001.jpg")
    shell("tar czf lfw.tgz lfw && rm -r lfw")

@case("mnist.npz")
def _():
    np.savez("mnist.npz", x_train=pixels(6, 8, 8), y_train=labels(6), x_test=pixels(3, 8, 8), y_test=labels(3))

@case("shapes.npz")
def _():
    np.savez_compressed("shapes.npz", images=pixels(6, 8, 8, 3), labels=labels(6))

@case("arrays.npz")
def _():
    np.savez("arrays.npz", pixels(6, 8, 8), labels(6))

@case("digits.npz")
def _():
    digits = load_digits()
    np.savez_compressed("digits.npz", data=digits.data[:6], target=digits.target[:6])

@case("x_train.npy")
def _():
    for split, count in (("train", 6), ("test", 3)):
        np.save(f"x_{split}.npy", pixels(count, 8, 8))
        np.save(f"y_{split}.npy", labels(count))

@case("faces.npy")
def _():
    np.save("faces.npy", skimage.data.lfw_subset()[:4, :12, :12])

@case("tensor.npy")
def _():
    np.save("tensor.npy", pixels(4, 3, 8, 8))

@case("emnist/")
def _():
    os.mkdir("emnist")
    for split, count in (("train", 6), ("test", 3)):
        idx(f"emnist/emnist-letters-{split}-images-idx3-ubyte.gz", pixels(count, 8, 8))
        idx(f"emnist/emnist-letters-{split}-labels-idx1-ubyte.gz", labels(count))

@case("train.csv")
def _():
    columns = {f"pixel{number}": pixels(5) for number in range(64)}
    pd.DataFrame({"label": labels(5), **columns}).to_csv("train.csv", index=False)
    pd.DataFrame(columns).to_csv("test.csv", index=False)

@case("mnist_train.csv")
def _():
    np.savetxt("mnist_train.csv", np.column_stack([labels(5), pixels(5, 64)]), fmt="%d", delimiter=",")

@case("cifar.csv")
def _():
    frame = pd.DataFrame(pixels(3, 3 * 64))
    frame["target"] = ["cat", "dog", "cat"]
    frame.to_csv("cifar.csv", index=False)

@case("train_32x32.mat")
def _():
    scipy.io.savemat("train_32x32.mat", {"X": pixels(8, 8, 3, 4), "y": labels(4)[:, None]})

@case("images.h5")
def _():
    with h5py.File("images.h5", "w") as file:
        file["x_train"], file["y_train"] = pixels(4, 8, 8), labels(4)

@case("data_batch_1")
def _():
    batch = {"batch_label": "training batch 1 of 5", "labels": [1, 2], "data": pixels(2, 3072), "filenames": ["a.png", "b.png"]}
    Path("data_batch_1").write_bytes(pickle.dumps(batch, protocol=2))

@case("train.parquet")
def _():
    pd.DataFrame({"label": labels(4), **{f"p{number}": pixels(4) for number in range(16)}}).to_parquet("train.parquet")

@case("images.safetensors")
def _():
    save_file({"x_train": pixels(4, 8, 8)}, "images.safetensors")

print(json.dumps(cases, indent=1))
