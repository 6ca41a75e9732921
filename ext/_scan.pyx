# cython: language_level=3, boundscheck=True, wraparound=False, initializedcheck=False
"""The C kernels as Python callables. Each releases the GIL while it scans."""

from array import array

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from scan cimport atomic_int, jh_hit, jh_kernel, jh_midstate, jh_portable, jh_result, jh_scan

cdef const jh_kernel *TABLE[1]
TABLE[0] = &jh_portable


cdef class CKernel:
    """One row of the C table; calling it scans. The contract is joulehash.ext.kernels.ScanFn."""

    cdef const jh_kernel *row

    @property
    def name(self) -> str:
        return self.row.name.decode()

    @property
    def lanes(self) -> int:
        return self.row.lanes

    @property
    def missing(self):
        """Why it cannot run here, or None."""
        if self.row.scan == NULL:
            return f"the C compiler that built joulehash has no {self.row.needs.decode()}"
        if self.row.runs != NULL and not self.row.runs():
            return f"this CPU has no {self.row.needs.decode()}"
        return None

    def __call__(self, const uint32_t[::1] midstates, const uint32_t[::1] tail, uint32_t first, uint64_t count,
                 uint32_t top_word, uint32_t[::1] hits, int[::1] stop):
        cdef jh_scan job
        cdef jh_result result
        cdef size_t n_midstates = midstates.shape[0] // 8
        cdef size_t cap = hits.shape[0] // 2
        if self.row.scan == NULL:
            raise RuntimeError(self.missing)
        if midstates.shape[0] != 8 * n_midstates or n_midstates == 0 or n_midstates > 65536:
            raise ValueError(f"midstates: {midstates.shape[0]} words; takes 8 words each, 1 to 65536 of them")
        if tail.shape[0] != 3:
            raise ValueError(f"tail: {tail.shape[0]} words; takes 3")
        if count > 4294967296:
            raise ValueError(f"count: {count} nonces; takes 0 to 4294967296")
        if cap < self.row.lanes * n_midstates:
            raise ValueError(f"hits: room for {cap}; {self.name} with {n_midstates} midstates takes at least "
                             f"{self.row.lanes * n_midstates}")
        if stop.shape[0] != 1:
            raise ValueError(f"stop: {stop.shape[0]} flags; takes 1")
        job.midstates = <const uint32_t (*)[8]>&midstates[0]
        job.n_midstates = n_midstates
        job.tail[0], job.tail[1], job.tail[2] = tail[0], tail[1], tail[2]
        job.first, job.count, job.top_word = first, count, top_word
        job.hits = <jh_hit *>&hits[0]
        job.cap = cap
        job.stop = <const atomic_int *>&stop[0]
        with nogil:
            result = self.row.scan(&job)
        return result.n_hits, result.done


cdef CKernel wrap(const jh_kernel *row):
    cdef CKernel kernel = CKernel.__new__(CKernel)
    kernel.row = row
    return kernel


def compiled() -> dict[str, CKernel]:
    """Every kernel of the C table by name, runnable here or not."""
    kernels = (wrap(row) for row in TABLE)
    return {kernel.name: kernel for kernel in kernels}


def midstate(const uint8_t[::1] block):
    """SHA-256 state after `block` of 64 bytes: array('I') of 8 words."""
    cdef uint32_t state[8]
    if block.shape[0] != 64:
        raise ValueError(f"block: {block.shape[0]} bytes; takes 64")
    jh_midstate(state, &block[0])
    return array("I", [state[i] for i in range(8)])
