// What a freestanding Hexagon Linux program needs: integers, system calls, bounded reading and writing, memory.
#pragma once

typedef unsigned char u8;
typedef signed char s8;
typedef unsigned short u16;
typedef short s16;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;
typedef long long s64;

/// Exit codes, listed in docs/formats/hvx.md.
enum Exit {
  kDone = 0,
  kTruncated = 10,  ///< standard input ended inside a request
  kMalformed = 11,  ///< a request with impossible numbers
  kNoMemory = 12,
  kWriteFailed = 13,
};

_Noreturn void stop(s32 code);

/// Reads `size` bytes from standard input; stops the program where it ends early.
void read_bytes(void* to, u32 size);
/// As read_bytes, but 0 where the input ends before the first byte, else 1.
s32 read_first(void* to, u32 size);
/// Writes to standard output; stops the program on failure.
void write_bytes(const void* from, u32 size);

/// Fresh zeroed pages; stops the program where there are none.
void* allocate(u64 size);
void release(void* memory, u64 size);

u32 __hexagon_udivsi3(u32 a, u32 b);
s32 __hexagon_divsi3(s32 a, s32 b);
s32 __hexagon_modsi3(s32 a, s32 b);
u32 __hexagon_umodsi3(u32 a, u32 b);

/// The program; returns its exit code.
s32 program(void);
