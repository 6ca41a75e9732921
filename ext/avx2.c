/* The AVX2 kernel: two streams of eight nonces. What AVX-512 does in one instruction takes three here (a rotation) or
 * two to four (a function of three operands), and half as many nonces fit. The hashing is in lanes.h. */
#include "scan.h"

#if defined(__x86_64__) && (defined(__clang__) || __GNUC__ >= 5)
#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))
#define LANES 8
#define STREAMS 2
#define OPERATIONS_SHARED 840 /* docs/kernels.md counts them */
#define OPERATIONS_EACH 4912
#define OPERATIONS_BLOCK 57 /* Maj alone takes four, next round's three */
#define OPERATION TARGET static inline __attribute__((always_inline))

typedef __m256i V;

OPERATION V add(V x, V y) { return _mm256_add_epi32(x, y); }
OPERATION V every(uint32_t x) { return _mm256_set1_epi32((int)x); }
OPERATION V up(void) { return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7); }

/* There is no unsigned comparison, but a minimum: x <= most where the lesser of them is x. */
OPERATION uint64_t at_most(V x, uint32_t most) {
    V yes = _mm256_cmpeq_epi32(_mm256_min_epu32(x, every(most)), x);
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(yes));
}

OPERATION V xor_v(V x, V y) { return _mm256_xor_si256(x, y); }
OPERATION V and_v(V x, V y) { return _mm256_and_si256(x, y); }
OPERATION V xor3(V x, V y, V z) { return xor_v(xor_v(x, y), z); }

/* (x and y) or (not x and z) is z with y's bits put in where x has ones. */
OPERATION V Ch_v(V x, V y, V z) { return xor_v(and_v(xor_v(y, z), x), z); }

/* y, unless both others differ from it. Next round's y xor z is this round's x xor y: the compiler keeps it. */
OPERATION V Maj_v(V x, V y, V z) { return xor_v(and_v(xor_v(x, y), xor_v(y, z)), y); }

/* Macros, because the count must be a constant even where nothing is inlined (clang -O0, sanitizers). */
#define shr_v(x, n) _mm256_srli_epi32(x, n)
#define rotr_v(x, n) xor_v(_mm256_srli_epi32(x, n), _mm256_slli_epi32(x, 32 - (n)))

#include "lanes.h"

static int runs(void) { return __builtin_cpu_supports("avx2"); } /* asks the operating system too */

#define SCAN scan
#define FLOOR &floor_
#else
#define SCAN NULL
#define FLOOR NULL
static int runs(void) { return 0; }
#endif

const jh_kernel jh_avx2 = {
    .name = "avx2", .lanes = 16, .scan = SCAN, .runs = runs, .needs = "AVX2", .family = "x86", .floor = FLOOR};
