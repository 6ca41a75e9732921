/* What a scan has in common for all its nonces, computed once: FIPS 180-4, section 6.2.2, as far as W[3] is not needed.
 *
 * The second block of a header is W[0..2] from the job, W[3] the nonce, then padding: W[4] = ONE_BIT, W[5..14] = 0,
 * W[15] = HEADER_BITS.
 */
#ifndef JOULEHASH_PREPARE_H
#define JOULEHASH_PREPARE_H

#include "fips180.h"

/* The schedule words that no nonce has reached, and of others the summands that none has reached. */
typedef struct {
    uint32_t W16, W17;
    uint32_t W18; /* W[18] = this + sigma0(W[3]) */
    uint32_t W19; /* W[19] = this + W[3] */
    uint32_t W30, W31, W32; /* W[t] = this + sigma1(W[t-2]) + W[t-7] */
} jh_common;

static inline jh_common jh_prepare(const uint32_t tail[3]) {
    jh_common c;
    c.W16 = sigma0(tail[1]) + tail[0];
    c.W17 = sigma1(HEADER_BITS) + sigma0(tail[2]) + tail[1];
    c.W18 = sigma1(c.W16) + tail[2];
    c.W19 = sigma1(c.W17) + sigma0(ONE_BIT);
    c.W30 = sigma0(HEADER_BITS);
    c.W31 = sigma0(c.W16) + HEADER_BITS;
    c.W32 = sigma0(c.W17) + c.W16;
    return c;
}

/* A midstate, and a..h after round 3 but for the nonce: a and e have still to be increased by W[3]. */
typedef struct {
    uint32_t H[8];
    uint32_t after_3[8];
} jh_start;

static inline jh_start jh_begin(const uint32_t midstate[8], const uint32_t tail[3]) {
    jh_start start;
    uint32_t v[8];
    for (int i = 0; i < 8; i++) v[i] = start.H[i] = midstate[i];
    for (int t = 0; t < 4; t++) {
        uint32_t T1 = v[7] + Sigma1(v[4]) + Ch(v[4], v[5], v[6]) + K[t] + (t < 3 ? tail[t] : 0);
        uint32_t T2 = Sigma0(v[0]) + Maj(v[0], v[1], v[2]);
        for (int i = 7; i > 0; i--) v[i] = v[i - 1];
        v[4] += T1;
        v[0] = T1 + T2;
    }
    for (int i = 0; i < 8; i++) start.after_3[i] = v[i];
    return start;
}

#endif
