"""Takes the tensors out of a file of `torch.save` as PyTorch wrote them before version 1.6, with Python alone: nothing of
the file is run, since only tensors, their storages and ordered dictionaries can be named in it.

    python3 tools/torch_tensors.py IN.pth OUT.safetensors

Floating-point tensors only; counters of batch norms are left out.
"""
import array
import collections
import itertools
import json
import pickle
import struct
import sys

MAGIC = 0x1950A86A20F9469CFC6C
KINDS = {"FloatStorage": ("F32", 4), "HalfStorage": ("F16", 2), "LongStorage": (None, 8)}
Tensor = collections.namedtuple("Tensor", "storage start shape strides")


def tensor(storage, start, shape, strides, *_):
    return Tensor(storage, start, tuple(shape), tuple(strides))


class Reader(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return tensor
        if module == "torch" and name in KINDS:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a file of tensors")

    def persistent_load(self, saved):
        return saved[1], saved[2]  # kind and key of a storage


def row_by_row(data, start, shape, strides):
    """Values of a tensor in the order of its last dimension first, whatever the order they are stored in."""
    if not shape:
        return data[start:start + 1]
    out, (size, step) = array.array(data.typecode), (shape[-1], strides[-1])
    outer = [range(0, count * stride, stride) for count, stride in zip(shape[:-1], strides[:-1])]
    for offsets in itertools.product(*outer):
        first = start + sum(offsets)
        out.extend(data[first:first + (size - 1) * step + 1:step])
    return out


source, target = sys.argv[1:3]
with open(source, "rb") as file:
    if Reader(file).load() != MAGIC:
        sys.exit(f"{source} is no file of torch.save before version 1.6")
    Reader(file).load(), Reader(file).load()  # version of the format, the machine's sizes
    found, keys = Reader(file).load(), Reader(file).load()
    kinds = {value.storage[1]: value.storage[0] for value in found.values()}
    stored = {}
    for key in keys:
        (count,) = struct.unpack("<q", file.read(8))
        stored[key] = file.read(count * KINDS[kinds[key]][1])
taken = [(name, value) for name, value in found.items() if KINDS[value.storage[0]][0]]
header, parts, at = {}, [], 0
for name, (storage, start, shape, strides) in taken:
    dtype, width = KINDS[storage[0]]
    data = array.array({4: "f", 2: "h"}[width], stored[storage[1]])
    part = row_by_row(data, start, shape, strides).tobytes()
    header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(part)]}
    parts.append(part)
    at += len(part)
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(target, "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text)
    file.writelines(parts)
