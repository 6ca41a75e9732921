/* Double SHA-256 of many nonces, one in each lane of a vector: FIPS 180-4, section 6.2.2, with vectors for words.
 *
 * The C file that includes it gives V (a vector of LANES words), how many STREAMS of them run side by side, TARGET, and
 * the operations add, xor3, rotr_v, shr_v, Ch_v, Maj_v, every (a word in all lanes), up (0, 1, 2, …) and at_most; and
 * OPERATIONS_SHARED, _EACH and _BLOCK, how many instructions of its set they make.
 *
 * What makes it fast, beside the vectors:
 *  - Streams. The rounds of one hash wait for each other; several hashes in turn fill the time.
 *  - Small loops. Four rounds of all streams are one loop body, so that the hot code fits the caches of decoded
 *    instructions, wherever it was placed. Words wait in rows in the first-level cache and are operands from there.
 *  - What no nonce has reached is computed once a scan: the midstate, rounds 0 to 3 but for W[3], W[16] and W[17], K + W
 *    of the padding, and summands of W[18], W[19] and W[30] to W[32]. Summands that are zero are left out.
 *  - Only word 7 of the last hash is asked for, which is e of round 60: rounds 61 to 63 do not happen, rounds 57 to 60
 *    compute only e, and W[61] to W[63] do not exist.
 *  - Midstates that share a nonce share its schedule: all of K + W is kept, and each midstate costs only rounds.
 */
#include "prepare.h"
#include "scan.h"

#define BATCH (LANES * STREAMS)
#define INLINE TARGET static inline __attribute__((always_inline))
#define HOT TARGET static __attribute__((noinline, aligned(64))) /* not merged: each is allocated registers by itself */
#define EACH_STREAM _Pragma("GCC unroll 4") for (int s = 0; s < STREAMS; s++)
#define UNROLLED _Pragma("GCC unroll 32")
#define OPAQUE_V(vector) __asm__ volatile("" : "+v"(vector))  /* nor what is in it */
#define OPAQUE(pointer) __asm__ volatile("" : "+r"(pointer)) /* the compiler cannot tell how often a loop runs */

typedef V jh_row[STREAMS]; /* a word of each nonce of a batch */

typedef struct {
    jh_common common;
    int shared;
    uint32_t top_word;
    jh_row nonce; /* W[3] of the header's second block */
    jh_row W[64]; /* the schedule, of one hash and then of the other */
    jh_row X[64]; /* K + W of the header's second block, from 4 on, for several midstates to share */
} jh_batch;

INLINE V Sigma0_v(V x) { return xor3(rotr_v(x, 2), rotr_v(x, 13), rotr_v(x, 22)); }
INLINE V Sigma1_v(V x) { return xor3(rotr_v(x, 6), rotr_v(x, 11), rotr_v(x, 25)); }
INLINE V sigma0_v(V x) { return xor3(rotr_v(x, 7), rotr_v(x, 18), shr_v(x, 3)); }
INLINE V sigma1_v(V x) { return xor3(rotr_v(x, 17), rotr_v(x, 19), shr_v(x, 10)); }
INLINE V swap_bytes_v(V x) { return Ch_v(every(0xff00ff00), rotr_v(x, 8), rotr_v(x, 24)); }

/* W[t] by step 1, W pointing there. What a sigma takes thrice is loaded once: that keeps the load ports free. */
INLINE V next_word(jh_row *W, int s) {
    V W_15 = W[-15][s], W_2 = W[-2][s];
    OPAQUE_V(W_15);
    OPAQUE_V(W_2);
    return add(add(add(sigma0_v(W_15), W[-16][s]), W[-7][s]), sigma1_v(W_2));
}

/* e, and then a, of one round by step 3. The letters stay and the names move: a is v[-t mod 8], b the next, and so on.
 * What is ready early is added early: e comes out of the round before. */
INLINE V round_e(V v[8], int t, V X) {
    V e = v[(4 - t) & 7], f = v[(5 - t) & 7], g = v[(6 - t) & 7], h = v[(7 - t) & 7];
    V T1 = add(add(add(h, X), Ch_v(e, f, g)), Sigma1_v(e));
    v[(3 - t) & 7] = add(v[(3 - t) & 7], T1);
    return T1;
}

INLINE void round_ae(V v[8], int t, V X) {
    V T1 = round_e(v, t, X), a = v[(0 - t) & 7], b = v[(1 - t) & 7], c = v[(2 - t) & 7];
    v[(7 - t) & 7] = add(add(T1, Maj_v(a, b, c)), Sigma0_v(a));
}

/* After four rounds a..d are where e..h belong, and the other way round: registers are renamed, nothing is moved. */
INLINE void after_four_rounds(V v[STREAMS][8]) {
    EACH_STREAM {
        UNROLLED for (int i = 0; i < 4; i++) {
            V swap = v[s][i];
            v[s][i] = v[s][i + 4];
            v[s][i + 4] = swap;
        }
    }
}

/* Rounds t to end - 1: four or more, and a multiple of four, as in the next two. */
INLINE void rounds(V v[STREAMS][8], jh_row *rows, int t, int end) {
    jh_row *W = rows + t, *last = rows + end;
    const uint32_t *k = K + t;
    OPAQUE(last);
    do {
        OPAQUE(W);
        OPAQUE(k);
        UNROLLED for (int i = 0; i < 4; i++) EACH_STREAM round_ae(v[s], i, add(W[i][s], every(k[i])));
        after_four_rounds(v);
        W += 4;
        k += 4;
    } while (W != last);
}

/* The same, each after its word of the schedule. */
INLINE void rounds_with_schedule(V v[STREAMS][8], jh_row *rows, int t, int end) {
    jh_row *W = rows + t, *last = rows + end;
    const uint32_t *k = K + t;
    OPAQUE(last);
    do {
        OPAQUE(W);
        OPAQUE(k);
        UNROLLED for (int i = 0; i < 4; i++) {
            EACH_STREAM W[i][s] = next_word(W + i, s);
            EACH_STREAM round_ae(v[s], i, add(W[i][s], every(k[i])));
        }
        after_four_rounds(v);
        W += 4;
        k += 4;
    } while (W != last);
}

/* The same, where K + W is known. */
INLINE void rounds_of_shared(V v[STREAMS][8], jh_row *rows, int t, int end) {
    jh_row *X = rows + t, *last = rows + end;
    OPAQUE(last);
    do {
        OPAQUE(X);
        UNROLLED for (int i = 0; i < 4; i++) EACH_STREAM round_ae(v[s], i, X[i][s]);
        after_four_rounds(v);
        X += 4;
    } while (X != last);
}

/* W[4] to W[31] of the header's second block; step 1 with the known summands in one. */
HOT void begin_schedule(jh_batch *batch) {
    jh_row *W = batch->W;
    const jh_common c = batch->common;
    EACH_STREAM {
        UNROLLED for (int t = 4; t < 16; t++) W[t][s] = every(t == 4 ? ONE_BIT : t == 15 ? HEADER_BITS : 0);
        W[16][s] = every(c.W16);
        W[17][s] = every(c.W17);
        W[18][s] = add(sigma0_v(batch->nonce[s]), every(c.W18));
        W[19][s] = add(batch->nonce[s], every(c.W19));
        W[20][s] = add(sigma1_v(W[18][s]), every(ONE_BIT));
        W[21][s] = sigma1_v(W[19][s]);
        W[22][s] = add(sigma1_v(W[20][s]), every(HEADER_BITS));
        UNROLLED for (int t = 23; t < 30; t++) W[t][s] = add(sigma1_v(W[t - 2][s]), W[t - 7][s]);
        W[30][s] = add(add(sigma1_v(W[28][s]), W[23][s]), every(c.W30));
        W[31][s] = add(add(sigma1_v(W[29][s]), W[24][s]), every(c.W31));
    }
}

/* W[32] to W[63], and all of K + W that varies. */
HOT void share_schedule(jh_batch *batch) {
    jh_row *W = batch->W + 32, *X = batch->X + 32, *last = batch->W + 64;
    const uint32_t *k = K + 32;
    for (int t = 18; t < 32; t++) EACH_STREAM batch->X[t][s] = add(batch->W[t][s], every(K[t]));
    OPAQUE(last);
    do {
        OPAQUE(W);
        OPAQUE(X);
        OPAQUE(k);
        UNROLLED for (int i = 0; i < 4; i++) EACH_STREAM {
            W[i][s] = next_word(W + i, s);
            X[i][s] = add(W[i][s], every(k[i]));
        }
        W += 4;
        X += 4;
        k += 4;
    } while (W != last);
}

/* a..h after round 3, where the nonce comes in. */
INLINE void after_round_3(V v[STREAMS][8], const jh_batch *batch, const jh_start *start) {
    EACH_STREAM {
        UNROLLED for (int i = 0; i < 8; i++) v[s][i] = every(start->after_3[i]);
        v[s][0] = add(v[s][0], batch->nonce[s]);
        v[s][4] = add(v[s][4], batch->nonce[s]);
    }
}

/* Step 4: the digest, which is also W[0] to W[7] of its block. */
INLINE void put_digest(jh_batch *batch, V v[STREAMS][8], const jh_start *start) {
    EACH_STREAM UNROLLED for (int i = 0; i < 8; i++) batch->W[i][s] = add(v[s][i], every(start->H[i]));
}

HOT void first_hash_alone(jh_batch *batch, const jh_start *start) {
    V v[STREAMS][8];
    after_round_3(v, batch, start);
    rounds(v, batch->W, 4, 32);
    rounds_with_schedule(v, batch->W, 32, 64);
    put_digest(batch, v, start);
}

HOT void first_hash_shared(jh_batch *batch, const jh_start *start) {
    V v[STREAMS][8];
    after_round_3(v, batch, start);
    rounds_of_shared(v, batch->X, 4, 64);
    put_digest(batch, v, start);
}

/* W[8] to W[31] of the digest's block. */
HOT void second_schedule(jh_batch *batch) {
    jh_row *W = batch->W;
    EACH_STREAM {
        UNROLLED for (int t = 8; t < 16; t++) W[t][s] = every(t == 8 ? ONE_BIT : t == 15 ? DIGEST_BITS : 0);
        W[16][s] = add(sigma0_v(W[1][s]), W[0][s]);
        W[17][s] = add(add(sigma0_v(W[2][s]), W[1][s]), every(sigma1(DIGEST_BITS)));
        UNROLLED for (int t = 18; t < 22; t++)
            W[t][s] = add(add(sigma0_v(W[t - 15][s]), W[t - 16][s]), sigma1_v(W[t - 2][s]));
        W[22][s] = add(add(add(sigma0_v(W[7][s]), W[6][s]), every(DIGEST_BITS)), sigma1_v(W[20][s]));
        W[23][s] = add(add(add(W[16][s], W[7][s]), every(sigma0(ONE_BIT))), sigma1_v(W[21][s]));
        W[24][s] = add(add(W[17][s], every(ONE_BIT)), sigma1_v(W[22][s]));
        UNROLLED for (int t = 25; t < 30; t++) W[t][s] = add(sigma1_v(W[t - 2][s]), W[t - 7][s]);
        W[30][s] = add(add(W[23][s], every(sigma0(DIGEST_BITS))), sigma1_v(W[28][s]));
        W[31][s] = add(add(add(sigma0_v(W[16][s]), W[24][s]), every(DIGEST_BITS)), sigma1_v(W[29][s]));
    }
}

/* Rounds 0 to 60 of the second hash, and word 7 of it compared. */
HOT uint64_t second_hash(jh_batch *batch) {
    const uint32_t T1 = H0[7] + Sigma1(H0[4]) + Ch(H0[4], H0[5], H0[6]) + K[0]; /* of round 0, but for W[0] */
    const uint32_t T2 = Sigma0(H0[0]) + Maj(H0[0], H0[1], H0[2]);
    jh_row *W = batch->W;
    V v[STREAMS][8];
    EACH_STREAM {
        V moved[8];
        UNROLLED for (int i = 1; i < 8; i++) v[s][i] = every(H0[i - 1]);
        v[s][0] = add(W[0][s], every(T1 + T2));
        v[s][4] = add(W[0][s], every(H0[3] + T1));
        UNROLLED for (int t = 1; t < 4; t++) round_ae(v[s], t - 1, add(W[t][s], every(K[t])));
        UNROLLED for (int i = 0; i < 8; i++) moved[i] = v[s][(i + 5) & 7]; /* a is v[5] after three rounds */
        UNROLLED for (int i = 0; i < 8; i++) v[s][i] = moved[i];
    }
    rounds(v, W, 4, 32);
    rounds_with_schedule(v, W, 32, 56);
    uint64_t hit = 0;
    EACH_STREAM {
        W[56][s] = next_word(W + 56, s);
        round_ae(v[s], 56, add(W[56][s], every(K[56])));
        UNROLLED for (int t = 57; t < 61; t++) {
            W[t][s] = next_word(W + t, s);
            round_e(v[s], t, add(W[t][s], every(K[t])));
        }
        V word_7 = add(v[s][(3 - 60) & 7], every(H0[7]));
        hit |= (uint64_t)at_most(swap_bytes_v(word_7), batch->top_word) << LANES * s;
    }
    return hit;
}

TARGET static void prepare(jh_batch *batch, const jh_scan *scan) {
    const uint32_t W[18] = {[4] = ONE_BIT, [15] = HEADER_BITS, [16] = batch->common.W16, [17] = batch->common.W17};
    batch->top_word = scan->top_word;
    for (int t = 4; t < 18; t++) EACH_STREAM batch->X[t][s] = every(K[t] + W[t]);
}

TARGET static void begin(jh_batch *batch, uint32_t nonce) {
    EACH_STREAM batch->nonce[s] = swap_bytes_v(add(up(), every(nonce + (uint32_t)(LANES * s))));
    begin_schedule(batch);
    if (batch->shared) share_schedule(batch);
}

TARGET static uint64_t hash(jh_batch *batch, const jh_start *start) {
    if (batch->shared)
        first_hash_shared(batch, start);
    else
        first_hash_alone(batch, start);
    second_schedule(batch);
    return second_hash(batch);
}

#include "batches.h"

/* The floor: as many operations as are counted, in the mixture of a round and a word of the schedule, none of which
 * waits for another of its block. */
TARGET static void issue(uint64_t batches, uint64_t midstates) {
    enum { CHAINS = 14 }; /* as many as any instruction set has registers for, beside the operands */
    const uint64_t operations = batches * (OPERATIONS_SHARED + midstates * OPERATIONS_EACH);
    V chain[CHAINS], x = up(), y = every(0x5bd1e995);
    UNROLLED for (int i = 0; i < CHAINS; i++) chain[i] = every((uint32_t)i);
    OPAQUE_V(x);
    OPAQUE_V(y);
#define EVERY_CHAIN(from, to, operation)            \
    UNROLLED for (int i = from; i < to; i++) {      \
        chain[i % CHAINS] = operation;              \
        OPAQUE_V(chain[i % CHAINS]);                \
        OPAQUE_V(x); /* so that no operation on the operands alone is done only once */ \
    }
#define SELF chain[i % CHAINS]
    for (uint64_t done = 0; done < operations; done += OPERATIONS_BLOCK) {
        EVERY_CHAIN(0, 5, rotr_v(SELF, 6))
        EVERY_CHAIN(5, 10, add(SELF, x))
        EVERY_CHAIN(10, 12, xor3(SELF, x, y))
        EVERY_CHAIN(12, 13, Ch_v(SELF, x, y))
        EVERY_CHAIN(13, 14, shr_v(SELF, 3))
        EVERY_CHAIN(14, 19, add(SELF, y))
        EVERY_CHAIN(19, 24, rotr_v(SELF, 11))
        EVERY_CHAIN(24, 25, shr_v(SELF, 10))
        EVERY_CHAIN(25, 26, Maj_v(SELF, x, y))
        EVERY_CHAIN(26, 28, xor3(SELF, x, y))
    }
}

static const jh_floor floor_ = {LANES, OPERATIONS_SHARED, OPERATIONS_EACH, issue};
