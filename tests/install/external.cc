// A program beside intsim, built against the installed library: external MODEL SCAN OUTPUT
#include <intsim/intsim.h>

#include <cstdio>

int main(int argc, char** argv) try {
  if (argc != 4) return 2;
  intsim::Simulator simulator(argv[1]);
  intsim::write_labels(argv[3], simulator.labels(intsim::read_scan(argv[2])));
} catch (const intsim::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return static_cast<int>(error.code());
}
