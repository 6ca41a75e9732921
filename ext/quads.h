/* Double SHA-256 by instructions made for it, which take two or four rounds, or four words of the schedule, at once: so a
 * quad W[4g..4g+3] is what this file counts in. Each instruction waits for the one before it, and another nonce's can go
 * in between: BATCH nonces in turns keep the unit busy.
 *
 * What lanes.h tells of savings holds here too, in quads: rounds 0 to 3 and whatever no nonce has reached are done once a
 * scan, known summands are folded, midstates share a schedule, and of the last quad of rounds only that much happens as
 * word 7 of the last hash needs.
 *
 * The C file that includes it gives V (a quad), TARGET, BATCH, INLINE, and
 *
 *     quad, add, k         a quad of four words; the sum of two; K of quad g
 *     jh_state, state_of   a..h as the instructions want them; from eight words
 *     with_nonce           a state whose a and e are increased by W[3]: void (jh_state *, uint32_t)
 *     four_rounds          void (jh_state *, V X), X being K + W
 *     last_word_7          uint32_t (jh_state, V X): e of round 60, from a..h before it
 *     put_digest           void (jh_state, jh_state H, V *W0, V *W1): step 4, the sum as two quads of the next block
 *     second_block_quad    V (const jh_common *, uint32_t nonce, V W[16][BATCH], int g, int s): quad g of nonce s
 *     digest_block_quad    V (V W[16][BATCH], int g, int s); both for g from 4 on
 *     ROUND_INSTRUCTIONS, ROUNDS_ODD, ROUNDS_EVEN, SIGMA0, SIGMA1   for the floor; see there
 */
#include "prepare.h"
#include "scan.h"

#define HOT TARGET static __attribute__((noinline, aligned(64)))
#define EACH_NONCE _Pragma("GCC unroll 4") for (int s = 0; s < BATCH; s++)
#define UNROLLED _Pragma("GCC unroll 16")

typedef struct {
    jh_common common;
    int shared;
    uint32_t top_word;
    uint32_t nonce[BATCH]; /* W[3] */
    V X[16];               /* K + W of quads 1 to 3, which are the same for all nonces */
    V XW[16][BATCH];       /* K + W of quads 4 to 15, where midstates share them */
} jh_batch;

/* a..h after round 15: W[3] comes in after round 3, and quads 1 to 3 are the same for all nonces. */
INLINE void after_round_15(jh_state v[BATCH], const jh_batch *batch, const jh_start *start) {
    EACH_NONCE {
        v[s] = state_of(start->after_3);
        with_nonce(&v[s], batch->nonce[s]);
    }
    UNROLLED for (int g = 1; g < 4; g++) EACH_NONCE four_rounds(&v[s], batch->X[g]);
}

/* The second hash, from a..h after the first one's last round; bit i is set where nonce i hits. */
INLINE uint64_t second_hash(const jh_batch *batch, jh_state v[BATCH], const jh_start *start) {
    const jh_state H = state_of(start->H), initial = state_of(H0);
    V W[16][BATCH];
    EACH_NONCE {
        put_digest(v[s], H, &W[0][s], &W[1][s]);
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
        uint32_t word_7 = last_word_7(v[s], add(digest_block_quad(W, 15, s), k(15))) + H0[7];
        hit |= (uint64_t)(swap_bytes(word_7) <= batch->top_word) << s;
    }
    return hit;
}

HOT uint64_t hash_alone(const jh_batch *batch, const jh_start *start) {
    jh_state v[BATCH];
    V W[16][BATCH];
    after_round_15(v, batch, start);
    UNROLLED for (int g = 4; g < 16; g++) {
        EACH_NONCE W[g][s] = second_block_quad(&batch->common, batch->nonce[s], W, g, s);
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
        W[g][s] = second_block_quad(&batch->common, batch->nonce[s], W, g, s);
        batch->XW[g][s] = add(W[g][s], k(g));
    }
}

TARGET static uint64_t hash(jh_batch *batch, const jh_start *start) {
    return batch->shared ? hash_shared(batch, start) : hash_alone(batch, start);
}

#include "batches.h"

/* The floor of a nonce. Of the schedule, a SIGMA0 for each quad that has sigma0 of what varies and a SIGMA1 for each that
 * has sigma1: 8 and 11 in the header's block, which midstates share, 11 and 12 in the digest's. Of the rounds, one in two
 * instructions is of each kind, where there are two. */
#define OPERATIONS_SHARED (8 + 11)
#define OPERATIONS_EACH (ROUND_INSTRUCTIONS + 11 + 12)
#define CHAINS 8
#define EACH_CHAIN(operation)                                       \
    _Pragma("GCC unroll 8") for (int i = 0; i < CHAINS; i++) {      \
        chain[i] = operation(chain[i], x);                          \
        OPAQUE_V(chain[i]);                                         \
    }

/* As many of them as CHAINS nonces need, nothing waiting, kinds in turns. */
INLINE void issue_group(V chain[CHAINS], V x, int sigma0s, int sigma1s) {
    for (int n = 0; n < ROUND_INSTRUCTIONS; n++) {
        if (n & 1) EACH_CHAIN(ROUNDS_ODD) else EACH_CHAIN(ROUNDS_EVEN)
        if (n * sigma0s / ROUND_INSTRUCTIONS != (n + 1) * sigma0s / ROUND_INSTRUCTIONS) EACH_CHAIN(SIGMA0)
        if (n * sigma1s / ROUND_INSTRUCTIONS != (n + 1) * sigma1s / ROUND_INSTRUCTIONS) EACH_CHAIN(SIGMA1)
    }
}

TARGET static void issue(uint64_t batches, uint64_t midstates) {
    V chain[CHAINS], x = quad(1, 2, 3, 4);
    OPAQUE_V(x);
    for (int i = 0; i < CHAINS; i++) chain[i] = x;
    for (uint64_t batch = 0; batch < batches; batch += CHAINS) {
        issue_group(chain, x, 8 + 11, 11 + 12);
        for (uint64_t m = 1; m < midstates; m++) issue_group(chain, x, 11, 12);
    }
}

static const jh_floor floor_ = {1, OPERATIONS_SHARED, OPERATIONS_EACH, issue};
