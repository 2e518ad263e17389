// The functions of `vector_math.h` against the C library in double precision, over floats of all sizes.
#include "vector_math.h"

#include "check.h"

using namespace hourglass;
using namespace hourglass::check;

static float floatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// In units of the last place of the right result.
static double errorOf(float got, double right) {
  const float nearest = static_cast<float>(right);
  if (std::isnan(nearest) || std::isnan(got)) return std::isnan(nearest) && std::isnan(got) ? 0 : INFINITY;
  if (std::isinf(nearest) || std::isinf(got)) return nearest == got ? 0 : INFINITY;
  if (right == 0) return got == 0 && std::signbit(got) == std::signbit(right) ? 0 : INFINITY;
  int exponent;
  std::frexp(right, &exponent);
  return std::fabs(got - right) / std::ldexp(1.0, std::max(exponent - 24, -149));
}

struct Worst {
  const char* name;
  double bound, error = 0;
  float at = 0, by = 0;

  void add(double error, float x, float y = 0) {
    if (!(error > this->error)) return;
    this->error = error;
    at = x;
    by = y;
  }

  void report() const {
    if (error > bound) fail("%s: %.3f units at %.9g, %.9g", name, error, at, by);
    else std::printf("%-9s %.3f units at %.9g\n", name, error, at);
  }
};

// Floats of every sign and size, one in `stride`.
template <typename Function, typename Right>
static void overAll(const char* name, double bound, uint32_t stride, const Function& function, const Right& right) {
  Worst worst{name, bound};
  const uint64_t step = uint64_t{stride} * kLanes;
  for (uint64_t first = 0; first < uint64_t{1} << 32; first += step) {
    float in[kLanes], out[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) in[lane] = floatOf(static_cast<uint32_t>(first + uint64_t{stride} * lane));
    store(out, function(load(in)));
    for (int lane = 0; lane < kLanes; ++lane) worst.add(errorOf(out[lane], right(static_cast<double>(in[lane]))), in[lane]);
    const float alone = function(in[first / step % kLanes]), among = out[first / step % kLanes];
    if (alone == alone && std::memcmp(&alone, &among, sizeof alone) != 0) fail("%s: %.9g alone, %.9g in a vector", name, alone, among);
  }
  for (float x : {0.0f, -0.0f, 1.0f, -1.0f, INFINITY, -INFINITY, NAN, 0x1p-149f, -0x1p-149f, 0x1p-126f, 0x1.fffffep127f}) {
    worst.add(errorOf(function(x), right(static_cast<double>(x))), x);
  }
  worst.report();
}

static void powers(Random& random, int count) {
  Worst worst{"pow", 0.6};
  const auto add = [&](float x, float y) {
    worst.add(errorOf(math::pow(x, y), std::pow(static_cast<double>(x), static_cast<double>(y))), x, y);
  };
  const float special[] = {0,    1,       2,          3,          0.5,  2.5,  0x1p-149f,     0x1p-127f, 0x1p127f,
                           NAN,  8388607, 8388608.5f, 16777217.f, 1e10, 1e-10, INFINITY, 0.99999994f};
  for (float x : special) {
    for (float y : special) {
      for (int signs = 0; signs < 4; ++signs) add((signs & 1) != 0 ? -x : x, (signs & 2) != 0 ? -y : y);
    }
  }
  for (int index = 0; index < count; ++index) {
    const float x = floatOf(static_cast<uint32_t>(random.word()));
    const float any = floatOf(static_cast<uint32_t>(random.word()));
    // Mostly such that the power is neither 0 nor infinite.
    const float fitting = static_cast<float>(random.real(-150, 130) / std::log2(std::fabs(static_cast<double>(x))));
    add(x, index % 4 == 0 ? any : index % 4 == 1 ? std::rint(fitting) : fitting);
  }
  worst.report();
}

int main(int count, char** arguments) {
  return run(count, arguments, 1, [](Random& random, int) {
    // By hand, a stride of 1 covers all floats.
    const char* const given = std::getenv("STRIDE");
    const uint32_t stride = given != nullptr ? std::atoi(given) : 19997;
#define OVER_ALL(name, bound, right) \
  overAll(#name, bound, stride, [](auto x) { return math::name(x); }, [](double x) { return right; })
    OVER_ALL(exp, 0.8, std::exp(x));
    OVER_ALL(expm1, 1.6, std::expm1(x));
    OVER_ALL(log, 0.8, std::log(x));
    OVER_ALL(log1p, 1.5, std::log1p(x));
    OVER_ALL(sin, 1.6, std::sin(x));
    OVER_ALL(cos, 1.6, std::cos(x));
    OVER_ALL(tanh, 1.5, std::tanh(x));
    OVER_ALL(sigmoid, 2.3, x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)));
    OVER_ALL(softplus, 1.7, x < 0 ? std::log1p(std::exp(x)) : x + std::log1p(std::exp(-x)));
    OVER_ALL(erf, 1.2, std::erf(x));
    powers(random, 20000);
  });
}
