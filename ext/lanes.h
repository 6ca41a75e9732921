/* Double SHA-256 of many nonces, one in each lane of a vector: FIPS 180-4, section 6.2.2, with vectors for words.
 *
 * The C file that includes it gives V (a vector of LANES words), how many STREAMS of them run side by side, TARGET, and
 * the operations add, xor3, rotr_v, shr_v, Ch_v, Maj_v, every (a word in all lanes), up (0, 1, 2, …) and at_most.
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
#include <stddef.h>

#include "prepare.h"
#include "scan.h"

#define BATCH (LANES * STREAMS)
#define INLINE TARGET static inline __attribute__((always_inline))
#define HOT TARGET static __attribute__((noinline, aligned(64))) /* not merged: each is allocated registers by itself */
#define EACH_STREAM _Pragma("GCC unroll 4") for (int s = 0; s < STREAMS; s++)
#define UNROLLED _Pragma("GCC unroll 32")
#define OPAQUE(pointer) __asm__ volatile("" : "+r"(pointer)) /* the compiler cannot tell how often a loop runs */

typedef V jh_row[STREAMS]; /* a word of each nonce of a batch */

typedef struct {
    jh_common common;
    int shared;
    uint32_t top_word;
    jh_row nonce;  /* W[3] */
    jh_row W[64];  /* the schedule, of one hash and then of the other */
    jh_row X[64];  /* K + W of the header's second block: to 31, or all when it is shared; 4 to 17 hold for the scan */
    jh_row X2[32]; /* K + W of the digest's block; 8 to 15 hold for the scan */
} jh_batch;

INLINE V Sigma0_v(V x) { return xor3(rotr_v(x, 2), rotr_v(x, 13), rotr_v(x, 22)); }
INLINE V Sigma1_v(V x) { return xor3(rotr_v(x, 6), rotr_v(x, 11), rotr_v(x, 25)); }
INLINE V sigma0_v(V x) { return xor3(rotr_v(x, 7), rotr_v(x, 18), shr_v(x, 3)); }
INLINE V sigma1_v(V x) { return xor3(rotr_v(x, 17), rotr_v(x, 19), shr_v(x, 10)); }
INLINE V swap_bytes_v(V x) { return Ch_v(every(0xff00ff00), rotr_v(x, 8), rotr_v(x, 24)); }

/* W[t] by step 1, for t from 33 on in the first hash, and from 32 on in the second, where no summand is known. */
INLINE V next_word(jh_row *W, int s) {
    return add(add(add(sigma0_v(W[-15][s]), W[-16][s]), W[-7][s]), sigma1_v(W[-2][s]));
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

/* Rounds whose K + W is in rows, up to `end`: four or more, and a multiple of four. */
INLINE void rounds(V v[STREAMS][8], jh_row *X, jh_row *end) {
    OPAQUE(end);
    do {
        OPAQUE(X);
        UNROLLED for (int t = 0; t < 4; t++) EACH_STREAM round_ae(v[s], t, X[t][s]);
        after_four_rounds(v);
        X += 4;
    } while (X != end);
}

/* Rounds t to end - 1, each after its word of the schedule. */
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

#define PUT(t, word) (W[t][s] = (word), X[t][s] = add(W[t][s], every(K[t])))

/* W[18] to W[31] of the header's second block. */
HOT void begin_schedule(jh_batch *batch) {
    jh_row *W = batch->W, *X = batch->X;
    const jh_common c = batch->common;
    EACH_STREAM {
        V n = batch->nonce[s];
        PUT(18, add(sigma0_v(n), every(c.W18)));
        PUT(19, add(n, every(c.W19)));
        PUT(20, add(sigma1_v(W[18][s]), every(ONE_BIT)));
        PUT(21, sigma1_v(W[19][s]));
        PUT(22, add(sigma1_v(W[20][s]), every(HEADER_BITS)));
        PUT(23, add(sigma1_v(W[21][s]), every(c.W16)));
        PUT(24, add(sigma1_v(W[22][s]), every(c.W17)));
        UNROLLED for (int t = 25; t < 30; t++) PUT(t, add(sigma1_v(W[t - 2][s]), W[t - 7][s]));
        PUT(30, add(add(sigma1_v(W[28][s]), W[23][s]), every(c.W30)));
        PUT(31, add(add(sigma1_v(W[29][s]), W[24][s]), every(c.W31)));
    }
}

/* W[32] to W[63], for several midstates to share. */
HOT void end_schedule(jh_batch *batch) {
    jh_row *W = batch->W + 32, *X = batch->X + 32, *end = batch->W + 64;
    const uint32_t *k = K + 32;
    OPAQUE(end);
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
    } while (W != end);
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
    rounds(v, batch->X + 4, batch->X + 32);
    rounds_with_schedule(v, batch->W, 32, 64);
    put_digest(batch, v, start);
}

HOT void first_hash_shared(jh_batch *batch, const jh_start *start) {
    V v[STREAMS][8];
    after_round_3(v, batch, start);
    rounds(v, batch->X + 4, batch->X + 64);
    put_digest(batch, v, start);
}

/* W[16] to W[31] of the digest's block, and K + W of all that vary. */
HOT void second_schedule(jh_batch *batch) {
    jh_row *W = batch->W, *X = batch->X2;
    EACH_STREAM {
        UNROLLED for (int t = 1; t < 8; t++) X[t][s] = add(W[t][s], every(K[t]));
        PUT(16, add(sigma0_v(W[1][s]), W[0][s]));
        PUT(17, add(add(sigma0_v(W[2][s]), W[1][s]), every(sigma1(DIGEST_BITS))));
        UNROLLED for (int t = 18; t < 22; t++)
            PUT(t, add(add(sigma0_v(W[t - 15][s]), W[t - 16][s]), sigma1_v(W[t - 2][s])));
        PUT(22, add(add(add(sigma0_v(W[7][s]), W[6][s]), every(DIGEST_BITS)), sigma1_v(W[20][s])));
        PUT(23, add(add(add(W[16][s], W[7][s]), every(sigma0(ONE_BIT))), sigma1_v(W[21][s])));
        PUT(24, add(add(W[17][s], every(ONE_BIT)), sigma1_v(W[22][s])));
        UNROLLED for (int t = 25; t < 30; t++) PUT(t, add(sigma1_v(W[t - 2][s]), W[t - 7][s]));
        PUT(30, add(add(W[23][s], every(sigma0(DIGEST_BITS))), sigma1_v(W[28][s])));
        PUT(31, add(add(add(sigma0_v(W[16][s]), W[24][s]), every(DIGEST_BITS)), sigma1_v(W[29][s])));
        UNROLLED for (int t = 8; t < 16; t++) W[t][s] = every(t == 8 ? ONE_BIT : t == 15 ? DIGEST_BITS : 0);
    }
}

/* Rounds 0 to 60 of the second hash, and word 7 of it compared. */
HOT uint64_t second_hash(jh_batch *batch) {
    const uint32_t T1 = H0[7] + Sigma1(H0[4]) + Ch(H0[4], H0[5], H0[6]) + K[0]; /* of round 0, but for W[0] */
    const uint32_t T2 = Sigma0(H0[0]) + Maj(H0[0], H0[1], H0[2]);
    jh_row *W = batch->W, *X = batch->X2;
    V v[STREAMS][8];
    EACH_STREAM {
        V swap[8];
        UNROLLED for (int i = 1; i < 8; i++) v[s][i] = every(H0[i - 1]);
        v[s][0] = add(W[0][s], every(T1 + T2));
        v[s][4] = add(W[0][s], every(H0[3] + T1));
        UNROLLED for (int t = 1; t < 4; t++) round_ae(v[s], t - 1, X[t][s]);
        UNROLLED for (int i = 0; i < 8; i++) swap[i] = v[s][i]; /* a is v[5] after three rounds: back to v[0] */
        UNROLLED for (int i = 0; i < 8; i++) v[s][i] = swap[(i + 5) & 7];
    }
    rounds(v, X + 4, X + 32);
    rounds_with_schedule(v, W, 32, 56);
    uint64_t hit = 0;
    EACH_STREAM {
        W[56][s] = next_word(W + 56, s);
        round_ae(v[s], 0, add(W[56][s], every(K[56])));
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
    const jh_common *c = &batch->common;
    const uint32_t known[18] = {[4] = ONE_BIT, [15] = HEADER_BITS, [16] = c->W16, [17] = c->W17};
    batch->top_word = scan->top_word;
    EACH_STREAM {
        for (int t = 4; t < 18; t++) batch->X[t][s] = every(K[t] + known[t]);
        for (int t = 8; t < 16; t++) batch->X2[t][s] = every(K[t] + (t == 8 ? ONE_BIT : t == 15 ? DIGEST_BITS : 0));
    }
}

TARGET static void begin(jh_batch *batch, uint32_t nonce) {
    EACH_STREAM batch->nonce[s] = swap_bytes_v(add(up(), every(nonce + (uint32_t)(LANES * s))));
    EACH_STREAM {
        batch->W[16][s] = every(batch->common.W16); /* the second hash has used these rows */
        batch->W[17][s] = every(batch->common.W17);
    }
    begin_schedule(batch);
    if (batch->shared) end_schedule(batch);
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
