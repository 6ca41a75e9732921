/* The portable kernel: FIPS 180-4 for one nonce at a time, in plain C. It defines all the others.
 *
 * What no nonce reaches is left to prepare.h; what is known of the padding, and the ends that word 7 of the last hash does
 * not need, the compiler leaves out of the unrolled loops by itself.
 */
#define TARGET
#define BATCH 1
#define UNROLLED _Pragma("GCC unroll 64")

#include "prepare.h"
#include "scan.h"

typedef struct {
    jh_common common;
    int shared;
    uint32_t top_word;
    uint32_t nonce;  /* W[3] of the header's second block */
    uint32_t KW[64]; /* K + W of it, from 4 on */
} jh_batch;

/* Section 6.2.2, step 1, for one t. */
static inline uint32_t next_word(const uint32_t *W) { return sigma1(W[-2]) + W[-7] + sigma0(W[-15]) + W[-16]; }

/* Section 6.2.2, step 3: rounds `from` to `to` - 1. Unrolled, the letters a..h are renamed and not moved. */
static inline void rounds(uint32_t v[8], const uint32_t KW[64], int from, int to) {
    uint32_t a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6], h = v[7];
    UNROLLED for (int t = from; t < to; t++) {
        uint32_t T1 = h + Sigma1(e) + Ch(e, f, g) + KW[t];
        uint32_t T2 = Sigma0(a) + Maj(a, b, c);
        h = g;
        g = f;
        f = e;
        e = d + T1;
        d = c;
        c = b;
        b = a;
        a = T1 + T2;
    }
    const uint32_t out[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; i++) v[i] = out[i];
}

void jh_midstate(uint32_t state[8], const uint8_t block[64]) {
    uint32_t W[64], KW[64];
    for (int t = 0; t < 16; t++) {
        const uint8_t *bytes = block + 4 * t;
        W[t] = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    }
    for (int t = 16; t < 64; t++) W[t] = next_word(W + t);
    for (int t = 0; t < 64; t++) KW[t] = K[t] + W[t];
    for (int i = 0; i < 8; i++) state[i] = H0[i];
    rounds(state, KW, 0, 64);
    for (int i = 0; i < 8; i++) state[i] += H0[i];
}

static void prepare(jh_batch *batch, const jh_scan *scan) { batch->top_word = scan->top_word; }

static void begin(jh_batch *batch, uint32_t nonce) {
    const jh_common *c = &batch->common;
    uint32_t W[64] = {[4] = ONE_BIT, [15] = HEADER_BITS, [16] = c->W16, [17] = c->W17};
    batch->nonce = W[3] = swap_bytes(nonce);
    W[18] = c->W18 + sigma0(W[3]);
    W[19] = c->W19 + W[3];
    UNROLLED for (int t = 20; t < 30; t++) W[t] = next_word(W + t);
    W[30] = c->W30 + sigma1(W[28]) + W[23];
    W[31] = c->W31 + sigma1(W[29]) + W[24];
    W[32] = c->W32 + sigma1(W[30]) + W[25];
    UNROLLED for (int t = 33; t < 64; t++) W[t] = next_word(W + t);
    UNROLLED for (int t = 4; t < 64; t++) batch->KW[t] = K[t] + W[t];
}

static uint64_t hash(jh_batch *batch, const jh_start *start) {
    uint32_t v[8], W[64], KW[64];
    for (int i = 0; i < 8; i++) v[i] = start->after_3[i];
    v[0] += batch->nonce;
    v[4] += batch->nonce;
    rounds(v, batch->KW, 4, 64);

    for (int t = 0; t < 16; t++) W[t] = t < 8 ? v[t] + start->H[t] : t == 8 ? ONE_BIT : t == 15 ? DIGEST_BITS : 0;
    UNROLLED for (int t = 16; t < 61; t++) W[t] = next_word(W + t);
    UNROLLED for (int t = 0; t < 61; t++) KW[t] = K[t] + W[t];
    for (int i = 0; i < 8; i++) v[i] = H0[i];
    rounds(v, KW, 0, 61);
    uint32_t word_7 = v[4] + H0[7]; /* e of round 60 is h of round 63 */
    return swap_bytes(word_7) <= batch->top_word;
}

#include "batches.h"

const jh_kernel jh_portable = {.name = "portable", .lanes = 1, .scan = scan};
