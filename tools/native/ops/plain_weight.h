// Weights whose numbers lie as products read them; `PackedWeight` (packed.h) is the other kind.
#ifndef CORELENS_PLAIN_WEIGHT_H_
#define CORELENS_PLAIN_WEIGHT_H_

#include "scratch.h"

namespace corelens {

// Where rows of a weight [width, depth] lie, whatever type of numbers is asked for.
template <typename Element>
struct PlainWeight {
  const Element *data;
  int64_t width, depth;
  template <typename>
  const Element *Rows(int64_t first, int64_t, ScratchSlot) const {
    return data + first * depth;
  }
};

}  // namespace corelens

#endif  // CORELENS_PLAIN_WEIGHT_H_
