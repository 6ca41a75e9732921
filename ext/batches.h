/* The loop around every kernel that hashes several nonces side by side; the C file that includes it gives
 *
 *     TARGET     its instruction set, as a function attribute
 *     BATCH      nonces in a batch, at most 64
 *     jh_batch   what it keeps of a batch, first of all `jh_common common` and `int shared` (several midstates follow)
 *     prepare    void (jh_batch *, const jh_scan *): once a scan, what all batches have in common
 *     begin      void (jh_batch *, uint32_t nonce): once a batch, what all midstates have in common
 *     hash       uint64_t (jh_batch *, const jh_start *): both hashes of the batch; bit i is set where nonce + i hits
 */
#include "prepare.h"
#include "scan.h"

#define KEPT 64 /* midstates whose first rounds are computed once a scan: more than a miner rolls at a time */

TARGET static jh_result scan(const jh_scan *s) {
    jh_batch batch;
    jh_start kept[KEPT], other;
    size_t n_hits = 0;
    uint64_t done = 0;

    batch.common = jh_prepare(s->tail);
    batch.shared = s->n_midstates > 1;
    prepare(&batch, s);
    for (size_t m = 0; m < s->n_midstates && m < KEPT; m++) kept[m] = jh_begin(s->midstates[m], s->tail);
    while (done < s->count && s->cap - n_hits >= BATCH * s->n_midstates) {
        uint64_t in_batch = s->count - done < BATCH ? s->count - done : BATCH;
        uint32_t nonce = s->first + (uint32_t)done;
        size_t found = n_hits;
        begin(&batch, nonce);
        for (size_t m = 0; m < s->n_midstates; m++) {
            if (atomic_load_explicit(s->stop, memory_order_relaxed))
                return (jh_result){n_hits, done}; /* what this batch has found will be found again */
            if (m >= KEPT) other = jh_begin(s->midstates[m], s->tail);
            uint64_t hit = hash(&batch, m < KEPT ? &kept[m] : &other) & UINT64_MAX >> (64 - in_batch);
            for (; hit; hit &= hit - 1)
                s->hits[found++] = (jh_hit){(uint32_t)m, nonce + (uint32_t)__builtin_ctzll(hit)};
        }
        n_hits = found;
        done += in_batch;
    }
    return (jh_result){n_hits, done};
}
