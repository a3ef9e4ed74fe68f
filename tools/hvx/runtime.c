// System calls of Hexagon Linux: number in r6 (asm-generic table), arguments in r0 to r5, trap0(#1), result in r0.
#include "runtime.h"

enum { kRead = 63, kWrite = 64, kExitGroup = 94, kUnmap = 215, kMap = 222 };
enum { kInterrupted = -4 };

static s32 system_call(s32 number, s32 a, s32 b, s32 c, s32 d, s32 e, s32 f) {
  register s32 r0 __asm__("r0") = a;
  register s32 r1 __asm__("r1") = b;
  register s32 r2 __asm__("r2") = c;
  register s32 r3 __asm__("r3") = d;
  register s32 r4 __asm__("r4") = e;
  register s32 r5 __asm__("r5") = f;
  register s32 r6 __asm__("r6") = number;
  __asm__ volatile("trap0(#1)" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r6) : "memory");
  return r0;
}

_Noreturn void stop(s32 code) {
  for (;;) system_call(kExitGroup, code, 0, 0, 0, 0, 0);
}

/// Bytes read, fewer than `size` only at the end of the input.
static u32 read_up_to(u8* to, u32 size) {
  u32 done = 0;
  while (done < size) {
    const s32 n = system_call(kRead, 0, (s32)(to + done), (s32)(size - done), 0, 0, 0);
    if (n == kInterrupted) continue;
    if (n <= 0) break;
    done += (u32)n;
  }
  return done;
}

static u8 buffer[1 << 16] __attribute__((aligned(128)));
static u32 buffered, taken;

s32 read_first(void* to, u32 size) {
  u8* out = to;
  u32 done = 0;
  while (done < size) {
    if (taken < buffered) {
      u32 n = buffered - taken;
      if (n > size - done) n = size - done;
      __builtin_memcpy(out + done, buffer + taken, n);
      taken += n, done += n;
      continue;
    }
    if (size - done >= sizeof buffer) {
      if (read_up_to(out + done, size - done) != size - done) stop(kTruncated);
      return 1;
    }
    s32 n;
    do n = system_call(kRead, 0, (s32)buffer, sizeof buffer, 0, 0, 0);
    while (n == kInterrupted);
    if (n <= 0 && done == 0) return 0;
    if (n <= 0) stop(kTruncated);
    buffered = (u32)n, taken = 0;
  }
  return 1;
}

void read_bytes(void* to, u32 size) {
  if (size > 0 && !read_first(to, size)) stop(kTruncated);
}

void write_bytes(const void* from, u32 size) {
  const u8* bytes = from;
  u32 done = 0;
  while (done < size) {
    const s32 n = system_call(kWrite, 1, (s32)(bytes + done), (s32)(size - done), 0, 0, 0);
    if (n == kInterrupted) continue;
    if (n <= 0) stop(kWriteFailed);
    done += (u32)n;
  }
}

void* allocate(u64 size) {
  if (size == 0) size = 1;
  if (size > 0x70000000u) stop(kNoMemory);
  const s32 at = system_call(kMap, 0, (s32)size, 3 /* read, write */, 0x22 /* private, anonymous */, -1, 0);
  if ((u32)at >= 0xfffff000u) stop(kNoMemory);
  return (void*)at;
}

void release(void* memory, u64 size) {
  if (size == 0) size = 1;
  if (memory) system_call(kUnmap, (s32)memory, (s32)size, 0, 0, 0, 0);
}

// The compiler may call these. The barrier keeps it from turning the loops into calls of themselves.
void* memcpy(void* to, const void* from, __SIZE_TYPE__ size) {
  u8* a = to;
  const u8* b = from;
  if ((((u32)a | (u32)b | size) & 3) == 0) {
    for (; size; size -= 4, a += 4, b += 4) {
      *(u32*)a = *(const u32*)b;
      __asm__ volatile("" ::: "memory");
    }
    return to;
  }
  while (size--) {
    *a++ = *b++;
    __asm__ volatile("" ::: "memory");
  }
  return to;
}

void* memset(void* to, int value, __SIZE_TYPE__ size) {
  u8* a = to;
  while (size--) {
    *a++ = (u8)value;
    __asm__ volatile("" ::: "memory");
  }
  return to;
}

// Division by a variable, which the compiler calls: shift and subtract.
u32 __hexagon_udivsi3(u32 a, u32 b) {
  u32 quotient = 0;
  u64 rest = 0;
  for (s32 bit = 31; bit >= 0; --bit) {
    rest = 2 * rest + ((a >> bit) & 1);
    if (rest >= b) rest -= b, quotient |= 1u << bit;
  }
  return quotient;
}

s32 __hexagon_divsi3(s32 a, s32 b) {
  const u32 quotient = __hexagon_udivsi3(a < 0 ? 0u - (u32)a : (u32)a, b < 0 ? 0u - (u32)b : (u32)b);
  return (s32)((a < 0) != (b < 0) ? 0u - quotient : quotient);
}

s32 __hexagon_modsi3(s32 a, s32 b) { return a - __hexagon_divsi3(a, b) * b; }
u32 __hexagon_umodsi3(u32 a, u32 b) { return a - __hexagon_udivsi3(a, b) * b; }

__attribute__((used)) static void start(void) { stop(program()); }

// r29 is only 8-byte aligned at the start; HVX spills are aligned stores, which drop the low 7 bits of an address.
__asm__(
    ".globl _start\n.type _start,@function\n.p2align 4\n_start:\n"
    "  { r29 = and(r29,#-128) }\n"
    "  { r30 = #0 }\n"
    "  { r31 = #0 }\n"
    "  { call start }\n"
    ".size _start, .-_start\n");
