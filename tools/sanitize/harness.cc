// Runs our operations under the sanitizers, against plain loops in double precision: the shapes of the
// kernel suite, which come as lines of text, then random ones, wrong ones, and calls for which there
// is no memory.
//
// harness CALLS SEED < SHAPES; the last line of output is `CALLS calls, REFUSED refused, WRONG wrong`.

#include <atomic>
#include <cstdio>
#include <iostream>
#include <memory>
#include <random>
#include <sstream>

#include "../native/ops/ops.cc"
#include "fake_tensorflow.h"
#include "references.h"

// Threads for which there is no memory for arrays; only the operations' intermediate results are arrays.
enum Starved { kNone, kWorkers, kAll };
static std::atomic<Starved> starved{kNone};
static thread_local bool is_main = false;
void *operator new[](size_t size) {
  const bool refuse = starved == kAll || (starved == kWorkers && !is_main);
  void *memory = refuse ? nullptr : std::malloc(size);
  if (!memory) throw std::bad_alloc();
  return memory;
}
void operator delete[](void *memory) noexcept { std::free(memory); }
void operator delete[](void *memory, size_t) noexcept { std::free(memory); }

namespace {

using reference::Run;
using reference::Values;
typedef std::vector<int64_t> Shape;

constexpr double kRoundoff = 1.0 / 256;  // of bfloat16

std::mt19937_64 random_bits;
int64_t Between(int64_t low, int64_t high) {
  return low + static_cast<int64_t>(random_bits() % (high - low + 1));
}
// Small sizes as often as large ones.
int64_t Size(int64_t low, int64_t high) {
  const double step = (random_bits() >> 11) * 0x1p-53;
  return static_cast<int64_t>(low * std::pow((high + 1.0) / low, step));
}
bool OneIn(int64_t count) { return Between(1, count) == 1; }

// A tensor and its values as the operation reads them.
struct Given {
  TF_Tensor *tensor;
  Values values;
  Given(TF_DataType type, const Shape &shape, double deviation = 1)
      : tensor(fake::NewTensor(type, shape)), values(fake::ElementCount(shape)) {
    std::normal_distribution<double> normal(0, deviation);
    for (size_t i = 0; i < values.size(); i++) Put(i, static_cast<float>(normal(random_bits)));
  }
  Given(const Given &) = delete;
  ~Given() { fake::Delete(tensor); }
  void Put(int64_t i, float value) {
    if (tensor->type == TF_BFLOAT16) {
      corelens::Bfloat16 &narrow = static_cast<corelens::Bfloat16 *>(tensor->data)[i];
      corelens::Put(&narrow, value);
      values[i] = corelens::Widen(narrow);
    } else if (tensor->type == TF_UINT8) {
      static_cast<uint8_t *>(tensor->data)[i] = static_cast<uint8_t>(random_bits());
    } else {
      static_cast<float *>(tensor->data)[i] = value;
      values[i] = value;
    }
  }
};

int64_t calls = 0, refused = 0, wrong = 0;
TF_Code last_code = TF_OK;
std::string now;  // the call, for messages

// One call of an operation; the outputs that it gave, empty if it failed.
std::vector<Values> Call(const char *name, const std::map<std::string, double> &attributes,
                         const std::vector<const TF_Tensor *> &inputs) {
  calls++;
  const int64_t tensors = fake::live_tensors, statuses = fake::live_statuses;
  TF_OpKernelConstruction construction{attributes};
  const TF_KernelBuilder &kernel = *fake::kernels.at(name);
  void *settings = kernel.make ? kernel.make(&construction) : nullptr;
  TF_OpKernelContext context;
  context.inputs = inputs;
  kernel.compute(settings, &context);
  if (kernel.remove) kernel.remove(settings);
  std::vector<Values> results;
  last_code = context.failure.code;
  if (last_code != TF_OK) refused++;
  for (auto &[index, output] : context.outputs) {
    Values values(fake::ElementCount(output->shape));
    for (size_t i = 0; i < values.size() && last_code == TF_OK; i++) {
      values[i] = output->type == TF_BFLOAT16
                      ? corelens::Widen(static_cast<corelens::Bfloat16 *>(output->data)[i])
                  : output->type == TF_UINT8 ? static_cast<uint8_t *>(output->data)[i]
                                             : static_cast<float *>(output->data)[i];
    }
    if (last_code == TF_OK) results.push_back(values);
    fake::Delete(output);
  }
  if (tensors != fake::live_tensors || statuses != fake::live_statuses) {
    std::printf("%s: tensors or status objects left over\n", now.c_str());
    wrong++;
  }
  return results;
}

// Within `roundings` of the compute type and float32's own errors, of the largest value. NaN equals
// NaN.
void Check(const std::vector<Values> &found, size_t index, const Values &wanted, double roundings) {
  if (last_code == TF_RESOURCE_EXHAUSTED && starved != kNone) return;  // as it must be
  if (found.size() <= index || found[index].size() != wanted.size()) {
    std::printf("%s: no result %zu\n", now.c_str(), index);
    wrong++;
    return;
  }
  double largest = 0;
  for (double value : wanted) {
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  }
  const double bound = (2e-5 + roundings * kRoundoff) * largest + 1e-9;
  for (size_t i = 0; i < wanted.size(); i++) {
    const double value = found[index][i];
    const bool same = value == wanted[i] || (std::isnan(value) && std::isnan(wanted[i]));
    if (same || std::abs(value - wanted[i]) <= bound) continue;
    std::printf("%s: result %zu, value %zu is %g, wanted %g within %g\n", now.c_str(), index, i,
                value, wanted[i], bound);
    wrong++;
    return;
  }
}

TF_DataType AnyType() { return OneIn(2) ? TF_FLOAT : TF_BFLOAT16; }
double Roundings(TF_DataType type, double count) { return type == TF_BFLOAT16 ? count : 0; }

void Say(const char *name, TF_DataType type, const Shape &shape) {
  now = std::string(name) + (type == TF_BFLOAT16 ? " bfloat16" : " float");
  for (int64_t size : shape) now += " " + std::to_string(size);
}

void TryNorm(const Shape &shape, TF_DataType type) {
  Say("norm", type, shape);
  const int64_t width = shape.back();
  const TF_DataType gain_type = AnyType(), out = AnyType();
  const bool center = OneIn(2), gained = OneIn(2), biased = OneIn(2);
  const Given x(type, shape, 3), gain(gain_type, {gained ? width : 0});
  const Given bias(gain_type, {biased ? width : 0});
  const auto found = Call("CorelensNorm", {{"eps", 1e-3}, {"center", center}, {"Y", out}},
                          {x.tensor, gain.tensor, bias.tensor});
  Check(found, 0, reference::Norm(x.values, gain.values, bias.values, width, 1e-3, center),
        Roundings(out, 1));
}

void TryGated(const Shape &shape, TF_DataType type) {
  Say("gated", type, shape);
  const int kind = static_cast<int>(Between(0, 4));
  const bool plain = OneIn(3);
  const Given gate(type, shape, 3), up(type, plain ? Shape{0} : shape);
  Values wanted(gate.values.size());
  for (size_t i = 0; i < wanted.size(); i++) {
    wanted[i] = reference::Activate(kind, gate.values[i]) * (up.values.empty() ? 1 : up.values[i]);
  }
  Check(Call("CorelensGated", {{"kind", kind}}, {gate.tensor, up.tensor}), 0, wanted,
        Roundings(type, 1));
}

void TryRotate(const Shape &shape, TF_DataType type) {
  Say("rotate", type, shape);
  const int64_t tokens = shape[shape.size() - 2], width = shape.back();
  const Given x(type, shape), cosine(TF_FLOAT, {tokens, width}), sine(TF_FLOAT, {tokens, width});
  Check(Call("CorelensRotate", {}, {x.tensor, cosine.tensor, sine.tensor}), 0,
        reference::Rotate(x.values, cosine.values, sine.values, tokens, width), Roundings(type, 1));
}

void TryAdd(const Shape &shape) {
  const TF_DataType type = AnyType();
  Say("add", type, shape);
  const Given a(TF_FLOAT, shape), b(type, shape);
  Values wanted = a.values;
  for (size_t i = 0; i < wanted.size(); i++) wanted[i] += b.values[i];
  Check(Call("CorelensAdd", {}, {a.tensor, b.tensor}), 0, wanted, 0);
}

void TryLinear(int64_t rows, int64_t depth, int64_t width, TF_DataType type) {
  Say("linear", type, {rows, depth, width});
  const Given x(type, {rows, depth}), weight(type, {width, depth}, 1 / std::sqrt(depth + 1.0));
  const Given bias(type, {OneIn(2) ? width : 0});
  const int kind = static_cast<int>(Between(-1, 4));
  const int parts = OneIn(2) ? 0 : 3;
  Values wanted = reference::Linear(x.values, weight.values, bias.values, rows, depth, width);
  for (double &value : wanted) value = kind < 0 ? value : reference::Activate(kind, value);
  // without matrix registers the sum is rounded before its activation
  Check(Call("CorelensLinear", {{"kind", kind}, {"parts", parts}}, {x.tensor, weight.tensor, bias.tensor}), 0, wanted,
        Roundings(type, kind < 0 ? 1 : 3));
}

// A format of blocks: its number, elements, bytes, and where its numbers of 16 and of 32 bits lie.
struct BlockFormat {
  int number;
  int64_t elements, bytes;
  std::vector<int64_t> halves, floats;
};
const std::vector<BlockFormat> block_formats{
    {2, 32, 18, {0}},        {3, 32, 20, {0, 2}},       {6, 32, 22, {0}},     {7, 32, 24, {0, 2}},
    {8, 32, 34, {0}},        {10, 256, 84, {80, 82}},   {11, 256, 110, {108}}, {12, 256, 144, {0, 2}},
    {13, 256, 176, {0, 2}},  {14, 256, 210, {208}},     {20, 32, 18, {0}},    {23, 256, 136, {0}},
    {1, 1, 2, {0}},          {30, 1, 2, {0}},           {101, 32, 21, {}, {0}},
    {103, 128, 69, {}, {0}}, {105, 64, 40, {}, {0, 4}}, {107, 32, 36, {}, {0}},
    {109, 32, 36, {}, {0}},  {110, 128, 132, {}, {0}},  {111, 32, 28, {}, {0, 4}},
    {112, 64, 48, {}, {0, 4}}, {113, 32, 32, {}, {0, 4}}, {114, 64, 56, {}, {0, 4}},
    {115, 32, 40, {}, {0, 4}}, {116, 64, 72, {}, {0, 4}}};

// Gives blocks of any bytes scales that are numbers of no extreme size.
void FillBlocks(const BlockFormat &format, uint8_t *blocks, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    uint8_t *block = blocks + i * format.bytes;
    for (const int64_t at : format.halves) block[at + 1] &= 0xbf;  // below 2, of either sign
    for (const int64_t at : format.floats) block[at + 3] = 0x3f;   // from 0.5 to 2
    if (format.number >= 101 && format.number <= 103) block[4] &= 15;  // what is taken off four bits
    const bool float8 = format.number == 109 || format.number == 110;
    for (int64_t at = 4; float8 && at < format.bytes; at++) block[at] &= 0xf7;  // no NaN
  }
}

// Rows of a weight in blocks, unpacked, and products with it.
void TryPacked(const BlockFormat &format, int64_t rows, int64_t blocks, int64_t width,
               TF_DataType type) {
  Say("packed", type, {format.number, rows, blocks, width});
  const int64_t depth = blocks * format.elements, row_bytes = blocks * format.bytes;
  const bool apart = OneIn(2);  // in a longer row of bytes
  const int64_t skipped = apart ? Between(0, 70) : 0;
  const Given weight(TF_UINT8, apart ? Shape{skipped + width * row_bytes} : Shape{width, row_bytes});
  const Given place(TF_FLOAT, {apart ? 4 : 0}), x(type, {rows, depth});
  if (apart) {
    const int32_t numbers[] = {static_cast<int32_t>(skipped), 0, static_cast<int32_t>(width),
                               static_cast<int32_t>(row_bytes)};
    std::memcpy(place.tensor->data, numbers, sizeof(numbers));
  }
  const Given bias(type, {OneIn(2) ? width : 0}), all(TF_FLOAT, {width});  // int32: as wide as float
  for (int64_t i = 0; i < width; i++) static_cast<int32_t *>(all.tensor->data)[i] = i;
  FillBlocks(format, static_cast<uint8_t *>(weight.tensor->data) + skipped, width * blocks);
  const double number = format.number;
  const auto values = Call("CorelensUnpackRows", {{"format", number}, {"T", TF_FLOAT}},
                           {weight.tensor, place.tensor, all.tensor});
  if (values.empty()) return Check(values, 0, Values(width * depth), 0);
  const int kind = static_cast<int>(Between(-1, 4));
  auto wanted = reference::Linear(x.values, values[0], bias.values, rows, depth, width);
  for (double &value : wanted) value = kind < 0 ? value : reference::Activate(kind, value);
  Check(Call("CorelensPackedLinear", {{"format", number}, {"kind", kind}, {"T", type}},
             {x.tensor, weight.tensor, place.tensor, bias.tensor}),
        0, wanted, Roundings(type, kind < 0 ? 3 : 5));
}

}  // namespace

#include "layers.h"

namespace {

// Codes of a weight put into blocks, of parts that fit and of parts that are too small; their values are
// tested in tests/weights/packings_test.ts.
void TryGroups() {
  const int64_t outputs = Size(1, 90), elements = 32 * (1 << Between(0, 2));
  const int64_t inputs = elements * Between(1, 3), bits = Between(1, 8);
  const bool along_outputs = OneIn(2), bytes = bits == 8 && OneIn(2);
  const int64_t run = along_outputs ? outputs : inputs, runs = along_outputs ? inputs : outputs;
  const int64_t size = bytes ? outputs * inputs : 4 * runs * corelens::CeilDiv(run * bits, 32);
  const int kind = bytes ? Between(0, 2) : Between(0, 1);
  const int packed_bits = kind > 0 ? 8 : Between(4, 6), offset = kind == 2 ? 0 : Between(0, 1);
  const int64_t block_outputs = Between(1, 3), skipped = Between(0, 63);
  const int64_t groups = corelens::CeilDiv(outputs, block_outputs) * (inputs / elements);
  Say("groups", TF_FLOAT, {outputs, inputs, bits, along_outputs, kind, packed_bits, offset});
  std::vector<int32_t> plan;
  for (const int64_t number :
       {skipped, outputs, inputs, bits, int64_t{along_outputs}, Between(0, 1), int64_t{bytes},
        OneIn(2) ? int64_t{1} << (bits - 1) : 0, Between(-128, 0), int64_t{kind},
        int64_t{packed_bits}, int64_t{offset}, elements, block_outputs, elements, Between(0, 1)}) {
    plan.push_back(static_cast<int32_t>(number));
  }
  const bool placed = bits == 4 && !bytes && OneIn(2);
  for (int i = 0; i < 32; i++) plan.push_back(placed ? 7 - i % 8 : -1);
  const auto words = [](const std::vector<int32_t> &numbers) {
    std::unique_ptr<Given> given(new Given(TF_FLOAT, {static_cast<int64_t>(numbers.size())}));
    std::copy(numbers.begin(), numbers.end(), static_cast<int32_t *>(given->tensor->data));
    return given;
  };
  std::vector<int32_t> inputs_in_order(OneIn(2) ? inputs : 0);
  for (int32_t &input : inputs_in_order) input = static_cast<int32_t>(Between(0, inputs - 1));
  const bool less = OneIn(4);
  const Given codes(TF_UINT8, {skipped + size - (less ? Between(1, size) : 0)});
  const Given scales(TF_FLOAT, {groups}), zeros(TF_FLOAT, {OneIn(2) ? groups : 0});
  const Given offsets(TF_FLOAT, {OneIn(2) ? groups : 0});
  const auto own_plan = words(plan), order = words(inputs_in_order);
  const auto found = Call("CorelensPackGroups", {}, {codes.tensor, own_plan->tensor, scales.tensor, zeros.tensor,
                                    offsets.tensor, order->tensor});
  const int64_t start = offset ? 8 : kind == 0 ? 5 : 4;
  const size_t wanted = outputs * inputs / elements * (start + elements * packed_bits / 8);
  if (less ? found.empty() : !found.empty() && found[0].size() == wanted) return;
  std::printf("%s: %s\n", now.c_str(), less ? "codes that are not there" : "no blocks");
  wrong++;
}

// The second of two numbers of 64 bits.
int64_t LongSize(const Given &given) {
  int64_t numbers[2];
  std::memcpy(numbers, given.tensor->data, sizeof(numbers));
  return numbers[1];
}

// A file that is read or mapped, by ranges that need not be in it.
void TryFile() {
  char path[] = "corelens-sanitize-XXXXXX";
  const int file = mkstemp(path);
  const int64_t size = Between(0, 300);
  std::vector<uint8_t> content(size);
  for (uint8_t &byte : content) byte = static_cast<uint8_t>(random_bits());
  struct stat own;
  const bool there = write(file, content.data(), size) == size && fstat(file, &own) == 0;
  close(file);
  const int64_t offset = Between(-1, 300), length = Between(0, 100);
  Say("file", TF_FLOAT, {size, offset, length, there});
  const auto longs = [](const std::vector<int64_t> &numbers) {
    std::unique_ptr<Given> given(new Given(TF_FLOAT, {2 * static_cast<int64_t>(numbers.size())}));
    std::memcpy(given->tensor->data, numbers.data(), 8 * numbers.size());
    return given;
  };
  const Given name(TF_UINT8, {static_cast<int64_t>(std::strlen(path))}), shape(TF_FLOAT, {1});
  std::memcpy(name.tensor->data, path, std::strlen(path));
  const int32_t bytes = static_cast<int32_t>(length);
  std::memcpy(shape.tensor->data, &bytes, 4);
  const auto known = longs({static_cast<int64_t>(own.st_ino), OneIn(5) ? size + 1 : size});
  const auto range = longs({offset, length});
  const bool right = offset >= 0 && offset + length <= size && LongSize(*known) == size;
  const Values wanted(right ? Values(content.begin() + offset, content.begin() + offset + length)
                            : Values());
  const auto read = Call("CorelensReadFile", {},
                         {name.tensor, known->tensor, range->tensor, shape.tensor});
  const bool fits = right || (length == 0 && offset >= 0 && LongSize(*known) == size);
  if (fits ? read.empty() || read[0] != wanted : !read.empty()) {
    std::printf("%s: read otherwise\n", now.c_str()), wrong++;
  }
  const int kinds[] = {TF_FLOAT, TF_HALF, TF_BFLOAT16};
  const int kind = kinds[Between(0, 2)];
  const int64_t unit = kind == TF_FLOAT ? 4 : 2, count = length / unit;
  const TF_DataType type = AnyType();
  const int32_t numbers = static_cast<int32_t>(count);
  std::memcpy(shape.tensor->data, &numbers, 4);
  const auto as = Call("CorelensReadWeight", {{"kind", kind}, {"T", type}},
                       {name.tensor, known->tensor, range->tensor, shape.tensor});
  Values values(right ? count : 0);
  for (size_t i = 0; i < values.size(); i++) {
    uint8_t bytes[4];
    std::memcpy(bytes, content.data() + offset + i * unit, unit);
    const float value = kind == TF_FLOAT  ? corelens::LoadAs<float>(bytes)
                        : kind == TF_HALF ? corelens::HalfAt(bytes)
                                          : corelens::Widen(corelens::LoadAs<corelens::Bfloat16>(bytes));
    corelens::Bfloat16 narrow;
    corelens::Put(&narrow, value);
    values[i] = type == TF_BFLOAT16 ? corelens::Widen(narrow) : value;
  }
  if (fits && length % unit == 0) {
    Check(as, 0, values, 0);
  } else if (!as.empty()) {
    std::printf("%s: numbers that are not there\n", now.c_str()), wrong++;
  }
  const auto mapped = Call("CorelensMapFile", {}, {name.tensor, known->tensor, range->tensor});
  if (right && length > 0) {
    const size_t before = offset % 64;
    if (mapped.empty() || Values(mapped[0].begin() + before, mapped[0].end()) != wanted) {
      std::printf("%s: mapped otherwise\n", now.c_str()), wrong++;
    }
  } else if (!mapped.empty()) {
    std::printf("%s: mapped what is not there\n", now.c_str()), wrong++;
  }
  unlink(path);
}

struct AttentionShape {
  int64_t batch, heads, queries, width, key_heads;
  std::vector<std::pair<int64_t, int64_t>> runs;
};

// `faults`: puts numbers that are not finite into keys that only the last query may see.
void TryAttention(const AttentionShape &s, TF_DataType type, bool causal, bool ranged, bool faults) {
  Say("attention", type, {s.batch, s.heads, s.queries, s.width, s.key_heads, causal, ranged, faults});
  const Given query(type, {s.batch, s.heads, s.queries, s.width}, 2 / std::sqrt(s.width));
  std::vector<std::unique_ptr<Given>> keys, values;
  std::vector<Run> runs;
  for (const auto &[batch, length] : s.runs) {
    now += " + " + std::to_string(batch) + " " + std::to_string(length);
    const Shape shape{batch, s.key_heads, length, s.width};
    keys.emplace_back(new Given(type, shape));
    values.emplace_back(new Given(type, shape));
  }
  if (faults && s.runs.back().second > 0) {
    const int64_t rows = s.runs.back().second;
    for (int64_t head = 0; head < s.runs.back().first * s.key_heads; head++) {
      const int64_t last = ((head + 1) * rows - 1) * s.width;
      const float fault = OneIn(2) ? NAN : INFINITY;
      if (OneIn(2)) values.back()->Put(last + Between(0, s.width - 1), fault);
      else keys.back()->Put(last + Between(0, s.width - 1), NAN);
    }
  }
  for (size_t i = 0; i < keys.size(); i++) {
    runs.push_back({s.runs[i].first, s.runs[i].second, keys[i]->values, values[i]->values});
  }
  std::vector<int32_t> ranges;
  for (int64_t head = 0; head < s.heads && ranged; head++) {
    const bool whole = OneIn(3);
    ranges.push_back(whole ? 0 : static_cast<int32_t>(Between(0, 70)));
    ranges.push_back(whole ? 0 : static_cast<int32_t>(Size(1, 200)));
  }
  Given limits(TF_FLOAT, {ranged ? s.heads : 0, 2});  // int32: as wide as float
  std::copy(ranges.begin(), ranges.end(), static_cast<int32_t *>(limits.tensor->data));
  std::vector<const TF_Tensor *> inputs{query.tensor, limits.tensor};
  for (const auto &key : keys) inputs.push_back(key->tensor);
  for (const auto &value : values) inputs.push_back(value->tensor);
  const auto found = Call("CorelensAttention",
                          {{"causal", causal}, {"segments", static_cast<double>(keys.size())}}, inputs);
  // shares and result, each of the largest value of which the result is a mean
  Check(found, 0,
        reference::Attention(query.values, runs, s.batch, s.heads, s.key_heads, s.queries, s.width,
                             causal, ranges),
        Roundings(type, 8));
}

// Queries, keys and values of heads side by side, in one tensor or three.
void TryRows(int64_t heads, int64_t width, const Shape &lengths, TF_DataType type) {
  Say("rows", type, {heads, width});
  int64_t rows = 0;
  for (int64_t length : lengths) rows += length, now += " + " + std::to_string(length);
  const int64_t stride = heads * width;
  const bool one = OneIn(2), turned = width % 2 == 0 && OneIn(2);
  const Given together(type, {rows, 3 * stride}), second(type, {rows, stride + 1});
  const Given third(type, {rows, stride}), cosine(TF_FLOAT, {turned ? rows : 0, width});
  const Given sine(TF_FLOAT, {turned ? rows : 0, width});
  Given runs(TF_FLOAT, {static_cast<int64_t>(lengths.size())});  // int32: as wide as float
  std::copy(lengths.begin(), lengths.end(), static_cast<int32_t *>(runs.tensor->data));
  const Given *parts[3] = {&together, one ? &together : &second, one ? &together : &third};
  const int64_t columns[3] = {one ? 0 : stride, one ? stride : 1, one ? 2 * stride : 0};
  const double scale = 1 / std::sqrt(width);
  Values wanted(rows * stride);
  for (int64_t run = 0, start = 0; run < static_cast<int64_t>(lengths.size()); run++) {
    const int64_t length = lengths[run];
    Values heads_of[3];
    for (int i = 0; i < 3; i++) {  // [heads, length, width]
      const int64_t from = parts[i]->tensor->shape[1];
      for (int64_t head = 0; head < heads; head++) {
        for (int64_t row = 0; row < length * width; row++) {
          const int64_t at = (start + row / width) * from + columns[i] + head * width + row % width;
          heads_of[i].push_back(parts[i]->values[at] * (i == 0 ? scale : 1));
        }
      }
      if (i == 2 || !turned) continue;
      const auto table = [&](const Values &all) {
        return Values(all.begin() + start * width, all.begin() + (start + length) * width);
      };
      heads_of[i] =
          reference::Rotate(heads_of[i], table(cosine.values), table(sine.values), length, width);
    }
    const Values z = reference::Attention(heads_of[0], {{1, length, heads_of[1], heads_of[2]}}, 1,
                                          heads, heads, length, width, false, {});
    for (int64_t i = 0; i < length * stride; i++) {
      const int64_t head = i / (length * width), row = i / width % length;
      wanted[(start + row) * stride + head * width + i % width] = z[i];
    }
    start += length;
  }
  const auto found = Call("CorelensRowAttention",
                          {{"heads", heads}, {"width", width}, {"scale", scale},
                           {"query_column", columns[0]}, {"key_column", columns[1]},
                           {"value_column", columns[2]}},
                          {parts[0]->tensor, parts[1]->tensor, parts[2]->tensor, runs.tensor,
                           cosine.tensor, sine.tensor});
  Check(found, 0, wanted, Roundings(type, 24));
}

AttentionShape AnyAttention() {
  AttentionShape s;
  s.batch = Between(1, 2);
  s.key_heads = Between(1, 2);
  s.heads = s.key_heads * Between(1, 2);
  s.queries = Size(1, 70);
  s.width = Size(1, 40);
  int64_t keys = 0;
  bool shared = true;
  for (int64_t left = Between(1, 4); left > 0; left--) {
    shared = shared && OneIn(2);
    const int64_t length = left == 1 ? std::max(s.queries - keys, Size(1, 30)) : Size(1, 90);
    s.runs.push_back({shared ? 1 : s.batch, length});
    keys += length;
  }
  return s;
}

void TryGradients(int64_t rows, int64_t width) {
  const Shape shape{rows, width};
  const Given x(TF_FLOAT, shape), dy(TF_FLOAT, shape), up(TF_FLOAT, shape);
  const Given gain(TF_FLOAT, {OneIn(2) ? width : 0});
  Say("norm gradient", TF_FLOAT, shape);
  Values dx(x.values.size()), dgain(gain.values.size());
  for (size_t row = 0; row < dx.size(); row += width) {
    double square = 0, product = 0;
    for (int64_t i = 0; i < width; i++) {
      const double g = gain.values.empty() ? 1 : gain.values[i];
      square += x.values[row + i] * x.values[row + i] / width;
      product += dy.values[row + i] * g * x.values[row + i] / width;
    }
    const double r = 1 / std::sqrt(square + 1e-3);
    for (int64_t i = 0; i < width; i++) {
      const double g = gain.values.empty() ? 1 : gain.values[i];
      dx[row + i] = r * (dy.values[row + i] * g - x.values[row + i] * r * r * product);
      if (!dgain.empty()) dgain[i] += dy.values[row + i] * x.values[row + i] * r;
    }
  }
  const auto norm =
      Call("CorelensNormGradient", {{"eps", 1e-3}}, {x.tensor, gain.tensor, dy.tensor});
  Check(norm, 0, dx, 0);
  Check(norm, 1, dgain, 0);

  Say("gated gradient", TF_FLOAT, shape);
  Values dgate(dx.size()), dup(dx.size());
  for (size_t i = 0; i < dx.size(); i++) {
    const double g = x.values[i], s = reference::Sigmoid(g);
    dgate[i] = dy.values[i] * up.values[i] * (s + g * s * (1 - s));
    dup[i] = dy.values[i] * g * s;
  }
  const auto gated = Call("CorelensGatedGradient", {}, {x.tensor, up.tensor, dy.tensor});
  Check(gated, 0, dgate, 0);
  Check(gated, 1, dup, 0);

  Say("softmax and its gradient", TF_FLOAT, shape);
  const Given mask(TF_FLOAT, {OneIn(2) ? rows : 1, width});
  Check(Call("CorelensMaskedSoftmax", {}, {x.tensor, mask.tensor}), 0,
        reference::MaskedSoftmax(x.values, mask.values, width), 0);
  Check(Call("CorelensSoftmaxGradient", {}, {x.tensor, dy.tensor}), 0,
        reference::SoftmaxGradient(x.values, dy.values, width), 0);

  Say("weighted sum", TF_BFLOAT16, shape);
  const Given a(TF_BFLOAT16, shape), b(TF_BFLOAT16, shape);
  Values sum(dx.size());
  for (size_t i = 0; i < sum.size(); i++) sum[i] = 3 * a.values[i] - 2 * b.values[i];
  Check(Call("CorelensWeightedSum", {{"first", 3}, {"second", -2}}, {a.tensor, b.tensor}), 0, sum, 1);

  const int64_t even = width + width % 2;
  Say("rotate gradient", TF_FLOAT, {2, rows, even});
  const Given turned(TF_FLOAT, {2, rows, even}), dz(TF_FLOAT, {2, rows, even});
  const Given cosine(TF_FLOAT, {rows, even}), sine(TF_FLOAT, {rows, even});
  Values to_x(turned.values.size()), to_cosine(rows * even), to_sine(rows * even);
  for (size_t i = 0; i < to_x.size(); i++) {
    const int64_t half = even / 2, table = i % (rows * even);
    const bool low = static_cast<int64_t>(i % even) < half;
    const int64_t other = low ? half : -half;
    to_x[i] = dz.values[i] * cosine.values[table] +
              (low ? 1 : -1) * dz.values[i + other] * sine.values[table + other];
    to_cosine[table] += dz.values[i] * turned.values[i];
    to_sine[table] += dz.values[i] * (low ? -1 : 1) * turned.values[i + other];
  }
  const auto rotated =
      Call("CorelensRotateGradient", {}, {turned.tensor, cosine.tensor, sine.tensor, dz.tensor});
  Check(rotated, 0, to_x, 0);
  Check(rotated, 1, to_cosine, 0);
  Check(rotated, 2, to_sine, 0);
}

// Tensors whose shapes need not fit each other: whatever the operation says, it stays within them.
void TryMisfits() {
  static const std::pair<const char *, int> operations[] = {
      {"CorelensNorm", 3},         {"CorelensGated", 2},          {"CorelensRotate", 3},
      {"CorelensLinear", 3},       {"CorelensNormGradient", 3},   {"CorelensGatedGradient", 3},
      {"CorelensMaskedSoftmax", 2}, {"CorelensSoftmaxGradient", 2}, {"CorelensRotateGradient", 4},
      {"CorelensAttention", 6},    {"CorelensAdd", 2},            {"CorelensWeightedSum", 2},
      {"CorelensRowAttention", 6}, {"CorelensPackedLinear", 4}, {"CorelensUnpackRows", 3},
      {"CorelensPackGroups", 6},   {"CorelensLayerStart", 13},    {"CorelensLayerRest", 12}};
  const auto &[name, count] = operations[Between(0, 17)];
  now = std::string(name) + " of misfits";
  const std::string own = name;
  TF_DataType type = AnyType();
  if (own.find("Gradient") != std::string::npos || own == "CorelensMaskedSoftmax") type = TF_FLOAT;
  if (own == "CorelensWeightedSum") type = TF_BFLOAT16;
  std::vector<std::unique_ptr<Given>> given;
  std::vector<const TF_Tensor *> inputs;
  Shape shape(Between(0, 4));
  for (int64_t &size : shape) size = Between(0, 5);
  for (int i = 0; i < count; i++) {
    if (OneIn(3)) {
      shape.resize(Between(0, 4));
      for (int64_t &size : shape) size = Between(0, 5);
    }
    const bool tables = own == "CorelensRotate" && i > 0;
    const bool plain = own == "CorelensRowAttention" && i > 2;
    const bool narrow = own == "CorelensAdd" && i > 0;
    const bool wide = (own == "CorelensAdd" && i == 0) || (own == "CorelensUnpackRows" && i > 0) ||
                      (own == "CorelensPackedLinear" && i == 2) || (own == "CorelensPackGroups" && i > 0) ||
                      (own == "CorelensLayerStart" && (i == 0 || i > 9)) ||
                      (own == "CorelensLayerRest" && (i == 0 || i == 11));
    const bool bytes =
        own == (i == 0 ? "CorelensUnpackRows" : i == 1 ? "CorelensPackedLinear" : "") ||
        (own == "CorelensPackGroups" && i == 0);
    const TF_DataType element =
        bytes ? TF_UINT8 : tables || wide || plain || (own == "CorelensAttention" && i == 1) ? TF_FLOAT : narrow ? TF_BFLOAT16 : type;
    given.emplace_back(new Given(element, shape));
    if (own == "CorelensAttention" && i == 1) {
      std::memset(given.back()->tensor->data, 1, 4 * given.back()->values.size());
    }
    if (plain && i == 3) {  // lengths of 1
      int32_t *lengths = static_cast<int32_t *>(given.back()->tensor->data);
      std::fill(lengths, lengths + given.back()->values.size(), 1);
    }
    inputs.push_back(given.back()->tensor);
  }
  Call(name,
       {{"eps", 1}, {"center", 1}, {"Y", TF_FLOAT}, {"kind", Between(-1, 6)}, {"causal", OneIn(2)},
        {"parts", Between(0, 4)}, {"segments", 2}, {"first", 1}, {"second", 1}, {"format", OneIn(2) ? Between(0, 31) : Between(100, 117)}, {"T", type},
        {"heads", Between(1, 2)}, {"width", Between(1, 3)}, {"scale", 1},
        {"query_column", Between(-1, 2)}, {"key_column", Between(-1, 2)}, {"value_column", 0}},
       inputs);
}

// Without memory for intermediate results an operation fails, in whichever thread it needs some; with
// it, it computes again. Comes first: threads keep the memory that they have. kWorkers before kAll.
void TryWithoutMemory() {
  AttentionShape shape{1, 12, 260, 16, 2, {{1, 70}, {1, 260}}};
  const auto refused = [&](Starved threads, auto body) {
    bool failed = false;
    starved = threads;
    // a try in which the caller did everything itself needs no other thread's memory
    for (int i = 0; i < 20 && !failed; i++) {
      body();
      failed = last_code == TF_RESOURCE_EXHAUSTED;
    }
    starved = kNone;
    if (!failed) std::printf("%s: not refused without memory\n", now.c_str()), wrong++;
    body();
  };
  for (const TF_DataType type : {TF_FLOAT, TF_BFLOAT16}) {
    const auto attend = [&] { TryAttention(shape, type, true, false, false); };
    if (type == TF_FLOAT) refused(kWorkers, attend);
    shape.runs[0].second *= 2;  // more than what is kept
    refused(kAll, attend);
    shape.runs[0].second *= 2;  // more than what is kept
  }
  refused(kAll, [] { TryLinear(200, 320, 64, TF_FLOAT); });
}

void TryFormats() {
  for (const BlockFormat &format : block_formats) {
    for (const TF_DataType type : {TF_FLOAT, TF_BFLOAT16}) {
      for (const int64_t rows : {1, 7, 40}) TryPacked(format, rows, 2, 37, type);
    }
  }
}

void TryLine(const std::string &line) {
  std::istringstream words(line);
  std::string name;
  words >> name;
  Shape n;
  for (int64_t number; words >> number;) n.push_back(number);
  for (const TF_DataType type : {TF_FLOAT, TF_BFLOAT16}) {
    if (name == "linear") TryLinear(n[0], n[1], n[2], type);
    if (name == "norm") TryNorm(n, type), TryGated(n, type);
    if (name == "rotate") TryRotate(n, type);
    for (int i = 0; name == "rows" && i < 4; i++) {
      TryRows(n[0], n[1], Shape(n.begin() + 2, n.end()), type);
    }
    if (name != "attention") continue;
    AttentionShape s{n[0], n[1], n[2], n[3], n[4], {}};
    for (size_t i = 5; i + 1 < n.size(); i += 2) s.runs.push_back({n[i], n[i + 1]});
    TryAttention(s, type, false, false, false);
    for (const bool ranged : {false, true}) {
      for (const bool faults : {false, true}) TryAttention(s, type, true, ranged, faults);
    }
  }
}

void TryAny() {
  const TF_DataType type = AnyType();
  Shape shape(Between(1, 4));
  for (int64_t &size : shape) size = Size(1, 9);
  shape.back() = Size(1, 90);
  switch (Between(0, 15)) {
    case 0: return TryNorm(shape, type);
    case 1: return TryGated(shape, type);
    case 2: return TryRotate({Size(1, 6), Size(1, 20), 2 * Size(1, 40)}, type);
    case 3: return TryAdd(shape);
    case 4: return TryLinear(Size(1, 20), Size(1, 200), Size(1, 100), type);
    case 5: return TryLinear(Size(17, 200), 8 * Size(1, 12), 8 * Size(1, 8), type);
    case 6: return TryGradients(Size(1, 40), Size(4, 70));
    case 7: return TryMisfits();
    case 8: {
      const BlockFormat &format = block_formats[Between(0, block_formats.size() - 1)];
      return TryPacked(format, Size(1, 60), Size(1, 512 / format.elements), Size(1, 50), type);
    }
    case 10: return TryGroups();
    case 12: return TryLayerStart(type);
    case 13: return TryLayerRest(type);
    case 11: return TryFile();
    case 9: {
      Shape lengths(Between(1, 4));
      for (int64_t &length : lengths) length = Size(1, 40);
      return TryRows(Between(1, 3), Size(1, 40), lengths, type);
    }
    default: {
      const bool causal = !OneIn(4);
      return TryAttention(AnyAttention(), type, causal, causal && OneIn(2), causal && OneIn(4));
    }
  }
}

}  // namespace

int main(int count, char **arguments) {
  if (count != 3) return 2;
  const int64_t wanted = std::atoll(arguments[1]);
  random_bits.seed(std::strtoull(arguments[2], nullptr, 10));
  if (const int code = corelens_register_ops(4); code != 0) {
    std::printf("not for this processor\n");
    return 3;
  }
  is_main = true;
  TryWithoutMemory();
  for (std::string line; std::getline(std::cin, line);) TryLine(line);
  TryFormats();
  const int64_t shared = calls;
  while (calls < shared + wanted) TryAny();
  std::printf("%lld calls, %lld refused, %lld wrong\n", static_cast<long long>(calls),
              static_cast<long long>(refused), static_cast<long long>(wrong));
  return wrong == 0 ? 0 : 1;
}
