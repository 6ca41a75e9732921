/* The portable kernel: FIPS 180-4 as it is written, one nonce at a time. It defines all the others.
 *
 * Of the savings that a nonce scanner knows it takes only the midstate: the first 64 bytes of the
 * header do not hold the nonce, so the caller hashes them once.
 */
#include "fips180.h"
#include "scan.h"

/* FIPS 180-4, section 6.2.2: the hash of one block M that follows the state `in`.
 * Unrolled, the letters a..h are renamed and not moved; inlined, much of W is known: a quarter faster
 * on a core of its own, no faster where a second thread shares it. */
static inline void compress(uint32_t out[8], const uint32_t in[8], const uint32_t M[16]) {
    uint32_t W[64];
    for (int t = 0; t < 16; t++) W[t] = M[t];
#pragma GCC unroll 64
    for (int t = 16; t < 64; t++) W[t] = sigma1(W[t - 2]) + W[t - 7] + sigma0(W[t - 15]) + W[t - 16];

    uint32_t a = in[0], b = in[1], c = in[2], d = in[3], e = in[4], f = in[5], g = in[6], h = in[7];
#pragma GCC unroll 64
    for (int t = 0; t < 64; t++) {
        uint32_t T1 = h + Sigma1(e) + Ch(e, f, g) + K[t] + W[t];
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
    out[0] = in[0] + a;
    out[1] = in[1] + b;
    out[2] = in[2] + c;
    out[3] = in[3] + d;
    out[4] = in[4] + e;
    out[5] = in[5] + f;
    out[6] = in[6] + g;
    out[7] = in[7] + h;
}

void jh_midstate(uint32_t state[8], const uint8_t block[64]) {
    uint32_t M[16];
    for (int t = 0; t < 16; t++)
        M[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 | (uint32_t)block[4 * t + 2] << 8 |
               block[4 * t + 3];
    compress(state, H0, M);
}

static jh_result scan(const jh_scan *s) {
    uint32_t second_block[16] = {s->tail[0], s->tail[1], s->tail[2], 0, ONE_BIT, [15] = HEADER_BITS};
    uint32_t hash_block[16] = {[8] = ONE_BIT, [15] = DIGEST_BITS};
    uint32_t hash[8];
    size_t n_hits = 0;
    uint64_t done = 0;

    for (; done < s->count && s->cap - n_hits >= s->n_midstates; done++) {
        uint32_t nonce = s->first + (uint32_t)done;
        size_t found = n_hits;
        second_block[3] = swap_bytes(nonce);
        for (size_t m = 0; m < s->n_midstates; m++) {
            if (atomic_load_explicit(s->stop, memory_order_relaxed))
                return (jh_result){n_hits, done}; /* what this nonce has found will be found again */
            compress(hash_block, s->midstates[m], second_block);
            compress(hash, H0, hash_block);
            if (swap_bytes(hash[7]) <= s->top_word) s->hits[found++] = (jh_hit){(uint32_t)m, nonce};
        }
        n_hits = found;
    }
    return (jh_result){n_hits, done};
}

const jh_kernel jh_portable = {.name = "portable", .lanes = 1, .scan = scan};
