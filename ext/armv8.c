/* The ARMv8 kernel: four nonces in turns through the SHA-2 instructions of 64-bit ARM. The hashing is in quads.h.
 *
 * Four rounds are two instructions, sha256h for a..d and sha256h2 for e..h; four words of the schedule are two,
 * sha256su0 for sigma0 and sha256su1 for sigma1. Four nonces' states and schedules stay in the 32 vector registers.
 *
 * Source for the instructions: Arm Architecture Reference Manual for A-profile, SHA256H, SHA256H2, SHA256SU0, SHA256SU1.
 */
#include "scan.h"

#if defined(__aarch64__) && !defined(__AARCH64EB__) && (defined(__clang__) || __GNUC__ >= 6) && \
    (defined(__linux__) || defined(__APPLE__)) /* `runs` asks these */
#if defined(__clang__) && __clang_major__ < 16 && !defined(__ARM_FEATURE_SHA2)
#define __ARM_FEATURE_SHA2 1 /* without it, the arm_neon.h of these leaves out what TARGET could use */
#endif
#include <arm_neon.h>
#ifdef __linux__
#include <sys/auxv.h>
#endif

#include "prepare.h"

#ifdef __clang__
#define TARGET __attribute__((target("sha2")))
#else
#define TARGET __attribute__((target("+crypto")))
#endif
#define BATCH 4
#define INLINE TARGET static inline __attribute__((always_inline))

typedef uint32x4_t V;

INLINE V quad(uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3) { return (V){w0, w1, w2, w3}; }
INLINE V add(V x, V y) { return vaddq_u32(x, y); }
INLINE V k(int g) { return vld1q_u32(K + 4 * g); }

/* a and e lowest, as in FIPS 180-4 from left to right. */
typedef struct {
    V abcd, efgh;
} jh_state;

INLINE jh_state state_of(const uint32_t v[8]) { return (jh_state){vld1q_u32(v), vld1q_u32(v + 4)}; }

INLINE void with_nonce(jh_state *v, uint32_t nonce) {
    v->abcd = add(v->abcd, quad(nonce, 0, 0, 0));
    v->efgh = add(v->efgh, quad(nonce, 0, 0, 0));
}

INLINE void four_rounds(jh_state *v, V X) {
    V abcd = v->abcd;
    v->abcd = vsha256hq_u32(abcd, v->efgh, X);
    v->efgh = vsha256h2q_u32(v->efgh, abcd, X);
}

/* Four rounds later it is h, which takes an h2 and no h. */
INLINE uint32_t last_word_7(jh_state v, V X) { return vgetq_lane_u32(vsha256h2q_u32(v.efgh, v.abcd, X), 3); }

INLINE void put_digest(jh_state v, jh_state H, V *W0, V *W1) {
    *W0 = add(v.abcd, H.abcd);
    *W1 = add(v.efgh, H.efgh);
}

/* W[t-16] + sigma0(W[t-15]) of a quad; then W[t-7] and sigma1(W[t-2]), the latter of the quad itself too. */
#define sigma0_quad(W16, W12) vsha256su0q_u32(W16, W12)
#define sigma1_quad(sum, W8, W4) vsha256su1q_u32(sum, W8, W4)

/* Quad g of the header's second block, for g from 4 on. */
INLINE V second_block_quad(const jh_common *c, uint32_t n, V W[16][BATCH], int g, int s) {
    switch (g) {
    case 4: return quad(c->W16, c->W17, c->W18 + sigma0(n), c->W19 + n);
    case 5: return sigma1_quad(quad(ONE_BIT, 0, 0, 0), quad(0, 0, 0, HEADER_BITS), W[4][s]);
    case 6: return sigma1_quad(quad(0, 0, 0, 0), W[4][s], W[5][s]);
    case 7: return sigma1_quad(quad(0, 0, c->W30, c->W31), W[5][s], W[6][s]);
    default: return sigma1_quad(sigma0_quad(W[g - 4][s], W[g - 3][s]), W[g - 2][s], W[g - 1][s]);
    }
}

/* Quad g of the digest's block, for g from 4 on. */
INLINE V digest_block_quad(V W[16][BATCH], int g, int s) {
    V sum = g == 6 ? quad(ONE_BIT, 0, 0, 0) : sigma0_quad(W[g - 4][s], W[g - 3][s]);
    return sigma1_quad(sum, W[g - 2][s], W[g - 1][s]);
}

#define ROUND_INSTRUCTIONS (15 + 15 + 15 + 16) /* h and h2: of quads 1 to 15, and of 0 to 15 but for the last h */
#define ROUNDS_ODD(x, y) vsha256hq_u32(x, y, y)
#define ROUNDS_EVEN(x, y) vsha256h2q_u32(x, y, y)
#define SIGMA0(x, y) vsha256su0q_u32(x, y)
#define SIGMA1(x, y) vsha256su1q_u32(x, y, y)
#define OPAQUE_V(vector) __asm__ volatile("" : "+w"(vector)) /* the compiler cannot tell what is in it */

#include "quads.h"

static int runs(void) {
#ifdef __linux__
    return (getauxval(AT_HWCAP) & HWCAP_SHA2) != 0;
#else
    return 1; /* Apple's 64-bit processors all have it */
#endif
}

#define SCAN scan
#define FLOOR &floor_
#else
#define SCAN NULL
#define FLOOR NULL
static int runs(void) { return 0; }
#endif

const jh_kernel jh_armv8 = {
    .name = "armv8", .lanes = 4, .scan = SCAN, .runs = runs, .needs = "ARMv8 SHA-2", .family = "ARM", .floor = FLOOR};
