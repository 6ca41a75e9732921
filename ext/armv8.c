/* The ARMv8 kernel: four nonces in turns through the SHA-2 instructions of 64-bit ARM.
 *
 * Four rounds are two instructions, sha256h for a..d and sha256h2 for e..h, which wait for the four rounds before them;
 * other nonces' go in between. Four nonces' states and schedules stay in the 32 vector registers. This file counts in
 * quads W[4g..4g+3], as shani.c does and with its savings: rounds 0 to 3 and whatever no nonce has reached are done once
 * a scan, known summands are folded, and of the last four rounds only e..h are computed.
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
#define HOT TARGET static __attribute__((noinline, aligned(64)))
#define EACH_NONCE _Pragma("GCC unroll 4") for (int s = 0; s < BATCH; s++)
#define UNROLLED _Pragma("GCC unroll 16")

typedef uint32x4_t V;

typedef struct {
    jh_common common;
    int shared;
    uint32_t top_word;
    uint32_t nonce[BATCH]; /* W[3] */
    V X[16];               /* K + W of quads 1 to 3, which are the same for all nonces */
    V XW[16][BATCH];       /* K + W of quads 4 to 15, where midstates share them */
} jh_batch;

INLINE V quad(uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3) { return (V){w0, w1, w2, w3}; }
INLINE V add(V x, V y) { return vaddq_u32(x, y); }
INLINE V k(int g) { return vld1q_u32(K + 4 * g); }

/* a and e lowest, as in FIPS 180-4 from left to right. */
typedef struct {
    V abcd, efgh;
} jh_state;

INLINE void four_rounds(jh_state *v, V X) {
    V abcd = v->abcd;
    v->abcd = vsha256hq_u32(abcd, v->efgh, X);
    v->efgh = vsha256h2q_u32(v->efgh, abcd, X);
}

INLINE jh_state state_of(const uint32_t v[8]) { return (jh_state){vld1q_u32(v), vld1q_u32(v + 4)}; }

/* W[t-16] + sigma0(W[t-15]) of a quad; then W[t-7] and sigma1(W[t-2]), the latter of the quad itself too. */
#define sigma0_quad(W16, W12) vsha256su0q_u32(W16, W12)
#define sigma1_quad(sum, W8, W4) vsha256su1q_u32(sum, W8, W4)

/* Quad g of the header's second block, for g from 4 on. */
INLINE V second_block_quad(const jh_batch *batch, V W[16][BATCH], int g, int s) {
    const jh_common *c = &batch->common;
    const uint32_t n = batch->nonce[s];
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

/* a..h after round 15: W[3] comes in after round 3, and quads 1 to 3 are the same for all nonces. */
INLINE void after_round_15(jh_state v[BATCH], const jh_batch *batch, const jh_start *start) {
    const jh_state after_3 = state_of(start->after_3);
    EACH_NONCE {
        V nonce = quad(batch->nonce[s], 0, 0, 0);
        v[s] = (jh_state){add(after_3.abcd, nonce), add(after_3.efgh, nonce)};
    }
    UNROLLED for (int g = 1; g < 4; g++) EACH_NONCE four_rounds(&v[s], batch->X[g]);
}

/* The second hash, from a..h after the first one's last round; bit i is set where nonce i hits. */
INLINE uint64_t second_hash(const jh_batch *batch, jh_state v[BATCH], const jh_start *start) {
    const jh_state H = state_of(start->H), initial = state_of(H0);
    V W[16][BATCH];
    EACH_NONCE {
        W[0][s] = add(v[s].abcd, H.abcd);
        W[1][s] = add(v[s].efgh, H.efgh);
        W[2][s] = quad(ONE_BIT, 0, 0, 0);
        W[3][s] = quad(0, 0, 0, DIGEST_BITS);
        v[s] = initial;
    }
    UNROLLED for (int g = 0; g < 15; g++) {
        if (g > 3) EACH_NONCE W[g][s] = digest_block_quad(W, g, s);
        EACH_NONCE four_rounds(&v[s], add(W[g][s], k(g)));
    }
    uint64_t hit = 0;
    EACH_NONCE {
        V X = add(digest_block_quad(W, 15, s), k(15));
        V efgh = vsha256h2q_u32(v[s].efgh, v[s].abcd, X); /* h is e of round 60, and word 7 of the hash */
        uint32_t word_7 = vgetq_lane_u32(efgh, 3) + H0[7];
        hit |= (uint64_t)(swap_bytes(word_7) <= batch->top_word) << s;
    }
    return hit;
}

HOT uint64_t hash_alone(const jh_batch *batch, const jh_start *start) {
    jh_state v[BATCH];
    V W[16][BATCH];
    after_round_15(v, batch, start);
    UNROLLED for (int g = 4; g < 16; g++) {
        EACH_NONCE W[g][s] = second_block_quad(batch, W, g, s);
        EACH_NONCE four_rounds(&v[s], add(W[g][s], k(g)));
    }
    return second_hash(batch, v, start);
}

HOT uint64_t hash_shared(const jh_batch *batch, const jh_start *start) {
    jh_state v[BATCH];
    after_round_15(v, batch, start);
    UNROLLED for (int g = 4; g < 16; g++) EACH_NONCE four_rounds(&v[s], batch->XW[g][s]);
    return second_hash(batch, v, start);
}

TARGET static void prepare(jh_batch *batch, const jh_scan *scan) {
    batch->top_word = scan->top_word;
    batch->X[1] = add(k(1), quad(ONE_BIT, 0, 0, 0));
    batch->X[2] = k(2);
    batch->X[3] = add(k(3), quad(0, 0, 0, HEADER_BITS));
}

TARGET static void begin(jh_batch *batch, uint32_t nonce) {
    EACH_NONCE batch->nonce[s] = swap_bytes(nonce + (uint32_t)s);
    if (!batch->shared) return;
    V W[16][BATCH];
    UNROLLED for (int g = 4; g < 16; g++) EACH_NONCE {
        W[g][s] = second_block_quad(batch, W, g, s);
        batch->XW[g][s] = add(W[g][s], k(g));
    }
}

TARGET static uint64_t hash(jh_batch *batch, const jh_start *start) {
    return batch->shared ? hash_shared(batch, start) : hash_alone(batch, start);
}

#include "batches.h"

/* The floor of a nonce: of the rounds, an h and an h2 for each quad but the header's first, and no h for the digest's
 * last; of the schedule, an su0 for each quad that has sigma0 of what varies and an su1 for each that has sigma1: 8 and
 * 11 in the header's block, 11 and 12 in the digest's. */
#define ROUNDS (15 + 15 + 15 + 16)
#define OPERATIONS_SHARED (8 + 11)
#define OPERATIONS_EACH (ROUNDS + 11 + 12)

#define OPAQUE_V(vector) __asm__ volatile("" : "+w"(vector))
#define TURN(operation)                                         \
    _Pragma("GCC unroll 8") for (int i = 0; i < 8; i++) {       \
        chain[i] = operation;                                   \
        OPAQUE_V(chain[i]);                                     \
    }

/* As many of them, eight chains in turns, for eight batches at once: nothing waits, and kinds alternate. */
INLINE void issue_group(V chain[8], V x, int su0, int su1) {
    for (int n = 0; n < ROUNDS; n++) {
        if (n & 1) TURN(vsha256hq_u32(chain[i], x, x)) else TURN(vsha256h2q_u32(chain[i], x, x))
        if (n * su0 / ROUNDS != (n + 1) * su0 / ROUNDS) TURN(vsha256su0q_u32(chain[i], x))
        if (n * su1 / ROUNDS != (n + 1) * su1 / ROUNDS) TURN(vsha256su1q_u32(chain[i], x, x))
    }
}

TARGET static void issue(uint64_t batches, uint64_t midstates) {
    V chain[8], x = quad(1, 2, 3, 4);
    OPAQUE_V(x);
    for (int i = 0; i < 8; i++) chain[i] = x;
    for (uint64_t batch = 0; batch < batches; batch += 8) {
        issue_group(chain, x, 8 + 11, 11 + 12);
        for (uint64_t m = 1; m < midstates; m++) issue_group(chain, x, 11, 12);
    }
}

static const jh_floor floor_ = {1, OPERATIONS_SHARED, OPERATIONS_EACH, issue};

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
