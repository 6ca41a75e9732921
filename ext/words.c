/* Hash the nonces that are listed, in any order: what simulated chips do, which count in the order of SHA-256's message
 * word and not of the number in the header. No kernel: plain text in the compiler's vectors, eight nonces at a time, for
 * rates that a simulator needs. The names are those of FIPS 180-4.
 */
#include "fips180.h"
#include "scan.h"

#define LANES 8
typedef uint32_t V __attribute__((vector_size(4 * LANES)));
#define OPERATION static inline __attribute__((always_inline))
#define rotr_v(x, n) ((x) >> (n) | (x) << (32 - (n))) /* macros: vectors are not passed where the CPU may lack them */
#define Sigma0_v(x) (rotr_v(x, 2) ^ rotr_v(x, 13) ^ rotr_v(x, 22))
#define Sigma1_v(x) (rotr_v(x, 6) ^ rotr_v(x, 11) ^ rotr_v(x, 25))
#define sigma0_v(x) (rotr_v(x, 7) ^ rotr_v(x, 18) ^ (x) >> 3)
#define sigma1_v(x) (rotr_v(x, 17) ^ rotr_v(x, 19) ^ (x) >> 10)
#define Ch_v(x, y, z) (((y ^ z) & x) ^ z)
#define Maj_v(x, y, z) (((x ^ y) & (y ^ z)) ^ y)

/* Section 6.2.2 for one block; W is used up. Of the schedule only the latest sixteen words are kept. */
OPERATION void compress(V H[8], V W[16]) {
    V a = H[0], b = H[1], c = H[2], d = H[3], e = H[4], f = H[5], g = H[6], h = H[7];
    for (int t = 0; t < 64; t++) {
        if (t >= 16) W[t % 16] += sigma1_v(W[(t - 2) % 16]) + W[(t - 7) % 16] + sigma0_v(W[(t - 15) % 16]);
        V T1 = h + Sigma1_v(e) + Ch_v(e, f, g) + K[t] + W[t % 16];
        V T2 = Sigma0_v(a) + Maj_v(a, b, c);
        h = g;
        g = f;
        f = e;
        e = d + T1;
        d = c;
        c = b;
        b = a;
        a = T1 + T2;
    }
    H[0] += a, H[1] += b, H[2] += c, H[3] += d, H[4] += e, H[5] += f, H[6] += g, H[7] += h;
}

/* Word 7 of the hash of each lane's header, byte-swapped: the top of the number that targets are compared with. */
OPERATION void top_words(uint32_t top[LANES], const uint32_t midstate[8], const uint32_t tail[3], const uint32_t *words) {
    const V zero = {0};
    V H[8], W[16] = {zero + tail[0], zero + tail[1], zero + tail[2], zero, zero + ONE_BIT};
    for (int lane = 0; lane < LANES; lane++) W[3][lane] = words[lane];
    for (int t = 5; t < 15; t++) W[t] = zero;
    W[15] = zero + HEADER_BITS;
    for (int i = 0; i < 8; i++) H[i] = zero + midstate[i];
    compress(H, W);
    for (int i = 0; i < 8; i++) W[i] = H[i], H[i] = zero + H0[i];
    W[8] = zero + ONE_BIT;
    for (int t = 9; t < 15; t++) W[t] = zero;
    W[15] = zero + DIGEST_BITS;
    compress(H, W);
    for (int lane = 0; lane < LANES; lane++) top[lane] = swap_bytes(H[7][lane]);
}

OPERATION size_t all(const jh_words *job) {
    size_t n_hits = 0;
    for (size_t at = 0; at < job->n_words; at += LANES) {
        size_t left = job->n_words - at, some = left < LANES ? left : LANES;
        uint32_t words[LANES] = {0}, top[LANES];
        for (size_t lane = 0; lane < some; lane++) words[lane] = job->words[at + lane];
        for (size_t m = 0; m < job->n_midstates; m++) {
            top_words(top, job->midstates[m], job->tail, words);
            for (size_t lane = 0; lane < some; lane++)
                if (top[lane] <= job->top_word) job->hits[n_hits++] = (jh_hit){(uint32_t)m, words[lane]};
        }
    }
    return n_hits;
}

static size_t anywhere(const jh_words *job) { return all(job); }

#if defined(__x86_64__) && (defined(__clang__) || __GNUC__ >= 5)
static __attribute__((target("avx2"))) size_t with_avx2(const jh_words *job) { return all(job); }
size_t jh_try_words(const jh_words *job) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") ? with_avx2(job) : anywhere(job);
}
#else
size_t jh_try_words(const jh_words *job) { return anywhere(job); }
#endif
