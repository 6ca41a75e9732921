# cython: language_level=3, boundscheck=True, wraparound=False, initializedcheck=False
"""The C kernels as Python callables. Each releases the GIL while it scans."""

from array import array

from libc.stdlib cimport free, malloc
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from scan cimport (
    JH_FAMILY,
    atomic_int,
    jh_add_chain,
    jh_hit,
    jh_kernel,
    jh_midstate,
    jh_result,
    jh_scan,
    jh_table,
    jh_table_rows,
    jh_try_words,
    jh_words,
)

from .arguments import check, check_words


cdef extern from *:
    """
    #ifdef __clang__
    #define JH_COMPILER "clang " __clang_version__
    #elif defined(__GNUC__)
    #define JH_COMPILER "gcc " __VERSION__
    #else
    #define JH_COMPILER "an unknown C compiler"
    #endif
    """
    const char *JH_COMPILER


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
        if self.row.scan == NULL and self.row.family.decode() != JH_FAMILY.decode():
            return f"this CPU has no {self.row.needs.decode()}: it is no {self.row.family.decode()}"
        if self.row.scan == NULL:
            return f"the C compiler that built joulehash has no {self.row.needs.decode()}"
        if self.row.runs != NULL and not self.row.runs():
            return f"this CPU has no {self.row.needs.decode()}"
        return None

    @property
    def floor(self):
        """(width, shared, each): for `width` nonces at least shared + M x each operations, with M midstates; or None."""
        if self.row.floor == NULL:
            return None
        return self.row.floor.width, self.row.floor.shared, self.row.floor.each

    def issue(self, uint64_t batches, uint64_t midstates) -> None:
        """Carry out the operations of so many batches of `width` nonces, none waiting for another. Releases the GIL."""
        if self.row.floor == NULL or self.missing:
            raise RuntimeError(self.missing or f"{self.name}: its operations are not counted")
        with nogil:
            self.row.floor.issue(batches, midstates)

    def __call__(self, midstates, tail, first, count, top_word, hits, stop):
        cdef jh_scan job
        cdef jh_result result
        if self.row.scan == NULL:
            raise RuntimeError(self.missing)
        check(self.name, self.lanes, midstates, tail, first, count, top_word, hits, stop)
        cdef const uint32_t[::1] state = midstates
        cdef const uint32_t[::1] rest = tail
        cdef uint32_t[::1] room = hits
        cdef int[::1] flag = stop
        job.midstates = <const uint32_t (*)[8]>&state[0]
        job.n_midstates = state.shape[0] // 8
        job.tail[0], job.tail[1], job.tail[2] = rest[0], rest[1], rest[2]
        job.first, job.count, job.top_word = first, count, top_word
        job.hits = <jh_hit *>&room[0]
        job.cap = room.shape[0] // 2
        job.stop = <const atomic_int *>&flag[0]
        with nogil:
            result = self.row.scan(&job)
        return result.n_hits, result.done


cdef CKernel wrap(const jh_kernel *row):
    cdef CKernel kernel = CKernel.__new__(CKernel)
    kernel.row = row
    return kernel


def compiled() -> dict[str, CKernel]:
    """Every kernel of the C table by name, runnable here or not."""
    kernels = (wrap(jh_table[i]) for i in range(jh_table_rows))
    return {kernel.name: kernel for kernel in kernels}


def midstate(const uint8_t[::1] block):
    """SHA-256 state after `block` of 64 bytes: array('I') of 8 words."""
    cdef uint32_t state[8]
    if block.shape[0] != 64:
        raise ValueError(f"block: {block.shape[0]} bytes; takes 64")
    jh_midstate(state, &block[0])
    return array("I", [state[i] for i in range(8)])


def try_words(midstates, tail, words, top_word) -> list[tuple[int, int]]:
    """Hash the nonces of `words`, array('I'), each as the message word that SHA-256 takes in (header bytes 76..79,
    big-endian), in any order: (index of midstate, word) of those whose hash has a top word of at most `top_word`.

    For simulators of chips; slower than a kernel. midstates and tail as kernels take them. Releases the GIL.
    """
    cdef jh_words job
    cdef size_t n_hits, i
    check_words(midstates, tail, words, top_word)
    if not len(words):
        return []
    cdef const uint32_t[::1] state = midstates
    cdef const uint32_t[::1] rest = tail
    cdef const uint32_t[::1] listed = words
    job.midstates = <const uint32_t (*)[8]>&state[0]
    job.n_midstates = state.shape[0] // 8
    job.tail[0], job.tail[1], job.tail[2] = rest[0], rest[1], rest[2]
    job.words, job.n_words = &listed[0], listed.shape[0]
    job.top_word = top_word
    job.hits = <jh_hit *>malloc(job.n_words * job.n_midstates * sizeof(jh_hit))
    if job.hits == NULL:
        raise MemoryError
    try:
        with nogil:
            n_hits = jh_try_words(&job)
        return [(job.hits[i].midstate, job.hits[i].nonce) for i in range(n_hits)]
    finally:
        free(job.hits)


def add_chain(uint64_t count) -> None:
    """So many additions, rounded up to a multiple of 64, one core cycle each. Releases the GIL."""
    with nogil:
        jh_add_chain(count)


def compiler() -> str:
    """Name and version of the C compiler that built the kernels."""
    return JH_COMPILER.decode().strip()
