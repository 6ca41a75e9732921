/* The one signature of every kernel, and the table that they are entered in.
 *
 * A kernel hashes 80-byte block headers twice with SHA-256 (FIPS 180-4) and reports the nonces
 * whose hash, read as the little-endian number that Bitcoin compares with a target, has a top
 * 32-bit word of at most top_word.
 */
#ifndef JOULEHASH_SCAN_H
#define JOULEHASH_SCAN_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t midstate; /* index into midstates */
    uint32_t nonce;    /* as in the header: a little-endian number at bytes 76..79 */
} jh_hit;

typedef struct {
    size_t n_hits;
    uint64_t done; /* nonces finished, for all midstates */
} jh_result;

typedef struct {
    const uint32_t (*midstates)[8]; /* hash state after the first 64 bytes, one per version */
    size_t n_midstates;
    uint32_t tail[3];  /* bytes 64..75 as FIPS 180-4 message words (big-endian): W0, W1, W2 */
    uint32_t first;    /* the first nonce; the count wraps at 2^32 */
    uint64_t count;    /* 0 .. 2^32 nonces */
    uint32_t top_word; /* a hit has hash word 7, byte-swapped, <= top_word */
    jh_hit *hits;
    size_t cap;             /* hits that fit; at least lanes x n_midstates */
    const atomic_int *stop; /* not 0: return within a millisecond; an unfinished batch is not done */
} jh_scan;

/* Reports every hit among the first `done` nonces and none beyond. Returns early when stopped, or
 * when fewer than lanes x n_midstates places are left in hits; resume at first + done. */
typedef jh_result (*jh_scan_fn)(const jh_scan *scan);

/* What a CPU cannot hash faster than: the operations that must happen, and a way to time as many of them that do not
 * wait for each other. docs/kernels.md tells how they are counted. */
typedef struct {
    unsigned width;        /* nonces that an operation serves at once */
    unsigned shared, each; /* operations for so many nonces: whatever the midstates, and for each midstate */
    void (*issue)(uint64_t batches, uint64_t midstates); /* carry out those of so many batches of `width` nonces */
} jh_floor;

typedef struct {
    const char *name;
    unsigned lanes;     /* nonces in one batch */
    jh_scan_fn scan;    /* NULL: this compiler could not build it */
    int (*runs)(void);  /* whether this CPU and operating system run it; NULL: always */
    const char *needs;  /* what `runs` looks for, in words */
    const char *family; /* the CPUs that may have it, as in JH_FAMILY; NULL: all */
    const jh_floor *floor; /* NULL: not counted */
} jh_kernel;

#if defined(__x86_64__) || defined(__i386__)
#define JH_FAMILY "x86"
#elif defined(__aarch64__) || defined(__arm__)
#define JH_FAMILY "ARM"
#else
#define JH_FAMILY "another"
#endif

extern const jh_kernel *const jh_table[]; /* in table.c */
extern const size_t jh_table_rows;

/* The hash state after one block: what the first 64 bytes of a header make of the initial state. */
void jh_midstate(uint32_t state[8], const uint8_t block[64]);

/* Nonces that are listed, each as SHA-256 takes it in: the message word, header bytes 76..79 big-endian. */
typedef struct {
    const uint32_t (*midstates)[8];
    size_t n_midstates;
    uint32_t tail[3];
    const uint32_t *words;
    size_t n_words;
    uint32_t top_word;
    jh_hit *hits; /* room for n_words x n_midstates; `nonce` is the word */
} jh_words;

/* The number of hits. */
size_t jh_try_words(const jh_words *job);

/* `count` additions, rounded up to a multiple of 64, that wait for each other: one core cycle each. */
void jh_add_chain(uint64_t count);

#endif
