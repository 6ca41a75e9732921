from libc.stdint cimport uint8_t, uint32_t, uint64_t

cdef extern from "scan.h" nogil:
    ctypedef struct jh_hit:
        uint32_t midstate
        uint32_t nonce

    ctypedef struct jh_result:
        size_t n_hits
        uint64_t done

    ctypedef int atomic_int

    ctypedef struct jh_scan:
        const uint32_t (*midstates)[8]
        size_t n_midstates
        uint32_t tail[3]
        uint32_t first
        uint64_t count
        uint32_t top_word
        jh_hit *hits
        size_t cap
        const atomic_int *stop

    ctypedef struct jh_floor:
        unsigned width
        unsigned shared
        unsigned each
        void (*issue)(uint64_t, uint64_t) noexcept nogil

    ctypedef struct jh_kernel:
        const char *name
        unsigned lanes
        jh_result (*scan)(const jh_scan *) noexcept nogil
        int (*runs)() noexcept nogil
        const char *needs
        const char *family
        const jh_floor *floor

    const char *JH_FAMILY

    const jh_kernel *jh_table[]
    const size_t jh_table_rows

    void jh_midstate(uint32_t *state, const uint8_t *block)

    ctypedef struct jh_words:
        const uint32_t (*midstates)[8]
        size_t n_midstates
        uint32_t tail[3]
        const uint32_t *words
        size_t n_words
        uint32_t top_word
        jh_hit *hits

    size_t jh_try_words(const jh_words *job)

    void jh_add_chain(uint64_t count)
