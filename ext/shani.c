/* The SHA-NI kernel: four nonces in turns through the SHA instructions of x86.
 *
 * Each sha256rnds2 waits for the one before it, and another nonce's can go in between: four of them keep the unit busy.
 * An instruction takes two rounds or four words of the schedule, so a quad W[4g..4g+3] is what this file counts in. What
 * lanes.h tells of savings holds here too, in quads: rounds 0 to 3 and whatever no nonce has reached are done once a
 * scan, known summands are folded, and the last two rounds do not happen.
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
#define HOT TARGET static __attribute__((noinline, aligned(64)))
#define EACH_NONCE _Pragma("GCC unroll 4") for (int s = 0; s < BATCH; s++)
#define UNROLLED _Pragma("GCC unroll 16")

typedef __m128i V;

typedef struct {
    jh_common common;
    int shared;
    uint32_t top_word;
    uint32_t nonce[BATCH]; /* W[3] */
    V X[16];               /* K + W of quads 1 to 3, which are the same for all nonces */
    V XW[16][BATCH];       /* K + W of quads 4 to 15, where midstates share them */
} jh_batch;

INLINE V quad(uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3) {
    return _mm_setr_epi32((int)w0, (int)w1, (int)w2, (int)w3);
}
INLINE V add(V x, V y) { return _mm_add_epi32(x, y); }
INLINE V k(int g) { return _mm_load_si128((const V *)(K + 4 * g)); }

/* Four rounds. The unit wants a..h as (f, e, b, a) and (h, g, d, c), lowest first: two rounds turn the latter into the
 * former of two rounds later, and the former is what the latter will be. */
typedef struct {
    V abef, cdgh;
} jh_state;

INLINE void four_rounds(jh_state *v, V X) {
    v->cdgh = _mm_sha256rnds2_epu32(v->cdgh, v->abef, X);
    v->abef = _mm_sha256rnds2_epu32(v->abef, v->cdgh, _mm_shuffle_epi32(X, 0x0e));
}

INLINE jh_state state_of(const uint32_t v[8]) {
    return (jh_state){quad(v[5], v[4], v[1], v[0]), quad(v[7], v[6], v[3], v[2])};
}

/* W[t-16] + sigma0(W[t-15]) of a quad; W[t-7] comes between; sigma1(W[t-2]) is last, as it needs the quad itself. */
#define sigma0_quad(W16, W12) _mm_sha256msg1_epu32(W16, W12)
#define sevens(W8, W4) _mm_alignr_epi8(W4, W8, 4)
#define sigma1_quad(sum, W4) _mm_sha256msg2_epu32(sum, W4)

INLINE V next_quad(V W16, V W12, V W8, V W4) {
    return sigma1_quad(add(sigma0_quad(W16, W12), sevens(W8, W4)), W4);
}

/* Quad g of the header's second block, for g from 4 on. */
INLINE V second_block_quad(const jh_batch *batch, V W[16][BATCH], int g, int s) {
    const jh_common *c = &batch->common;
    const uint32_t n = batch->nonce[s];
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

/* a..h after round 15: W[3] comes in after round 3, and quads 1 to 3 are the same for all nonces. */
INLINE void after_round_15(jh_state v[BATCH], const jh_batch *batch, const jh_start *start) {
    const jh_state after_3 = state_of(start->after_3);
    EACH_NONCE {
        v[s].abef = add(after_3.abef, quad(0, batch->nonce[s], 0, batch->nonce[s]));
        v[s].cdgh = after_3.cdgh;
    }
    UNROLLED for (int g = 1; g < 4; g++) EACH_NONCE four_rounds(&v[s], batch->X[g]);
}

/* The second hash, from a..h after the first one's last round; bit i is set where nonce i hits. */
INLINE uint64_t second_hash(const jh_batch *batch, jh_state v[BATCH], const jh_start *start) {
    const jh_state H = state_of(start->H), initial = state_of(H0);
    V W[16][BATCH];
    EACH_NONCE {
        V abef = add(v[s].abef, H.abef), cdgh = add(v[s].cdgh, H.cdgh);
        W[0][s] = _mm_shuffle_epi32(_mm_unpackhi_epi64(abef, cdgh), 0xb1); /* b a d c, in pairs turned: a b c d */
        W[1][s] = _mm_shuffle_epi32(_mm_unpacklo_epi64(abef, cdgh), 0xb1); /* f e h g: e f g h */
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
        V X = add(digest_block_quad(W, 15, s), k(15)); /* of which rounds 60 and 61 are all that is wanted: */
        V abef = _mm_sha256rnds2_epu32(v[s].cdgh, v[s].abef, X); /* f is then e of round 60, and word 7 of the hash */
        uint32_t word_7 = (uint32_t)_mm_cvtsi128_si32(abef) + H0[7];
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

/* The floor of a nonce: 61 sha256rnds2 always; of the schedule, a msg1 for each quad that has sigma0 of what varies and a
 * msg2 for each that has sigma1: 8 and 11 in the header's block, 11 and 12 in the digest's. */
#define OPERATIONS_SHARED (8 + 11)
#define OPERATIONS_EACH (61 + 11 + 12)

#define OPAQUE_V(vector) __asm__ volatile("" : "+x"(vector))
#define TURN(chains, operation)                                 \
    for (int i = 0; i < (chains); i++) {                        \
        chain[i] = operation;                                   \
        OPAQUE_V(chain[i]);                                     \
    }

/* As many of them, eight chains in turns, for eight batches at once: nothing waits, and kinds alternate. */
INLINE void issue_group(V chain[8], V x, int msg1, int msg2) {
    for (int n = 0; n < 61; n++) {
        _Pragma("GCC unroll 8") TURN(8, _mm_sha256rnds2_epu32(chain[i], x, x))
        if (n * msg1 / 61 != (n + 1) * msg1 / 61) _Pragma("GCC unroll 8") TURN(8, _mm_sha256msg1_epu32(chain[i], x))
        if (n * msg2 / 61 != (n + 1) * msg2 / 61) _Pragma("GCC unroll 8") TURN(8, _mm_sha256msg2_epu32(chain[i], x))
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
