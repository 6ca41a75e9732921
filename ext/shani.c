/* The SHA-NI kernel: four nonces in turns through the SHA instructions of x86. The hashing is in quads.h.
 *
 * sha256rnds2 does two rounds, sha256msg1 adds sigma0 to four words of the schedule, and sha256msg2 sigma1.
 *
 * Source for the instructions: Intel's manual, volume 2, SHA256RNDS2, SHA256MSG1 and SHA256MSG2.
 */
#include "scan.h"

#if defined(__x86_64__) && (defined(__clang__) || __GNUC__ >= 5)
#include <cpuid.h>
#include <immintrin.h>

#include "prepare.h"

#define TARGET __attribute__((target("sha,avx"))) /* AVX for its third operand: 3 % fewer cycles than with SSE4.1 */
#define BATCH 4
#define INLINE TARGET static inline __attribute__((always_inline))

typedef __m128i V;

INLINE V quad(uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3) {
    return _mm_setr_epi32((int)w0, (int)w1, (int)w2, (int)w3);
}
INLINE V add(V x, V y) { return _mm_add_epi32(x, y); }
INLINE V k(int g) { return _mm_load_si128((const V *)(K + 4 * g)); }

/* The unit wants a..h as (f, e, b, a) and (h, g, d, c), lowest first: two rounds turn the latter into the former of two
 * rounds later, and the former is what the latter will be. */
typedef struct {
    V abef, cdgh;
} jh_state;

INLINE jh_state state_of(const uint32_t v[8]) {
    return (jh_state){quad(v[5], v[4], v[1], v[0]), quad(v[7], v[6], v[3], v[2])};
}

INLINE void with_nonce(jh_state *v, uint32_t nonce) { v->abef = add(v->abef, quad(0, nonce, 0, nonce)); }

INLINE void four_rounds(jh_state *v, V X) {
    v->cdgh = _mm_sha256rnds2_epu32(v->cdgh, v->abef, X);
    v->abef = _mm_sha256rnds2_epu32(v->abef, v->cdgh, _mm_shuffle_epi32(X, 0x0e));
}

/* After rounds 60 and 61 it is f. Two more rounds are not needed. */
INLINE uint32_t last_word_7(jh_state v, V X) {
    return (uint32_t)_mm_cvtsi128_si32(_mm_sha256rnds2_epu32(v.cdgh, v.abef, X));
}

INLINE void put_digest(jh_state v, jh_state H, V *W0, V *W1) {
    V abef = add(v.abef, H.abef), cdgh = add(v.cdgh, H.cdgh);
    *W0 = _mm_shuffle_epi32(_mm_unpackhi_epi64(abef, cdgh), 0xb1); /* b a d c, in pairs turned: a b c d */
    *W1 = _mm_shuffle_epi32(_mm_unpacklo_epi64(abef, cdgh), 0xb1); /* f e h g: e f g h */
}

/* W[t-16] + sigma0(W[t-15]) of a quad; W[t-7] comes between; sigma1(W[t-2]) is last, as it needs the quad itself. */
#define sigma0_quad(W16, W12) _mm_sha256msg1_epu32(W16, W12)
#define sevens(W8, W4) _mm_alignr_epi8(W4, W8, 4)
#define sigma1_quad(sum, W4) _mm_sha256msg2_epu32(sum, W4)

INLINE V next_quad(V W16, V W12, V W8, V W4) {
    return sigma1_quad(add(sigma0_quad(W16, W12), sevens(W8, W4)), W4);
}

/* Quad g of the header's second block, for g from 4 on. */
INLINE V second_block_quad(const jh_common *c, uint32_t n, V W[16][BATCH], int g, int s) {
    switch (g) {
    case 4: return quad(c->W16, c->W17, c->W18 + sigma0(n), c->W19 + n);
    case 5: return sigma1_quad(quad(ONE_BIT, 0, HEADER_BITS, c->W16), W[4][s]);
    case 6: return sigma1_quad(sevens(W[4][s], W[5][s]), W[5][s]);
    case 7: return sigma1_quad(add(quad(0, 0, c->W30, c->W31), sevens(W[5][s], W[6][s])), W[6][s]);
    default: return next_quad(W[g - 4][s], W[g - 3][s], W[g - 2][s], W[g - 1][s]);
    }
}

/* Quad g of the digest's block, for g from 4 on. */
INLINE V digest_block_quad(V W[16][BATCH], int g, int s) {
    switch (g) {
    case 4: return sigma1_quad(sigma0_quad(W[0][s], W[1][s]), W[3][s]);
    case 6: return sigma1_quad(add(quad(ONE_BIT, 0, 0, 0), sevens(W[4][s], W[5][s])), W[5][s]);
    default: return next_quad(W[g - 4][s], W[g - 3][s], W[g - 2][s], W[g - 1][s]);
    }
}

#define ROUND_INSTRUCTIONS 61 /* two rounds each: 4 to 63, and 0 to 61 */
#define ROUNDS_ODD(x, y) _mm_sha256rnds2_epu32(x, y, y)
#define ROUNDS_EVEN(x, y) _mm_sha256rnds2_epu32(x, y, y)
#define SIGMA0(x, y) _mm_sha256msg1_epu32(x, y)
#define SIGMA1(x, y) _mm_sha256msg2_epu32(x, y)
#define OPAQUE_V(vector) __asm__ volatile("" : "+x"(vector)) /* the compiler cannot tell what is in it */

#include "quads.h"

static int runs(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1) && __builtin_cpu_supports("avx");
}

#define SCAN scan
#define FLOOR &floor_
#else
#define SCAN NULL
#define FLOOR NULL
static int runs(void) { return 0; }
#endif

const jh_kernel jh_shani = {
    .name = "shani", .lanes = 4, .scan = SCAN, .runs = runs, .needs = "SHA-NI with AVX", .family = "x86",
    .floor = FLOOR};
