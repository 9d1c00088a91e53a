// Decoder layers of few rows under the sanitizers; included by harness.cc, after what it needs.
#ifndef CORELENS_SANITIZE_LAYERS_H_
#define CORELENS_SANITIZE_LAYERS_H_

namespace {

// A weight [width, depth] of some kind, with what a plan says of it.
struct AnyWeight {
  std::unique_ptr<Given> given;
  Values values;
  std::vector<int32_t> plan;
};

AnyWeight MakeWeight(int64_t width, int64_t depth, TF_DataType type) {
  AnyWeight made;
  const BlockFormat &format = block_formats[Between(0, block_formats.size() - 1)];
  if (OneIn(3) || depth % format.elements != 0) {
    made.given.reset(new Given(type, {width, depth}, 1 / std::sqrt(depth + 1.0)));
    made.values = made.given->values;
    made.plan.assign(6, 0);
    return made;
  }
  const int64_t row_bytes = depth / format.elements * format.bytes, skipped = OneIn(2) ? Between(0, 70) : 0;
  const bool apart = skipped > 0;
  made.given.reset(new Given(TF_UINT8, apart ? Shape{skipped + width * row_bytes} : Shape{width, row_bytes}));
  FillBlocks(format, static_cast<uint8_t *>(made.given->tensor->data) + skipped,
             width * depth / format.elements);
  made.plan = {format.number, apart, 0, 0, 0, 0};
  if (apart) {
    made.plan[2] = static_cast<int32_t>(skipped);
    made.plan[4] = static_cast<int32_t>(width);
    made.plan[5] = static_cast<int32_t>(row_bytes);
  }
  const Given place(TF_FLOAT, {apart ? 4 : 0}), all(TF_FLOAT, {width});  // int32: as wide as float
  if (apart) std::memcpy(place.tensor->data, made.plan.data() + 2, 16);
  for (int64_t i = 0; i < width; i++) static_cast<int32_t *>(all.tensor->data)[i] = i;
  const std::string own = now;
  now = "rows of a layer's weight";
  const auto values = Call("CorelensUnpackRows", {{"format", format.number}, {"T", TF_FLOAT}},
                           {made.given->tensor, place.tensor, all.tensor});
  now = own;
  if (!values.empty()) made.values = values[0];
  return made;
}

// Intermediate results as the operation stores them; sums that nearly cancel would differ by far else.
Values Stored(Values values, TF_DataType type) {
  for (double &value : values) {
    if (type != TF_BFLOAT16) continue;
    corelens::Bfloat16 narrow;
    corelens::Put(&narrow, static_cast<float>(value));
    value = corelens::Widen(narrow);
  }
  return values;
}

// int32 numbers as a tensor.
std::unique_ptr<Given> Numbers(const std::vector<int32_t> &numbers) {
  std::unique_ptr<Given> given(new Given(TF_FLOAT, {static_cast<int64_t>(numbers.size())}));
  std::copy(numbers.begin(), numbers.end(), static_cast<int32_t *>(given->tensor->data));
  return given;
}

// What a plan says, sometimes otherwise than it is: the operation must refuse it, or stay within its inputs.
bool Spoilt(std::vector<int32_t> *plan) {
  if (!OneIn(6)) return false;
  (*plan)[Between(0, plan->size() - 1)] += static_cast<int32_t>(OneIn(2) ? Between(-3, 3) : Between(-300, 300));
  return true;
}

// [rows, heads * width] as [batch, heads, tokens, width].
Values HeadsFirst(const Values &x, int64_t batch, int64_t heads, int64_t tokens, int64_t width) {
  Values y(x.size());
  for (size_t i = 0; i < x.size(); i++) {
    const int64_t column = i % width, head = i / width % heads, row = i / (width * heads);
    y[((row / tokens * heads + head) * tokens + row % tokens) * width + column] = x[i];
  }
  return y;
}

void TryLayerStart(TF_DataType type) {
  const int64_t batch = Between(1, 3), tokens = Size(1, 6), key_heads = Between(1, 2);
  const int64_t heads = key_heads * Between(1, 3), width = 2 * Size(1, 24);
  const int64_t depth = OneIn(2) ? 256 * Between(1, 2) : Size(1, 90), rows = batch * tokens;
  Say("layer start", type, {batch, tokens, depth, heads, key_heads, width});
  const bool normed = OneIn(2);
  const Given x(TF_FLOAT, {batch, tokens, depth}), gain(type, {depth});
  const Given cosine(TF_FLOAT, {tokens, width}), sine(TF_FLOAT, {tokens, width});
  const Given query_gain(type, {normed ? width : 0}), key_gain(type, {normed ? width : 0});
  const int64_t counts[3] = {heads, key_heads, key_heads};
  std::vector<AnyWeight> weights;
  std::vector<std::unique_ptr<Given>> biases;
  std::vector<int32_t> plan{static_cast<int32_t>(heads), static_cast<int32_t>(key_heads), normed};
  for (const int64_t count : counts) {
    weights.push_back(MakeWeight(count * width, depth, type));
    biases.emplace_back(new Given(type, {OneIn(2) ? count * width : 0}));
    plan.insert(plan.end(), weights.back().plan.begin(), weights.back().plan.end());
  }
  const bool spoilt = Spoilt(&plan);
  const auto numbers = Numbers(plan);
  const auto found = Call("CorelensLayerStart", {{"T", type}, {"eps", 1e-3}, {"scale", 0.25}},
                          {x.tensor, gain.tensor, weights[0].given->tensor, biases[0]->tensor,
                           weights[1].given->tensor, biases[1]->tensor, weights[2].given->tensor,
                           biases[2]->tensor, query_gain.tensor, key_gain.tensor, cosine.tensor,
                           sine.tensor, numbers->tensor});
  if (spoilt) return;
  const Values unit = Stored(reference::Norm(x.values, gain.values, {}, depth, 1e-3, false), type);
  for (int part = 0; part < 3; part++) {
    Values wanted = reference::Linear(unit, weights[part].values, biases[part]->values, rows, depth,
                                      counts[part] * width);
    wanted = Stored(wanted, type);
    if (part < 2 && normed) {
      const Values &own = part == 0 ? query_gain.values : key_gain.values;
      wanted = reference::Norm(wanted, own, {}, width, 1e-3, false);
    }
    wanted = HeadsFirst(Stored(wanted, type), batch, counts[part], tokens, width);
    if (part < 2) wanted = reference::Rotate(wanted, cosine.values, sine.values, tokens, width);
    if (part == 0) for (double &value : wanted) value *= 0.25;
    Check(found, part, wanted, Roundings(type, 24));
  }
}

void TryLayerRest(TF_DataType type) {
  const int64_t rows = Size(1, 9), depth = OneIn(2) ? 256 : Size(1, 60), inner = OneIn(2) ? 256 : Size(1, 60);
  const int64_t middle = OneIn(2) ? 256 * Between(1, 2) : Size(1, 90);
  const int kind = static_cast<int>(Between(0, 4));
  Say("layer rest", type, {rows, depth, inner, middle, kind});
  const bool normed = OneIn(2);
  const Given x(TF_FLOAT, {rows, depth}), z(type, {rows, inner}), gain(type, {depth});
  const Given attention_gain(type, {normed ? depth : 0}), feed_gain(type, {normed ? depth : 0});
  const Given bias(type, {OneIn(2) ? depth : 0}), none(type, {0});
  const AnyWeight output = MakeWeight(depth, inner, type), gate = MakeWeight(middle, depth, type);
  const AnyWeight up = MakeWeight(middle, depth, type), down = MakeWeight(depth, middle, type);
  std::vector<int32_t> plan;
  for (const AnyWeight *weight : {&output, &gate, &up, &down}) {
    plan.insert(plan.end(), weight->plan.begin(), weight->plan.end());
  }
  plan.push_back(static_cast<int32_t>(middle));
  const bool spoilt = Spoilt(&plan);
  const auto numbers = Numbers(plan);
  const auto found = Call("CorelensLayerRest", {{"T", type}, {"eps", 1e-3}, {"kind", kind}},
                          {x.tensor, z.tensor, gain.tensor, attention_gain.tensor, feed_gain.tensor,
                           output.given->tensor, gate.given->tensor, up.given->tensor,
                           down.given->tensor, bias.tensor, none.tensor, numbers->tensor});
  if (spoilt) return;
  const auto added = [&](const Values &residual, Values branch, const Values &own) {
    if (normed) branch = reference::Norm(branch, own, {}, depth, 1e-3, false);
    for (size_t i = 0; i < branch.size(); i++) branch[i] += residual[i];
    return branch;
  };
  const Values attended =
      Stored(reference::Linear(z.values, output.values, bias.values, rows, inner, depth), type);
  const Values mid = added(x.values, attended, attention_gain.values);
  const Values unit = Stored(reference::Norm(mid, gain.values, {}, depth, 1e-3, false), type);
  Values active = Stored(reference::Linear(unit, gate.values, {}, rows, depth, middle), type);
  const Values linear = Stored(reference::Linear(unit, up.values, {}, rows, depth, middle), type);
  for (size_t i = 0; i < active.size(); i++) {
    active[i] = reference::Activate(kind, active[i]) * linear[i];
  }
  const Values fed = reference::Linear(Stored(active, type), down.values, {}, rows, middle, depth);
  Check(found, 0, added(mid, Stored(fed, type), feed_gain.values), Roundings(type, 24));
}

}  // namespace

#endif  // CORELENS_SANITIZE_LAYERS_H_
