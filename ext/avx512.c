/* The AVX-512 kernel: three streams of sixteen nonces. Rotations and functions of three operands are one instruction
 * each, so that no instruction set needs fewer of them. The hashing is in lanes.h. */
#include "scan.h"

#if defined(__x86_64__) && (defined(__clang__) || __GNUC__ >= 6)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f")))
#define LANES 16
#define STREAMS 3
#define OPERATIONS_SHARED 460 /* docs/kernels.md counts them */
#define OPERATIONS_EACH 2388
#define OPERATIONS_BLOCK 28
#define OPERATION TARGET static inline __attribute__((always_inline))

typedef __m512i V;

OPERATION V add(V x, V y) { return _mm512_add_epi32(x, y); }
OPERATION V every(uint32_t x) { return _mm512_set1_epi32((int)x); }
OPERATION V up(void) { return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }
OPERATION uint64_t at_most(V x, uint32_t most) { return _mm512_cmple_epu32_mask(x, every(most)); }

/* Of three operands, any function at once: the constant is its column of the truth table, read from 111 down to 000. */
OPERATION V xor3(V x, V y, V z) { return _mm512_ternarylogic_epi32(x, y, z, 0x96); }
OPERATION V Ch_v(V x, V y, V z) { return _mm512_ternarylogic_epi32(x, y, z, 0xca); }
OPERATION V Maj_v(V x, V y, V z) { return _mm512_ternarylogic_epi32(x, y, z, 0xe8); }

/* Macros, because the count must be a constant even where nothing is inlined (clang -O0, sanitizers). */
#define rotr_v(x, n) _mm512_ror_epi32(x, n)
#define shr_v(x, n) _mm512_srli_epi32(x, n)

#include "lanes.h"

static int runs(void) { return __builtin_cpu_supports("avx512f"); } /* asks the operating system too */

#define SCAN scan
#define FLOOR &floor_
#else
#define SCAN NULL
#define FLOOR NULL
static int runs(void) { return 0; }
#endif

const jh_kernel jh_avx512 = {
    .name = "avx512", .lanes = 48, .scan = SCAN, .runs = runs, .needs = "AVX-512F", .family = "x86", .floor = FLOOR};
