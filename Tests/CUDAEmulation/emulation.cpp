#include "include/emulation.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#include "shim.h"

thread_local Place threadIdx, blockIdx, blockDim;

namespace {
constexpr unsigned warp_size = 32, most_threads = 1024;
constexpr size_t stack_size = 64 << 10;

enum class State { ready, at_warp, at_block, done };

struct Fiber {
  jmp_buf place;
  char *stack;
  bool began;
  State state;
};

// One for each thread of the host that launches: blocks run one after the other.
struct Scheduler {
  Fiber fibers[most_threads];
  jmp_buf place;
  unsigned current;
  void (*run)(void **);
  void **arguments;
  // What the fibers of a warp exchange, this time and the last.
  float exchanged[2][most_threads];
  unsigned char turn[most_threads];

  Scheduler() {
    for (Fiber &fiber : fibers) fiber = {};
  }
  ~Scheduler() {
    for (Fiber &fiber : fibers) free(fiber.stack);
  }
};
thread_local Scheduler scheduler;

void leave(State state) {
  Fiber &fiber = scheduler.fibers[scheduler.current];
  fiber.state = state;
  if (!_setjmp(fiber.place)) _longjmp(scheduler.place, 1);
}

void live() {
  while (true) {
    scheduler.run(scheduler.arguments);
    leave(State::done);
  }
}

// Until it waits or is done.
void go_on(unsigned thread) {
  Fiber &fiber = scheduler.fibers[thread];
  scheduler.current = threadIdx.x = thread;
  if (_setjmp(scheduler.place)) return;
  if (fiber.began) _longjmp(fiber.place, 1);
  fiber.began = true;
  fiber.stack = static_cast<char *>(malloc(stack_size));
  ucontext_t context;
  getcontext(&context);
  context.uc_stack.ss_sp = fiber.stack;
  context.uc_stack.ss_size = stack_size;
  context.uc_link = nullptr;
  makecontext(&context, live, 0);
  setcontext(&context);
}

const char *run_block(unsigned threads) {
  for (unsigned thread = 0; thread < threads; thread++) scheduler.fibers[thread].state = State::ready;
  while (true) {
    for (unsigned first = 0; first < threads; first += warp_size) {
      Fiber *warp = scheduler.fibers + first;
      do {
        for (unsigned lane = 0; lane < warp_size; lane++)
          if (warp[lane].state != State::done) go_on(first + lane);
        for (unsigned lane = 1; lane < warp_size; lane++)
          if (warp[lane].state != warp[0].state) return "the threads of a warp part before a barrier";
      } while (warp[0].state == State::at_warp);
    }
    for (unsigned first = warp_size; first < threads; first += warp_size)
      if (scheduler.fibers[first].state != scheduler.fibers[0].state) return "the warps of a block part before a barrier";
    if (scheduler.fibers[0].state == State::done) return nullptr;
  }
}
}  // namespace

void __syncwarp() { leave(State::at_warp); }
void __syncthreads() { leave(State::at_block); }

float __shfl_xor_sync(unsigned, float value, int distance) {
  unsigned thread = threadIdx.x;
  float *own = scheduler.exchanged[scheduler.turn[thread] ^= 1];
  own[thread] = value;
  leave(State::at_warp);
  return own[(thread & ~(warp_size - 1)) | ((thread ^ (unsigned)distance) & (warp_size - 1))];
}

const char *cuda_emulation_launch(int precision, const char *kernel, unsigned blocks, unsigned threads, void **arguments) {
  if (threads == 0 || threads > most_threads || threads % warp_size) return "no block has so many threads here";
  const Entry *const tables[] = {entries_of_floats, entries_of_bfloat16, entries_of_float16};
  for (const Entry *entry = tables[precision]; entry->name; entry++) {
    if (strcmp(entry->name, kernel)) continue;
    scheduler.run = entry->run;
    scheduler.arguments = arguments;
    blockDim.x = threads;
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++)
      if (const char *problem = run_block(threads)) return problem;
    return nullptr;
  }
  return "there is no such kernel";
}

unsigned short cuda_emulation_half_of_float(float x) { return half_of_float(x); }
float cuda_emulation_float_of_half(unsigned short bits) { return float_of_half(bits); }
