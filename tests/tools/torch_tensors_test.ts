import { assertEquals, assertRejects } from "@std/assert";
import { SetupError } from "../../tools/setup/command.ts";
import { venvProgram } from "../../tools/setup/python.ts";
import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { takeTensors } from "../../tools/fetch_efficientnet.ts";

/** Writes a file as PyTorch did before version 1.6, with stand-ins for its classes. */
const writer = `
import array, collections, pickle, struct, sys, types
torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
class FloatStorage: pass
class LongStorage: pass
for kind in (FloatStorage, LongStorage):
    kind.__module__, kind.__qualname__ = "torch", kind.__name__
    setattr(torch, kind.__name__, kind)
def _rebuild_tensor_v2(*given): pass
_rebuild_tensor_v2.__module__ = "torch._utils"
utils._rebuild_tensor_v2, torch._utils = _rebuild_tensor_v2, utils
sys.modules.update({"torch": torch, "torch._utils": utils})
class Stored:
    def __init__(self, kind, key, count): self.kind, self.key, self.count = kind, key, count
class Tensor:
    def __init__(self, *given): self.given = given
    def __reduce__(self): return _rebuild_tensor_v2, (*self.given, False, collections.OrderedDict())
class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        if isinstance(value, Stored): return ("storage", value.kind, value.key, "cpu", value.count, None)
shared, counter = Stored(FloatStorage, "7", 8), Stored(LongStorage, "3", 1)
found = collections.OrderedDict([
    ("rows", Tensor(shared, 0, (2, 3), (3, 1))),
    ("turned", Tensor(shared, 2, (3, 2), (1, 3))),
    ("one", Tensor(shared, 7, (), ())),
    ("num_batches_tracked", Tensor(counter, 0, (), ())),
])
if sys.argv[2:] == ["bad"]: found = eval
with open(sys.argv[1], "wb") as file:
    for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, found, ["3", "7"]):
        Pickler(file, 2).dump(value)
    file.write(struct.pack("<q", 1) + array.array("q", [5]).tobytes())
    file.write(struct.pack("<q", 8) + array.array("f", range(8)).tobytes())
`;

async function write(path: string, ...more: string[]): Promise<void> {
  const args = ["-c", writer, path, ...more];
  const { success, stderr } = await new Deno.Command(venvProgram("python"), { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

Deno.test("tensors of an old file of PyTorch come row by row, from storages that they share", async () => {
  const folder = await Deno.makeTempDir();
  await write(`${folder}/weights.pth`);
  await takeTensors(`${folder}/weights.pth`, `${folder}/model.safetensors`);
  const { tensors } = await readSafetensorsFile(`${folder}/model.safetensors`);
  const shown = [...tensors].map((
    [name, { shape, data }],
  ) => [name, [...shape], [...data as Float32Array]]);
  assertEquals(shown.toSorted(), [
    ["one", [], [7]],
    ["rows", [2, 3], [0, 1, 2, 3, 4, 5]],
    ["turned", [3, 2], [2, 5, 3, 6, 4, 7]],
  ]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a file that names anything but tensors is refused, and nothing of it is run", async () => {
  const folder = await Deno.makeTempDir();
  await write(`${folder}/weights.pth`, "bad");
  const read = () => takeTensors(`${folder}/weights.pth`, `${folder}/model.safetensors`);
  await assertRejects(read, SetupError, "no part of a file of tensors");
  await Deno.writeTextFile(`${folder}/weights.pth`, "words");
  await assertRejects(read, SetupError, "cannot read");
  await Deno.remove(folder, { recursive: true });
});
