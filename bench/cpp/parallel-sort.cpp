// Sorts float64 numbers by the parallel mode of GNU's standard library, on two threads.
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <parallel/algorithm>
#include <string>
#include <vector>

// The same numbers as bench/parallel-support.ts makes.
static double random_number(uint32_t i) {
  uint32_t bits = (i ^ (i >> 15)) * 0x2c1b3c6du;
  bits = (bits ^ (bits >> 12)) * 0x297a2d39u;
  return (bits ^ (bits >> 15)) / 4294967296.0;
}

static std::string measure(size_t length, int batches, const std::function<double(uint32_t)>& number) {
  std::vector<double> numbers(length), sorted(length);
  for (size_t i = 0; i < length; i++) numbers[i] = number(i);
  std::string samples;
  for (int batch = -1; batch < batches; batch++) {
    auto began = std::chrono::steady_clock::now();
    std::copy(numbers.begin(), numbers.end(), sorted.begin());
    __gnu_parallel::sort(sorted.begin(), sorted.end());
    std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
    if (!std::is_sorted(sorted.begin(), sorted.end())) {
      fprintf(stderr, "it is not sorted\n");
      exit(1);
    }
    if (batch < 0) continue;
    samples += (samples.empty() ? "" : ", ") + std::to_string(took.count());
  }
  return "[" + samples + "]";
}

int main(int argc, char** argv) {
  bool is_quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
  omp_set_num_threads(2);
  struct Length {
    const char* name;
    size_t length;
    int batches;
  };
  const Length lengths[] = {{"10 M", is_quick ? 100000u : 10000000u, is_quick ? 1 : 3},
                            {"1 M", is_quick ? 20000u : 1000000u, is_quick ? 1 : 7}};
  std::string result;
  for (const auto& [name, length, batches] : lengths) {
    const auto add = [&, name = name](const char* kind, const std::string& samples) {
      result += (result.empty() ? "" : ", ") + ("\"" + std::string(kind) + ", " + name + "\": ") + samples;
    };
    add("random", measure(length, batches, random_number));
    add("sorted", measure(length, batches, [](uint32_t i) { return double(i); }));
    add("few unique", measure(length, batches, [](uint32_t i) { return double(uint32_t(random_number(i) * 10)); }));
  }
  printf("{%s}\n", result.c_str());
}
