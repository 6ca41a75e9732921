/* The portable kernel: FIPS 180-4 as it is written, one nonce at a time. It defines all the others.
 *
 * Of the savings that a nonce scanner knows it takes only the midstate: the first 64 bytes of the
 * header do not hold the nonce, so the caller hashes them once.
 */
#include "scan.h"

/* FIPS 180-4, section 4.2.2 */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* FIPS 180-4, section 5.3.3 */
static const uint32_t H0[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

/* FIPS 180-4, section 4.1.2 */
static uint32_t rotr(uint32_t x, int n) { return x >> n | x << (32 - n); }
static uint32_t Ch(uint32_t x, uint32_t y, uint32_t z) { return (x & y) ^ (~x & z); }
static uint32_t Maj(uint32_t x, uint32_t y, uint32_t z) { return (x & y) ^ (x & z) ^ (y & z); }
static uint32_t Sigma0(uint32_t x) { return rotr(x, 2) ^ rotr(x, 13) ^ rotr(x, 22); }
static uint32_t Sigma1(uint32_t x) { return rotr(x, 6) ^ rotr(x, 11) ^ rotr(x, 25); }
static uint32_t sigma0(uint32_t x) { return rotr(x, 7) ^ rotr(x, 18) ^ x >> 3; }
static uint32_t sigma1(uint32_t x) { return rotr(x, 17) ^ rotr(x, 19) ^ x >> 10; }

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

static uint32_t swap_bytes(uint32_t x) { return x << 24 | (x & 0xff00) << 8 | (x >> 8 & 0xff00) | x >> 24; }

void jh_midstate(uint32_t state[8], const uint8_t block[64]) {
    uint32_t M[16];
    for (int t = 0; t < 16; t++)
        M[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 | (uint32_t)block[4 * t + 2] << 8 |
               block[4 * t + 3];
    compress(state, H0, M);
}

static jh_result scan(const jh_scan *s) {
    /* Padding by section 5.1.1: header bytes 64..79 end a message of 640 bits, a hash one of 256. */
    uint32_t second_block[16] = {s->tail[0], s->tail[1], s->tail[2], 0, 0x80000000, [15] = 640};
    uint32_t hash_block[16] = {[8] = 0x80000000, [15] = 256};
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
